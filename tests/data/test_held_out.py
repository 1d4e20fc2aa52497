"""A tape that is of one part as a whole."""

import dataclasses

import pytest

from marsjax.data.held_out import hold_out
from marsjax.data.tape import PARTS
from marsjax.synth import synthetic_tape

ROWS = {"train": [3, 70], "valid": [72, 80], "test": [83, 100]}
TIMES = {part: [[row, 5] for row in rows] for part, rows in ROWS.items()}


@pytest.fixture(scope="module")
def tape():
    return dataclasses.replace(synthetic_tape(0, 900), split=ROWS, split_time=TIMES)


def test_all_rows_of_any_part_are_test(tape):
    held = hold_out(tape)
    assert held.split == {"train": [3, 3], "valid": [3, 3], "test": [3, 100]}
    assert held.split_time["test"] == [[3, 5], [100, 5]]
    assert held.split_time["train"] == [[3, 5], [3, 5]]


def test_of_one_part_only(tape):
    held = hold_out(tape, of=("valid",))
    assert held.split == {"train": [72, 72], "valid": [72, 72], "test": [72, 80]}
    assert hold_out(tape, "train", of=("test",)).split["train"] == [83, 100]


def test_parts_without_rows_do_not_widen_it(tape):
    bare = {**ROWS, "train": [0, 0]}
    times = {part: [[row, 5] for row in rows] for part, rows in bare.items()}
    changed = dataclasses.replace(tape, split=bare, split_time=times)
    assert hold_out(changed).split["test"] == [72, 100]
    empty = {part: [7, 7] for part in PARTS}
    times = {part: [[7, 5], [7, 5]] for part in PARTS}
    nothing = dataclasses.replace(tape, split=empty, split_time=times)
    assert hold_out(nothing).split["test"] == [7, 7]


def test_a_tape_without_a_split():
    with pytest.raises(ValueError, match="has no split"):
        hold_out(synthetic_tape(0, 900))
