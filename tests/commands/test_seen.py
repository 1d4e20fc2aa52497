"""A model is not scored on what it was trained on, whatever it is called."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from marsjax.commands.seen import check_part
from marsjax.data.leakage import spans_of
from marsjax.errors import InputError

PARTS = {
    "train": [[10, 0], [20, 0]],
    "valid": [[20, 0], [25, 0]],
    "test": [[25, 0], [30, 0]],
}


def tape(sha256, split_time=PARTS, symbol="A"):
    rows = {
        part: [10 * first[0], 10 * last[0]]
        for part, (first, last) in split_time.items()
    }
    return {
        "symbol": symbol,
        "date": "2024-01-02",
        "hashes": [sha256],
        "split": rows,
        "split_time": split_time,
        "source": "sse",
    }


def dataset(**tapes):
    return SimpleNamespace(info={"tapes": tapes}, path=Path("made/up"))


def spans(made):
    told = {
        name: {
            "symbol": record["symbol"],
            "date": record["date"],
            "sha256": record["hashes"],
            **{part: record["split_time"][part] for part in ("train", "valid")},
        }
        for name, record in made.info["tapes"].items()
    }
    return spans_of([{"tapes": told}])


def test_parts_of_one_split_do_not_touch():
    made = dataset(A=tape("1"), B=tape("2", symbol="B"))
    for part in ("valid", "test"):
        check_part(spans(made), made, part)


def test_the_same_file_under_two_names_with_other_parts():
    late = {"train": PARTS["test"], "valid": [[30, 0], [30, 0]]}
    late |= {"test": [[30, 0], [40, 0]]}
    made = dataset(A=tape("1"), B=tape("1", late, symbol="B"))
    with pytest.raises(InputError, match="made/up: the model was trained on B from"):
        check_part(spans(made), made, "test")
    check_part(spans(made), made, "valid")


def test_datasets_that_are_not_of_tapes():
    check_part([], SimpleNamespace(info={}, path=Path()), "test")
    check_part([], dataset(log={}), "test")
