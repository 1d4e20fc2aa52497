"""Times of day, and which row is at fault where they are out of order."""

import numpy as np
import polars as pl
import pytest

from marsjax.data.checks import check_increasing, check_times
from marsjax.data.files import StoredFile
from marsjax.data.skips import RowsError
from marsjax.data.text import Table
from marsjax.data.times import DATED_CLOCK, clock_times, decimal_times


def table(*fields):
    return Table(
        StoredFile("tape.csv"), pl.DataFrame({"time": fields}), np.arange(len(fields))
    )


@pytest.mark.parametrize(
    ("fields", "ns"),
    [
        (["09:30:00.010", "11:29:59.999"], [10_000_000, 999_000_000]),
        (["09:30:00.01", "11:29:59.99"], [10_000_000, 990_000_000]),
        (["09:30:00", "11:29:59.999999999"], [0, 999_999_999]),
        ([" 09:30:00.010", "11:29:59.5 "], [10_000_000, 500_000_000]),
    ],
)
def test_clocks(fields, ns):
    second, nanosecond = clock_times(table(*fields), "time")
    assert second.tolist() == [34_200, 41_399]
    assert nanosecond.tolist() == ns


@pytest.mark.parametrize(
    "field",
    ["20240102093000010", "93000010", "093000010", "2024-01-02 09:30:00.010",
     "2024-01-02T09:30:00.010", "2024.01.02 09:30:00.01", "09:30:00.010"],
)  # fmt: skip
def test_clocks_after_a_date(field):
    second, nanosecond = clock_times(table(field), "time", pattern=DATED_CLOCK)
    assert (second[0], nanosecond[0]) == (34_200, 10_000_000)


@pytest.mark.parametrize(
    "field", ["24:00:00.000", "09:60:00.000", "09:30:60.000", "09-30-00.000", "9:30",
              "09:30:00,000", "09:3a:00.000", ""],
)  # fmt: skip
def test_what_is_no_clock(field):
    with pytest.raises(RowsError, match="not a time"):
        clock_times(table("09:30:00.000", field), "time")


@pytest.mark.parametrize(
    ("field", "second", "ns"),
    [
        ("34200.004241176", 34_200, 4_241_176),
        ("34201.123456789999", 34_201, 123_456_789),  # cut, not rounded
        ("57599.999999999", 57_599, 999_999_999),
        ("34200.", 34_200, 0),
        ("5.25", 5, 250_000_000),
        ("00034.5", 34, 500_000_000),
        (" 34200.1", 34_200, 100_000_000),
    ],
)
def test_decimals(field, second, ns):
    found = decimal_times(table("1.0", field), "time")
    assert (found[0][1], found[1][1]) == (second, ns)


@pytest.mark.parametrize("field", ["3.42e4", "-1", "nan", "1e300", "", "34200.5x"])
def test_what_is_no_decimal(field):
    with pytest.raises(RowsError, match="not seconds after midnight"):
        decimal_times(table("34200.0", field), "time")


@pytest.mark.parametrize(
    ("times", "after", "bad"),
    [
        ([1, 2, 2, 3], None, []),
        ([1, 5, 3, 6], None, [2]),  # one row late
        ([1, 9, 2, 3, 4], None, [1]),  # one row ahead
        ([5, 6, 1, 2, 3, 7], None, [2, 3, 4]),  # some rows late
        ([4, 5, 6], 5, [0]),
        ([1, 2, 9], 3, [0, 1]),
        ([], 3, []),
    ],
)
def test_rows_out_of_order(times, after, bad):
    rows = table(*map(str, times))
    second = np.array(times, np.int64)
    after = None if after is None else after * 10**9
    if not bad:
        check_times(rows, second, 0 * second, after)
        return
    with pytest.raises(RowsError) as caught:
        check_times(rows, second, 0 * second, after)
    assert caught.value.rows.tolist() == bad


@pytest.mark.parametrize(
    ("numbers", "bad"),
    [([1, 2, 3], []), ([1, 2, 2, 3], [2]), ([1, 2, 3, 2, 3, 4], [3, 4]), ([0, 1], [0])],
)
def test_numbers_that_do_not_rise(numbers, bad):
    rows, numbers = table(*map(str, numbers)), np.array(numbers)
    if not bad:
        check_increasing(rows, numbers, "n", 0)
        return
    with pytest.raises(RowsError, match=r"n \d does not rise") as caught:
        check_increasing(rows, numbers, "n", 0)
    assert caught.value.rows.tolist() == bad
