"""Schedules: phases by time, and the control messages of a day."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.book.sessions import Schedule, Stage, clock, controls, phase_at
from marsjax.types import Kind, Phase
from tests.book.control_rows import rows

DAY = Schedule(
    (
        Stage(100, Phase.COLLECT, True, "opening auction"),
        Stage(200, Phase.CONTINUOUS),
        Stage(300, Phase.CLOSED, name="lunch", held=True),
        Stage(400, Phase.CONTINUOUS),
        Stage(500, Phase.COLLECT_FINAL, True),
        Stage(600, Phase.CLOSED),
    )
)


def test_phase_at_every_edge():
    edges = [(0, 4), (99, 4), (100, 1), (199, 1), (200, 0), (299, 0), (300, 4)]
    edges += [(400, 0), (500, 2), (599, 2), (600, 4), (86_400, 4)]
    times, phases = np.array(edges, np.int32).T
    np.testing.assert_array_equal(phase_at(DAY, times), phases)
    one = jax.jit(phase_at, static_argnums=0)
    assert [int(one(DAY, t)) for t in times] == phases.tolist()
    batched = jax.vmap(lambda t: phase_at(DAY, t))(jnp.asarray(times))
    np.testing.assert_array_equal(batched, phases)
    assert batched.dtype == jnp.int32


def test_schedules_hash_and_compare():
    assert hash(DAY) == hash(Schedule(DAY.stages)) and Schedule(DAY.stages) == DAY
    assert isinstance(Schedule(((0, 0),)).stages[0], Stage)


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (Stage(-1, Phase.CLOSED),),
        (Stage(86_401, Phase.CLOSED),),
        (Stage(5, Phase.CLOSED), Stage(5, Phase.COLLECT)),
        (Stage(5, Phase.CLOSED), Stage(4, Phase.COLLECT)),
        (Stage(5, 9),),
        (Stage(5, Phase.COLLECT, uncross=True),),
        (Stage(5, Phase.CLOSED, held=True),),
        (Stage(5, Phase.CONTINUOUS, held=True), Stage(6, Phase.CLOSED)),
    ],
)
def test_schedules_that_make_no_day(stages):
    with pytest.raises(ValueError):
        Schedule(stages)


def test_controls_close_first_and_uncross_before_the_next_phase():
    phase, uncross = int(Kind.PHASE), int(Kind.UNCROSS)
    assert rows(controls(DAY, {100: 55, 500: 66})) == [
        (0, phase, Phase.CLOSED, 0),
        (100, phase, Phase.COLLECT, 55),
        (200, uncross, 0, 0),
        (200, phase, Phase.CONTINUOUS, 0),
        (300, phase, Phase.CLOSED, 0),
        (400, phase, Phase.CONTINUOUS, 0),
        (500, phase, Phase.COLLECT_FINAL, 66),
        (600, uncross, 0, 0),
        (600, phase, Phase.CLOSED, 0),
    ]
    always = Schedule((Stage(0, Phase.CONTINUOUS),))
    assert rows(controls(always, 77)) == [(0, phase, Phase.CONTINUOUS, 77)]
    assert controls(DAY).messages.kind.dtype == np.int32


@pytest.mark.parametrize("references", [{101: 5}, {100: 0}, 2**28 + 1, 0])
def test_references_that_cannot_be(references):
    with pytest.raises(ValueError, match="reference"):
        controls(DAY, references)


def test_clock():
    assert clock(9, 15) == 33_300 and clock(24) == 86_400 and clock(0, 0, 7) == 7
