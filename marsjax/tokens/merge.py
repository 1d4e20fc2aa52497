"""Repeated cancels as one: MarS's tokens (arXiv 2409.07486, section 3.1).

An owner who takes a quote of many orders off sends a burst of cancels that differ in
nothing that a token tells. Consecutive cancels of the same time, side, price and owner
can therefore be made one, of all their volume. A tape that names no owners has all its
orders of one, and then time, side and price decide.
"""

from typing import NamedTuple

import numpy as np

from marsjax.tokens.orders import CANCEL


class Named(NamedTuple):
    """Of each order what it was or, of a cancel, what it took off; int32 ``[T]``."""

    side: np.ndarray
    price_ticks: np.ndarray
    owner: np.ndarray
    qty: np.ndarray


def run_starts(type_T: np.ndarray, time_ns_T: np.ndarray, named: Named) -> np.ndarray:
    """The first order of each run: of repeated cancels, or any other order alone."""
    is_cancel = type_T == CANCEL
    repeats = is_cancel[1:] & is_cancel[:-1]
    for key in (time_ns_T, named.side, named.price_ticks, named.owner):
        repeats &= key[1:] == key[:-1]
    return np.flatnonzero(np.append(True, ~repeats)[: len(type_T)])


def run_lots(qty_T: np.ndarray, starts: np.ndarray, lot_size: int) -> np.ndarray:
    """Lots of each run together, rounded up; int32."""
    if not len(starts):
        return np.zeros(0, np.int32)
    shares = np.add.reduceat(qty_T.astype(np.int64), starts)
    return (-(-shares // lot_size)).astype(np.int32)
