"""Times of day as text: seconds after midnight and nanoseconds, checked."""

import numpy as np
import polars as pl

from marsjax.data.checks import check_times
from marsjax.data.text import Table

CLOCK = r"^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?$"
DATED_CLOCK = (
    r"^(?:\d{4}[-./]?\d\d[-./]?\d\d[ T]?)?"
    r"([01]?\d|2[0-3]):?([0-5]\d):?([0-5]\d)\.?(\d+)?$"
)
"""Also ``20230711093000120`` or ``93000120``, and a date before the time."""


def clock_times(
    table: Table, column: str, after: int | None = None, pattern: str = CLOCK
) -> tuple[np.ndarray, np.ndarray]:
    """``HH:MM:SS[.fraction]`` as seconds after midnight and nanoseconds.

    ``after`` as in :func:`check_times`; ``pattern``: :data:`CLOCK`, or
    :data:`DATED_CLOCK` for the other ways an exchange's clock is written.
    """
    text = table.frame[column]
    quickly = _even_clock(text)
    if quickly is None:
        parts = text.str.strip_chars().str.extract_groups(pattern)
        hour, minute, second, fraction = parts.struct.unnest().get_columns()
        table.check(
            hour.is_null().to_numpy(),
            lambda i: f"{column} is {text[i]!r}, not a time HH:MM:SS.mmm",
            "correct the field",
        )
        time_s = hour.cast(pl.Int64) * 3600 + minute.cast(pl.Int64) * 60
        time_s = time_s + second.cast(pl.Int64)
        quickly = time_s.to_numpy(), _nanoseconds(fraction)
    check_times(table, *quickly, after)
    return quickly


def decimal_times(
    table: Table, column: str, after: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds after midnight as decimal text; digits beyond nanoseconds are cut.

    ``after`` as in :func:`check_times`.
    """
    text = table.frame[column]
    # Doubles are exact to the nanosecond, if no digits follow it.
    usual = text.str.contains(r"^[1-9]\d{4}(?:\.\d{0,9})?$").to_numpy()
    number = text.cast(pl.Float64, strict=False).fill_null(0.0).to_numpy()
    time = np.rint(np.where(usual, number, 0.0) * 1e9).astype(np.int64)
    time_s, time_ns = np.divmod(time, 10**9)
    rest = np.flatnonzero(~usual)
    if len(rest):
        odd = text.gather(rest)
        parts = odd.str.strip_chars().str.extract_groups(r"^(\d{1,5})(?:\.(\d*))?$")
        second, fraction = parts.struct.unnest().get_columns()
        table.check(
            second.is_null().to_numpy(),
            lambda i: f"{column} is {odd[i]!r}, not seconds after midnight",
            "correct the field; such a file has no header line",
            rest,
        )
        time_s[rest] = second.cast(pl.Int64).to_numpy()
        time_ns[rest] = _nanoseconds(fraction)
    check_times(table, time_s, time_ns, after)
    return time_s, time_ns


def _even_clock(text: pl.Series) -> tuple[np.ndarray, np.ndarray] | None:
    """``HH:MM:SS.f`` with as many digits on every row; ``None`` if it is not so."""
    widths = text.str.len_bytes()
    if not len(text) or widths.min() != widths.max() or not 10 <= widths[0] <= 18:
        return None
    digit = np.frombuffer(text.str.join("")[0].encode(), np.uint8)
    digit = digit.reshape(len(text), -1).astype(np.int64).T - ord("0")
    if (digit[[2, 5]] != ord(":") - ord("0")).any():
        return None
    if (digit[8] != ord(".") - ord("0")).any():
        return None
    places = [i for i in range(len(digit)) if i not in (2, 5, 8)]
    if (digit[places] < 0).any() or (digit[places] > 9).any():
        return None
    hour, minute, second = (10 * digit[i] + digit[i + 1] for i in (0, 3, 6))
    if (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        return None
    weights = 10 ** (8 - np.arange(len(digit) - 9))
    return hour * 3600 + minute * 60 + second, weights @ digit[9:]


def _nanoseconds(fraction: pl.Series) -> np.ndarray:
    nine = fraction.fill_null("").str.slice(0, 9).str.pad_end(9, "0")
    return nine.cast(pl.Int64).to_numpy()
