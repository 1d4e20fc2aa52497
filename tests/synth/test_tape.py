"""Synthetic tapes: what they hold, and when there is none."""

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.synth.tape import OPEN_S, BookFull, to_tapes
from marsjax.types import Kind, Status
from tests.synth.zi_run import ZI, default_run


def tapes_of(run, **options):
    return to_tapes(ZI, default_run()[0], run, symbol="ZI", **options)


def test_a_tape_holds_the_opening_book_and_the_orders():
    _, run = default_run()
    tape = tapes_of(run, first=10, notes=("made up",))[1]
    assert (tape.name, tape.lot_size, tape.notes) == ("ZI_m0011", 100, ("made up",))
    kind = tape.messages["kind"].to_numpy()
    assert (kind[:20] == Kind.COLLECT).all() and (kind[20:] != Kind.COLLECT).all()
    np.testing.assert_array_equal(
        tape.messages["price_ticks"][20:], run.messages_BT.price_ticks[1]
    )
    np.testing.assert_array_equal(
        tape.messages["time_s"][20:], run.time_s_BT[1] + OPEN_S
    )


def test_a_row_that_says_nothing_is_no_message():
    _, run = default_run()
    kind = run.messages_BT.kind.copy()
    kind[0, 5] = Kind.NONE
    quiet = run._replace(messages_BT=run.messages_BT._replace(kind=kind))
    first, second = tapes_of(quiet)[:2]
    assert len(first.messages) == len(second.messages) - 1
    assert first.counts == {"orders": 1_999, "seeds": 20}


def test_a_full_book_and_a_day_that_is_too_long_are_errors():
    _, run = default_run()
    full = run._replace(status_B=run.status_B | int(Status.BOOK_FULL))
    with pytest.raises(BookFull, match="--slots"):
        tapes_of(full)
    late = run._replace(time_s_BT=run.time_s_BT + 86_400 - OPEN_S - 10)
    with pytest.raises(InputError, match=r"midnight: .* orders fit"):
        tapes_of(late)


def test_what_a_book_refused_is_told():
    _, run = default_run()
    refused = run._replace(status_B=run.status_B | int(Status.BAD_PRICE))
    assert "price" in tapes_of(refused)[0].notes[-1]
