"""Columns of any feed as numbers: times, amounts, codes and ids."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from marsjax.data.formats.flow_tapes import NO_DAY
from marsjax.data.formats.live_orders import FIRST_OWN_ID
from marsjax.data.formats.local_time import (
    DAY_S,
    NS,
    day_and_time,
    day_of,
    from_local,
    to_local,
)
from marsjax.data.formats.mapping_spec import Spec
from marsjax.data.text import Table

_SCALES = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1, "midnight": 10**9}
_SHOWN = (
    r"^(?:(\d{4}-\d\d-\d\d)[T ])?(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?"
    r"(Z|[+-]\d\d(?::?\d\d)?)?$"
)
_REMEDY = "correct the field"
_DAY_NS = DAY_S * NS


def text_of(table: Table, column: str) -> pl.Series:
    """A column as text without blanks around it; missing values are empty."""
    series = table.frame[column]
    if series.dtype != pl.String:
        series = series.cast(pl.String)
    return series.fill_null("").str.strip_chars()


def places(text: pl.Series, names: Iterable[str]) -> np.ndarray:
    """Place of each text in ``names``, -1 where it is none of them."""
    place = np.full(len(text), -1)
    for number, name in enumerate(names):
        place[(text == name).to_numpy()] = number
    return place


def numbers(table: Table, column: str) -> np.ndarray:
    """A column as float64; what is no number is not finite."""
    series = table.frame[column]
    if series.dtype == pl.String:
        series = series.str.strip_chars()
    return series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def ids(table: Table, column: str, is_text: bool, rows: np.ndarray) -> np.ndarray:
    """Order ids; those of ``bool[T]`` rows are checked, the others may be missing."""
    if is_text:
        text = text_of(table, column)
        missing = (text == "").to_numpy() & rows
        table.check(missing, f"{column} is empty", _REMEDY)
        return hashed(text)
    series = table.frame[column]
    if series.dtype == pl.String:
        series = series.str.strip_chars()
    number = series.cast(pl.Int64, strict=False).fill_null(-1).to_numpy()
    bad = rows & ((number < 0) | (number >= FIRST_OWN_ID))
    table.check(
        bad,
        lambda i: f"{column} is {series[i]!r}, not a whole number from 0 to 2**62",
        "correct the field, or set id.text in the mapping",
    )
    return number


def hashed(text: pl.Series) -> np.ndarray:
    """Numbers below 2**62 for texts, the same on every machine.

    Two of a million texts share a number with a probability of one in ten million.
    """
    raw = np.array([each.encode() for each in text.to_list()], np.bytes_)
    width = -(-max(raw.dtype.itemsize, 1) // 8) * 8
    words = raw.astype(f"S{width}").view(np.uint8).reshape(len(raw), -1)
    words = words.view("<u8")
    length = np.char.str_len(raw).astype(np.uint64)
    state = length * np.uint64(0x9E3779B97F4A7C15)
    for k in range(words.shape[1]):
        mixed = state ^ words[:, k]
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
        state = np.where(length > 8 * k, mixed, state)
    return (state >> np.uint64(2)).astype(np.int64)


def moments(table: Table, spec: Spec) -> np.ndarray:
    """What the exchange's clock shows, in nanoseconds from 1970-01-01 00:00 there.

    Without a date, nanoseconds after midnight, less a day.
    """
    column, unit = spec.columns["time"], spec.time_unit
    series = table.frame[column]
    if series.dtype.is_temporal():
        return _temporal(table, series, spec)
    if unit in ("iso", "clock"):
        return _shown(table, column, spec)
    number = _scaled(table, column, _SCALES[unit])
    if unit == "midnight":
        table.check(
            number >= _DAY_NS,
            lambda i: f"{column} is {series[i]!r}, not seconds after midnight",
            _REMEDY,
        )
        return _in_exchange_zone(_dated(number, spec), spec, spec.date is not None)
    return to_local(number, spec.exchange_zone)


def day_and_ns(shown_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970, or `NO_DAY`, and nanoseconds after midnight."""
    day, time_ns = day_and_time(shown_ns)
    return np.where(day < 0, NO_DAY, day), time_ns


