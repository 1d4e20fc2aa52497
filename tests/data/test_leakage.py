"""Nothing a model was trained on is scored unless the user names it."""

from dataclasses import replace

import pytest

from marsjax.data import check_unseen
from marsjax.data.leakage import spans_of
from marsjax.errors import InputError
from tests.data.test_tape import tape_of

TIMES = [*range(10, 20), *range(30, 40)]


@pytest.fixture(scope="module")
def tape():
    return replace(
        tape_of(TIMES), name="X_2024-01-02", date="2024-01-02", hashes=("abc",)
    )


def record(**changes):
    """What a checkpoint says of a model trained up to second 17 and chosen by 30-33."""
    seen = {
        "symbol": "X",
        "date": "2024-01-02",
        "sha256": ["abc"],
        "train": [[10, 0], [17, 0]],
        "valid": [[30, 0], [33, 0]],
    }
    return [{"weight": 1.0, "sha256": "d", "tapes": {"X_2024-01-02": seen | changes}}]


def spans(**changes):
    return spans_of(record(**changes))


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ((0, 1), "train"),
        ((6, 7), "train"),
        ((7, 10), None),
        ((7, 11), "valid"),
        ((12, 13), "valid"),
        ((13, 20), None),
        ((5, 5), None),
        (None, "train"),
    ],
)
def test_ends_of_the_parts_are_outside(tape, rows, part):
    if part is None:
        check_unseen(spans(), tape, rows=rows)
        return
    with pytest.raises(InputError, match=f"name the part: --part {part}"):
        check_unseen(spans(), tape, rows=rows)


def test_times_instead_of_rows(tape):
    check_unseen(spans(), tape, times=((17, 0), (29, 999_999_999)))
    with pytest.raises(InputError, match="trained on X_2024-01-02 from 00:00:10 to 00"):
        check_unseen(spans(), tape, times=((16, 999_999_999), (20, 0)))


def test_a_part_that_is_named_may_be_scored(tape):
    check_unseen(spans(), tape, rows=(0, 7), allow=("train",))
    with pytest.raises(InputError, match="was chosen by"):
        check_unseen(spans(), tape, allow=("train",), remedy="use --anyway")
    check_unseen(spans(), tape, allow=("train", "valid"))


@pytest.mark.parametrize(
    ("of_tape", "of_span", "is_seen"),
    [
        # The same file under another name.
        ({"symbol": "Y", "name": "Y", "date": None, "source": "sse"}, {}, True),
        # Another instrument of a file that holds many.
        ({"symbol": "Y", "name": "Y_2024-01-02", "source": "itch"}, {}, False),
        ({"source": "itch"}, {}, True),
        # The same day from another file, or packed anew.
        ({"hashes": ("other",)}, {}, True),
        ({"hashes": ()}, {"sha256": []}, True),
        # Another day, another symbol, another market.
        ({"hashes": (), "date": "2024-01-03", "name": "X_2024-01-03"}, {}, False),
        ({"hashes": (), "symbol": "Y", "name": "Y_2024-01-02"}, {}, False),
        ({"hashes": (), "name": "X_2024-01-02_m0001"}, {}, False),
        # Without a date only files tell.
        ({"date": None, "name": "X", "hashes": ("q",)}, {"date": None}, False),
        ({"date": None, "name": "X"}, {"date": None}, True),
    ],
)
def test_what_is_the_same_data(tape, of_tape, of_span, is_seen):
    other = replace(tape, **of_tape)
    if not is_seen:
        check_unseen(spans(**of_span), other)
        return
    with pytest.raises(InputError, match="was trained on"):
        check_unseen(spans(**of_span), other)


def test_parts_without_rows_and_models_that_do_not_say(tape):
    check_unseen(spans(train=[[10, 0], [10, 0]], valid=None), tape)
    check_unseen([], tape)
