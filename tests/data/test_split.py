"""Which part each row of a store belongs to: in time, by days, by symbol."""

import json
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from marsjax.data import SplitSpec, read_store, resplit, write_tapes
from marsjax.data.split_spec import spec_from_json
from marsjax.data.split_time import Timeline, divide, timeline_of
from marsjax.errors import InputError
from tests.data.test_tape import tape_of

NS = 10**9


def split(tape, shares, embargo_s=0.0):
    return divide(timeline_of(tape), SplitSpec(shares, embargo_s))


def test_shares_count_continuous_rows_only():
    time_s = [5] * 10 + [*range(10, 20), 25, *range(30, 40)] + [50] * 30
    rows, times, embargo = split(tape_of(time_s), (0.5, 0.25, 0.25))
    assert rows == {"train": [10, 21], "valid": [21, 26], "test": [26, 31]}
    assert times["train"] == [[10, 0], [30, 0]]
    assert times["test"] == [[35, 0], [50, 0]]
    assert embargo == 0


def test_a_cut_never_goes_through_one_time():
    time_s = [10] * 3 + [11] * 6 + [12]
    rows = split(tape_of(time_s), (0.5, 0.3, 0.2)).rows
    assert rows == {"train": [0, 9], "valid": [9, 9], "test": [9, 10]}


def test_an_embargo_counts_trading_time():
    """Sessions 10 to 20 and 30 to 40; cuts at 18 and 34, embargo over the break."""
    time_s = [*range(10, 20), *range(30, 40)]
    rows, times, embargo = split(tape_of(time_s), (0.4, 0.3, 0.3), 3)
    assert rows == {"train": [0, 8], "valid": [11, 14], "test": [17, 20]}
    assert times["valid"] == [[31, 0], [34, 0]] and embargo == 6
    # Longer than a part: nothing is left of it, nor beyond the end of the tape.
    rows, _, embargo = split(tape_of(time_s), (0.4, 0.3, 0.3), 7)
    assert rows["valid"] == [14, 14] and rows["test"] == [20, 20]
    assert embargo == 12


def test_a_short_tape_keeps_its_parts_unless_told_otherwise():
    time_s = [*range(10, 20), *range(30, 40)]
    rows, _, embargo = split(tape_of(time_s), (0.4, 0.4, 0.2), None)
    assert rows == {"train": [0, 8], "valid": [12, 16], "test": [18, 20]}
    assert embargo == 6
    assert split(tape_of(time_s), (0.4, 0.4, 0.2), 60).embargo == 12


def test_no_embargo_where_nothing_came_before():
    time_s = [*range(10, 20)]
    rows = split(tape_of(time_s), (0, 0.5, 0.5), 2).rows
    assert rows == {"train": [0, 0], "valid": [0, 5], "test": [7, 10]}
    assert split(tape_of(time_s), (1, 0, 0), 2).rows["train"] == [0, 10]


@pytest.mark.parametrize("seed", range(6))
def test_random_times(seed):
    """Parts against a plain count, in pieces of any size."""
    rng = np.random.default_rng(seed)
    time_s = np.sort(rng.integers(0, 45, 200))
    seeds = int(rng.integers(0, 90))
    tape = replace(tape_of(time_s), seed_rows=seeds)
    embargo_s = float(rng.integers(0, 4))
    spec = SplitSpec((0.7, 0.1, 0.2), embargo_s)
    rows, times, embargo = divide(timeline_of(tape), spec)
    (a, b), (c, d), (e, f) = rows.values()
    assert seeds <= a <= b <= c <= d <= e <= f
    inside = ((time_s >= 10) & (time_s < 20)) | ((time_s >= 30) & (time_s < 40))
    inside[:seeds] = False
    assert inside.sum() == embargo + sum(inside[x:y].sum() for x, y in rows.values())
    trading = np.clip(time_s - 10, 0, 10) + np.clip(time_s - 30, 0, 10)
    for end, start, stop in ((b, c, d), (d, e, f)):
        if end < start < stop:
            assert trading[start] - trading[end] >= embargo_s
            left_out = trading[end:start][inside[end:start]]
            assert (left_out < trading[end] + embargo_s).all()
    over = inside[a:b].sum() - 0.7 * inside.sum()
    assert -1 <= over <= np.bincount(time_s).max()
    for part, (start, end) in rows.items():
        chosen = time_s[start:end][inside[start:end]]
        first, last = times[part]
        assert ((chosen >= first[0]) & (chosen < last[0] + last[1])).all()
    ends = [0, *sorted(rng.integers(0, 200, 5)), 200]
    loads = [
        partial(lambda x, y: time_s[x:y].astype(np.int64) * NS, x, y)
        for x, y in pairwise(ends)
    ]
    assert divide(Timeline(loads, tape.sessions, seeds), spec) == (rows, times, embargo)


