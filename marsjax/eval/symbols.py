"""Coarse symbols of messages: type, side, and bins of price, size and interval.

Bins are quantiles of the training data, so that its symbols are used about evenly, and
the price is that relative to the mid: a copy at another price level is a copy.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.memory import log_gaps
from marsjax.eval.message_features import away_ticks
from marsjax.eval.windows import Windows

NUM_TYPES, NUM_SIDES = 6, 2


class Bins(NamedTuple):
    """Inner edges of the bins; a value on an edge is above it.

    Attributes:
      price_ticks, qty, log_interval: ascending, in ticks from the mid (away from it is
        positive), shares, and logarithms of nanoseconds.
    """

    price_ticks: np.ndarray
    qty: np.ndarray
    log_interval: np.ndarray


def fit_bins(
    training: Windows,
    num_price: int = 8,
    num_size: int = 5,
    num_interval: int = 5,
) -> Bins:
    """Bins of about equal frequency; fewer where values repeat."""
    numbers = (num_price, num_size, num_interval)
    return Bins(
        *(
            _edges(values, num)
            for values, num in zip(_values(training), numbers, strict=True)
        )
    )


def symbols(windows: Windows, bins: Bins) -> np.ndarray:
    """One symbol a message, int64 ``[B, T]``; -1 for padding.

    A price without a mid, a size that is none and the interval before a window's first
    message have a bin of their own.
    """
    out = windows.type_BT.astype(np.int64) * NUM_SIDES + (windows.side_BT == 1)
    for values, edges in zip(_values(windows), bins, strict=True):
        bin_BT = np.searchsorted(edges, values, side="right")
        bin_BT = np.where(np.isnan(values), len(edges) + 1, bin_BT)
        out = out * (len(edges) + 2) + bin_BT
    return np.where(windows.used_BT, out, -1)


def _values(windows: Windows) -> tuple[np.ndarray, ...]:
    used, qty = windows.used_BT, windows.qty_BT
    return (
        away_ticks(windows),
        np.where(used & (qty > 0), qty, np.nan),
        log_gaps(windows),
    )


def _edges(values: np.ndarray, num: int) -> np.ndarray:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(0)
    inner = np.arange(1, num) / num
    edges = np.unique(np.quantile(known, inner, method="higher"))
    return edges[edges > known.min()]
