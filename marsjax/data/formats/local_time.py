"""Moments since 1970 as the clock of an exchange shows them."""

from zoneinfo import ZoneInfo

import numpy as np

from marsjax.data.clock import NS
from marsjax.errors import InputError

DAY_S = 86_400
_STEP_S = 900  # offsets of zones change at multiples of a quarter of an hour


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database, such as ``America/New_York``."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise InputError(
            f"no time zone {name!r}", "give a name such as UTC or America/New_York"
        ) from None


def to_local(moment_ns: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Nanoseconds since 1970, UTC, as those that a clock in ``zone`` shows.

    Args:
      moment_ns: ``int64[T]``.
    Returns:
      ``int64[T]`` nanoseconds from 1970-01-01 00:00 on that clock.
    """
    return moment_ns + _offset_ns(moment_ns, zone, is_local=False)


def from_local(shown_ns: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """The inverse of `to_local`; the first of two moments that a clock shows twice."""
    return shown_ns - _offset_ns(shown_ns, zone, is_local=True)


def _offset_ns(ns: np.ndarray, zone: ZoneInfo, is_local: bool) -> np.ndarray:
    step = ns // (_STEP_S * NS)
    some, place = np.unique(step, return_inverse=True)
    epoch = np.datetime64(0, "s")
    offsets = []
    for number in some.tolist():
        moment = (epoch + number * _STEP_S).item()
        if is_local:
            offset = moment.replace(tzinfo=zone).utcoffset()
        else:
            offset = zone.fromutc(moment.replace(tzinfo=zone)).utcoffset()
        offsets.append(round(offset.total_seconds()) * NS)
    return np.array(offsets, np.int64)[place.reshape(-1)]


def day_and_time(shown_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 and nanoseconds after midnight, of what a clock shows."""
    return np.divmod(shown_ns, DAY_S * NS)


def day_of(date: str) -> int:
    """Days since 1970 of an ISO date."""
    return int(np.datetime64(date, "D").astype(np.int64))