def _temporal(table: Table, series: pl.Series, spec: Spec) -> np.ndarray:
    table.check(series.is_null().to_numpy(), "there is no time", _REMEDY)
    if isinstance(series.dtype, pl.Datetime):
        is_utc = series.dtype.time_zone is not None
        ns = series.dt.cast_time_unit("ns").to_physical().to_numpy()
        return to_local(ns, spec.exchange_zone) if is_utc else _moved(ns, spec)
    return _in_exchange_zone(
        _dated(series.cast(pl.Time).to_physical().to_numpy(), spec),
        spec,
        spec.date is not None,
    )


def _scaled(table: Table, column: str, scale: int) -> np.ndarray:
    """Decimal multiples of ``scale`` nanoseconds; digits beyond one are cut."""
    series = table.frame[column]
    if series.dtype.is_float():
        number = series.fill_null(-1).to_numpy() * scale
        whole = pl.Series(np.where(np.isfinite(number), number, -1)).cast(pl.Int64)
    elif series.dtype == pl.String:
        text = series.str.strip_chars()
        whole = text.cast(pl.Int64, strict=False)
        whole = _decimal(text, scale) if whole.null_count() else whole * scale
    else:
        whole = series.cast(pl.Int64).fill_null(-1) * scale
    number = whole.fill_null(-1).to_numpy()
    table.check(
        (number < 0) | (number >= 2**62),
        lambda i: f"{column} is {series[i]!r}, not a time",
        "correct the field, or time.unit in the mapping",
    )
    return number


def _decimal(text: pl.Series, scale: int) -> pl.Series:
    whole, part = (
        text.str.extract_groups(r"^(\d+)(?:\.(\d*))?$").struct.unnest().get_columns()
    )
    digits = len(str(scale)) - 1
    part = part.fill_null("").str.slice(0, digits).str.pad_end(digits, "0")
    part = part.cast(pl.Int64, strict=False).fill_null(0)
    return whole.cast(pl.Int64, strict=False) * scale + part


def _shown(table: Table, column: str, spec: Spec) -> np.ndarray:
    """``[YYYY-MM-DD ]HH:MM:SS[.fraction][offset]``."""
    text = text_of(table, column)
    date, hour, minute, second, part, offset = (
        text.str.extract_groups(_SHOWN).struct.unnest().get_columns()
    )
    needs_date = spec.time_unit == "iso"
    bad = hour.is_null() | (date.is_null() if needs_date else date.is_not_null())
    form = "YYYY-MM-DD HH:MM:SS" if needs_date else "HH:MM:SS"
    day = date.str.to_date("%Y-%m-%d", strict=False)
    bad |= date.is_not_null() & day.is_null()
    hour, minute, second = (
        each.cast(pl.Int64).fill_null(0) for each in (hour, minute, second)
    )
    bad |= (hour > 23) | (minute > 59) | (second > 59)
    table.check(
        bad.to_numpy(), lambda i: f"{column} is {text[i]!r}, not {form}[.fraction]",
        "correct the field, or time.unit in the mapping",
    )  # fmt: skip
    part = part.fill_null("").str.slice(0, 9).str.pad_end(9, "0").cast(pl.Int64)
    ns = ((hour * 3600 + minute * 60 + second) * NS + part).to_numpy()
    if not needs_date:
        return _in_exchange_zone(_dated(ns, spec), spec, spec.date is not None)
    ns = ns + day.to_physical().cast(pl.Int64).to_numpy() * _DAY_NS
    if offset.null_count() == len(offset):
        return _moved(ns, spec)
    sign = pl.Series(np.where(offset.str.starts_with("-").to_numpy(), -1, 1))
    digits = offset.str.replace_all(r"\D", "").str.pad_end(4, "0").cast(pl.Int64)
    shift = sign * (digits // 100 * 60 + digits % 100) * 60 * NS
    utc = np.where(
        offset.is_null().to_numpy(),
        from_local(ns, spec.zone),
        ns - shift.fill_null(0).to_numpy(),
    )
    return to_local(utc, spec.exchange_zone)


def _dated(time_ns: np.ndarray, spec: Spec) -> np.ndarray:
    day = NO_DAY if spec.date is None else day_of(spec.date)
    return time_ns + day * _DAY_NS


def _in_exchange_zone(shown_ns: np.ndarray, spec: Spec, has_date: bool) -> np.ndarray:
    return _moved(shown_ns, spec) if has_date else shown_ns


def _moved(shown_ns: np.ndarray, spec: Spec) -> np.ndarray:
    """From the clock of the file's zone to that of the exchange's."""
    if spec.zone == spec.exchange_zone:
        return shown_ns
    return to_local(from_local(shown_ns, spec.zone), spec.exchange_zone)
