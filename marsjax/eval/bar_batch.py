"""Bars of many series as padded arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Bars(NamedTuple):
    """B series of at most M bars; float64, NaN beyond a series' end.

    Attributes:
      start_s_BM: trading seconds since the open at which a bar begins.
      mid_ticks_BM: at the end of the bar; NaN where the book has none.
      return_BM: log of the mid over that of the bar before; NaN where either is, and
        for the first bar of a session unless asked for.
      volume_BM: shares traded, hidden executions included.
      signed_volume_BM: shares bought less shares sold, by the aggressor.
      num_messages_BM: messages.
      spread_ticks_BM: quoted spread, mean over time; NaN where there was none.
      realised_spread_ticks_BM: mean over the shares traded of twice the signed
        difference between the price and the mid some time later (Huang and Stoll,
        1996); NaN without a trade whose later mid is known.
      session_BM: which session of the day, from 0.
      group_B, tape_B: as in `Windows`. tick_size_B: currency a tick.
      bar_s: length of a bar in seconds.
    """

    start_s_BM: np.ndarray
    mid_ticks_BM: np.ndarray
    return_BM: np.ndarray
    volume_BM: np.ndarray
    signed_volume_BM: np.ndarray
    num_messages_BM: np.ndarray
    spread_ticks_BM: np.ndarray
    realised_spread_ticks_BM: np.ndarray
    session_BM: np.ndarray
    group_B: np.ndarray
    tape_B: np.ndarray
    tick_size_B: np.ndarray
    bar_s: float

    @property
    def used_BM(self) -> np.ndarray:
        """bool, bars that are no padding."""
        return ~np.isnan(self.start_s_BM)


def join_bars(parts: Sequence[Bars]) -> Bars:
    """All series of several batches of bars of one length."""
    most = max(part.start_s_BM.shape[1] for part in parts)
    columns = []
    for name, *values in zip(Bars._fields[:-1], *(p[:-1] for p in parts), strict=True):
        if name.endswith("_BM"):
            values = [_padded(x, most) for x in values]
        columns.append(np.concatenate(values))
    return Bars(*columns, parts[0].bar_s)


def batch(found: list[dict], group_B, tape_B, tick_size_B, bar_s: float) -> Bars:
    """A batch of series, each as `marsjax.eval.bar_sums.bars_between` gives it."""
    most = max((len(each["start_s"]) for each in found), default=0)
    names = [name for name in Bars._fields if name.endswith("_BM")]
    columns = {
        name: np.concatenate(
            [_padded(each[name.removesuffix("_BM")][None], most) for each in found]
            or [np.zeros((0, 0))]
        )
        for name in names
    }
    return Bars(
        **columns,
        group_B=np.asarray(group_B),
        tape_B=np.asarray(tape_B),
        tick_size_B=np.asarray(tick_size_B),
        bar_s=bar_s,
    )


def _padded(values_BM: np.ndarray, num: int) -> np.ndarray:
    pad = ((0, 0), (0, num - values_BM.shape[1]))
    return np.pad(values_BM, pad, constant_values=np.nan)