def test_a_tape_without_continuous_rows_has_empty_parts():
    rows = split(tape_of([5, 6]), (0.7, 0.1, 0.2)).rows
    assert set(map(tuple, rows.values())) == {(0, 0)}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"shares": (0.5, 0.5)}, "not three shares"),
        ({"shares": (0.5, 0.5, 0.5)}, "not three shares"),
        ({"shares": (1.2, -0.1, -0.1)}, "not three shares"),
        ({"embargo_s": -1}, "embargo_s is -1"),
        ({"embargo_s": float("nan")}, "embargo_s is nan"),
        ({"by": "weeks"}, "within-day or days"),
        ({"valid_symbols": ("A",), "test_symbols": ("A",)}, "A is held out"),
    ],
)
def test_rules_that_are_none(options, error):
    with pytest.raises(InputError, match=error):
        SplitSpec(**options)


def test_a_rule_survives_json():
    spec = SplitSpec((0.5, 0.25, 0.25), 5, "days", 2, ("A",), ("B", "C"))
    assert spec_from_json(json.loads(json.dumps(spec.to_json()))) == spec


def day(symbol, number):
    date = f"2024-01-{number:02d}"
    tape = tape_of([5, *range(10, 20)])
    return replace(tape, name=f"{symbol}_{date}", symbol=symbol, date=date)


def parts(store):
    """The one part each tape is in."""
    found = {}
    for tape in read_store(store):
        sizes = {part: b - a for part, (a, b) in tape.split.items()}
        full = [part for part, size in sizes.items() if size]
        assert all(sizes[part] == 10 for part in full) and len(full) < 2
        found[tape.name] = full[0] if full else None
    return found


def test_whole_days_of_each_symbol_in_order(tmp_path):
    out, spec = tmp_path / "store", SplitSpec((0.5, 0.25, 0.25), by="days")
    write_tapes(out, [day("A", 4), day("A", 2), day("A", 1), day("B", 9)], spec)
    assert parts(out) == {
        **{"A_2024-01-04": "test", "A_2024-01-02": "train"},
        **{"A_2024-01-01": "train", "B_2024-01-09": "train"},
    }
    # Another day moves those that were there.
    write_tapes(out, [day("A", 5)])
    assert parts(out)["A_2024-01-04"] == "valid"
    assert parts(out)["A_2024-01-05"] == "test"
    rows = resplit(out, replace(spec, shares=(0.5, 0, 0.5), embargo_days=1))
    assert parts(out)["A_2024-01-04"] is None
    assert rows[0] == {
        **{"tape": "A_2024-01-04", "train": 0, "valid": 0, "test": 0, "embargo": 10}
    }
    undated = replace(day("A", 1), name="A", date=None)
    with pytest.raises(InputError, match="tape A has no date"):
        write_tapes(out, [undated])


def test_symbols_that_are_held_out(tmp_path):
    out = tmp_path / "store"
    tapes = [day("A", 1), day("A", 2), day("B", 1), day("C", 1)]
    held = SplitSpec((0.6, 0.2, 0.2), 0, valid_symbols=("B",), test_symbols=("C",))
    write_tapes(out, tapes, held)
    a, _, b, c = read_store(out)
    assert a.split == {"train": (1, 7), "valid": (7, 9), "test": (9, 11)}
    assert b.split == {"train": (1, 1), "valid": (1, 11), "test": (11, 11)}
    assert c.split_time["test"] == [[10, 0], [19, 1]]
    resplit(out, replace(held, by="days", embargo_days=0))
    assert list(parts(out).values()) == ["train", "valid", "valid", "test"]
    with pytest.raises(InputError, match="no tape has the symbol D"):
        resplit(out, SplitSpec(test_symbols=("D",)))


def test_splitting_anew_is_as_splitting_at_once(tmp_path):
    tapes = [replace(tape_of([5, *range(10, 20), *range(30, 40)]), name="A")]
    spec = SplitSpec((0.4, 0.3, 0.3), 2)
    write_tapes(tmp_path / "one", tapes, spec)
    write_tapes(tmp_path / "two", tapes)
    resplit(tmp_path / "two", spec)
    one, two = (tmp_path / name / "manifest.json" for name in ("one", "two"))
    assert one.read_text() == two.read_text()
    with pytest.raises(InputError, match=r"0.4 / 0.3 / 0.3 within-day.*marsjax data"):
        write_tapes(tmp_path / "one", tapes, (0.7, 0.1, 0.2))
