"""Trading time: seconds of continuous trading since the open, breaks left out (host).

The market and the tokens live in trading time, where the lunch break has no length;
tapes are written in wall-clock time.
"""

import itertools

import numpy as np

from marsjax.types import Array

Sessions = tuple[tuple[int, int], ...]
NS = 1_000_000_000


def session_seconds(sessions: Sessions) -> int:
    """Length of the trading day in seconds."""
    return sum(end - start for start, end in sessions)


def to_trading_ns(time_s: Array, time_ns: Array, sessions: Sessions) -> np.ndarray:
    """Trading time in nanoseconds (int64) of wall-clock times.

    A time outside of every session is that of the next open, or of the last close.
    """
    wall = np.asarray(time_s, np.int64) * NS + np.asarray(time_ns, np.int64)
    trading = np.zeros_like(wall)
    for start, end in sessions:
        trading += np.clip(wall - start * NS, 0, (end - start) * NS)
    return trading


def to_wall(
    trading_s: Array, trading_ns: Array, sessions: Sessions
) -> tuple[np.ndarray, np.ndarray]:
    """Wall-clock ``(seconds, nanoseconds)`` of trading times."""
    trading_s = np.asarray(trading_s, np.int64)
    wall_s, before = trading_s + sessions[0][0], 0
    for (start, end), (next_start, _) in itertools.pairwise(sessions):
        before += end - start
        wall_s = np.where(trading_s >= before, next_start + trading_s - before, wall_s)
    return wall_s.astype(np.int32), np.asarray(trading_ns, np.int32)
