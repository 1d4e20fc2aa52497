"""A trading day as plain data: which phase the exchange is in at what time.

The exchange itself knows no clock. It moves between phases when it is told to, by the
control messages ``Kind.PHASE`` and ``Kind.UNCROSS``; a `Schedule` says when those are
due, and `marsjax.book.day` puts them among the messages of a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from marsjax.book.integers import to_int32
from marsjax.types import MAX_PRICE_TICKS, Array, Kind, Message, Phase

DAY_S = 86_400


class Stage(NamedTuple):
    """One stage of a day; it lasts until the next one starts.

    ``start_s``: seconds after midnight. ``uncross``: whether a call auction is
    uncrossed when the stage ends. ``held``: messages are taken at the door, but the
    exchange sees them, in their order, only when the next stage starts; it is closed
    until then.
    """

    start_s: int
    phase: Phase
    uncross: bool = False
    name: str = ""
    held: bool = False


@dataclass(frozen=True)
class Schedule:
    """The stages of a day, in order; before the first the exchange is closed.

    Hashable, so that it can be a static argument.

    Raises:
      ValueError: no stages, times outside ``[0, 86400]`` or not increasing, an unknown
        phase, or a last stage that uncrosses or holds messages back (it has no end).
    """

    stages: tuple[Stage, ...]

    def __post_init__(self):
        stages = tuple(
            Stage(int(start_s), Phase(phase), *rest)
            for start_s, phase, *rest in self.stages
        )
        object.__setattr__(self, "stages", stages)
        if not stages:
            raise ValueError("a schedule needs at least one stage")
        starts = [stage.start_s for stage in stages]
        if not all(0 <= start <= DAY_S for start in starts):
            raise ValueError(f"stages must start in [0, {DAY_S}] seconds: {starts}")
        if any(a >= b for a, b in pairwise(starts)):
            raise ValueError(f"stages must start one after the other: {starts}")
        if stages[-1].uncross or stages[-1].held:
            raise ValueError("the last stage has no end to uncross or release at")
        if any(stage.held and stage.phase != Phase.CLOSED for stage in stages):
            raise ValueError("a stage that holds messages back must be CLOSED")

    @property
    def with_night(self) -> tuple[Stage, ...]:
        """The stages from midnight on, the night before the first one included."""
        if self.stages[0].start_s == 0:
            return self.stages
        return (Stage(0, Phase.CLOSED, name="before the day"), *self.stages)


class Controls(NamedTuple):
    """Control messages in order, int32 ``[C]`` each field, and when each is due."""

    messages: Message
    time_s: np.ndarray
    time_ns: np.ndarray


def clock(hours: int, minutes: int = 0, seconds: int = 0) -> int:
    """Seconds after midnight."""
    return 3600 * hours + 60 * minutes + seconds


def stage_at(schedule: Schedule, time_s: Array) -> Array:
    """Index into ``schedule.with_night`` of the stage at each time; int32 seconds."""
    starts = np.array([stage.start_s for stage in schedule.with_night], np.int32)
    index = jnp.searchsorted(starts, jnp.asarray(time_s, jnp.int32), side="right") - 1
    return jnp.maximum(index, 0).astype(jnp.int32)


def phase_at(schedule: Schedule, time_s: Array) -> Array:
    """The :class:`marsjax.types.Phase` due at a time (int32 seconds after midnight).

    A stage starts with its first second. Works under ``jit`` and ``vmap`` and on arrays
    of any shape; a halt is not in the schedule, the book's own phase shows it.
    """
    phases = jnp.array([stage.phase for stage in schedule.with_night], jnp.int32)
    return phases[stage_at(schedule, time_s)]


def make_controls(
    rows: Sequence[tuple[int, Kind, int, int]],
) -> Controls:
    """Controls from rows of ``(time_s, kind, phase or 0, reference price or 0)``."""
    table = to_int32(np.array(rows, np.int64).reshape(-1, 4))
    time_s, kind, qty, price_ticks = (column.copy() for column in table.T)
    none = np.zeros_like(time_s)
    return Controls(Message(kind, none, price_ticks, qty, none, none), time_s, none)


def controls(
    schedule: Schedule, references: int | Mapping[int, int] | None = None
) -> Controls:
    """The control messages of a day: each stage's phase, and the auctions' ends.

    The first one closes the exchange at midnight, unless a stage starts then.

    Args:
      references: reference prices in ticks by the ``start_s`` of the stage whose phase
        message carries them; or one for the whole day, which the first message carries.
        The reference decides auction ties and halts; without one it stays as it is.

    Raises:
      ValueError: a reference outside ``[1, 2**28]``, or for a time at which no stage
        starts.
    """
    stages = schedule.with_night
    if references is None or isinstance(references, Mapping):
        prices = dict(references or {})
    else:
        prices = {0: int(references)}
    unknown = set(prices) - {stage.start_s for stage in stages}
    if unknown:
        raise ValueError(f"no stage starts at {sorted(unknown)} to set a reference at")
    if not all(1 <= price <= MAX_PRICE_TICKS for price in prices.values()):
        raise ValueError(f"reference prices must lie in [1, 2**28]: {prices}")
    rows = []
    for before, stage in zip((None, *stages), stages, strict=False):
        if before is not None and before.uncross:
            rows.append((stage.start_s, Kind.UNCROSS, 0, 0))
        price = prices.get(stage.start_s, 0)
        rows.append((stage.start_s, Kind.PHASE, stage.phase, price))
    return make_controls(rows)
