"""Trading time: seconds of continuous trading since the open, breaks left out (host).

Tapes are written in wall-clock time; in trading time the lunch break has no length.
"""

import numpy as np

from marsjax.types import Array

Sessions = tuple[tuple[int, int], ...]
NS = 1_000_000_000


def to_trading_ns(time_s: Array, time_ns: Array, sessions: Sessions) -> np.ndarray:
    """Trading time in nanoseconds (int64) of wall-clock times.

    A time outside of every session is that of the next open, or of the last close.
    """
    wall = np.asarray(time_s, np.int64) * NS + np.asarray(time_ns, np.int64)
    trading = np.zeros_like(wall)
    for start, end in sessions:
        trading += np.clip(wall - start * NS, 0, (end - start) * NS)
    return trading


def to_wall_ns(trading_ns: int, sessions: Sessions) -> int:
    """The first moment of a session, ns after midnight, at that trading time or later.

    The end of the last session where there is none.
    """
    left = trading_ns
    for start, end in sessions:
        if left < (end - start) * NS:
            return start * NS + left
        left -= (end - start) * NS
    return sessions[-1][1] * NS if sessions else 0
