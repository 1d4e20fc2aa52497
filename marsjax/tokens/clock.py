"""Trading time: seconds of continuous trading since the open, breaks left out (host).

The market and the tokens live in trading time, where the lunch break has no length;
tapes are written in wall-clock time.
"""

import itertools

import numpy as np

from marsjax.data.clock import NS, Sessions, to_trading_ns
from marsjax.types import Array

__all__ = ["NS", "Sessions", "session_seconds", "to_trading_ns", "to_wall"]


def session_seconds(sessions: Sessions) -> int:
    """Length of the trading day in seconds."""
    return sum(end - start for start, end in sessions)


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
