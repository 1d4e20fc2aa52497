"""Divergence by horizon: how the distance grows with the time since a common start.

At each horizon a window gives one value: the change of the mid since its start, the
spread, the imbalance. Their distributions over windows are compared, in the two stages
of `marsjax.eval.scores`. Windows should start from the same states on both sides.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from marsjax.data.clock import NS
from marsjax.eval.book_series import imbalance
from marsjax.eval.series import Series
from marsjax.eval.windows import ASK, BID, Windows, mid_ticks, spread_ticks

MESSAGES = (1, 10, 50, 100, 200, 500)
SECONDS = (1, 10, 60, 300)


class Horizon(NamedTuple):
    """A time since a window's start: after so many messages, or so many seconds."""

    count: float
    unit: str

    def __str__(self) -> str:
        word = self.unit if self.count != 1 else self.unit.removesuffix("s")
        return f"{self.count:g} {word}"


HORIZONS = (
    *(Horizon(k, "messages") for k in MESSAGES),
    *(Horizon(s, "seconds") for s in SECONDS),
)


def mid_change(windows: Windows) -> np.ndarray:
    """Change of the mid since before the first message, in ticks, ``[B, T]``.

    NaN in a window whose book before it was not sound.
    """
    bid = windows.first_price_BSK[:, BID, 0]
    ask = windows.first_price_BSK[:, ASK, 0]
    is_sound = (bid > 0) & (ask > 0) & (bid < ask)
    start_B = np.where(is_sound, (bid + ask) / 2, np.nan)
    return mid_ticks(windows) - start_B[:, None]


QUANTITIES = {
    "mid change": ("ticks", mid_change, False),
    "spread": ("ticks", spread_ticks, True),
    "imbalance": ("1", imbalance, False),
}
"""Name -> unit, function, and whether each value is a bin."""


def at_horizon(windows: Windows, value_fn, horizon: Horizon) -> np.ndarray:
    """A quantity at a horizon, one value a window, ``[B, 1]``.

    Seconds count from the first message, in trading time; the last message until then
    tells. NaN where a window ends before, or the book is not sound there.
    """
    used_BT = windows.used_BT
    num_B = used_BT.sum(axis=1)
    if horizon.unit == "messages":
        place_B = np.full(len(num_B), int(horizon.count) - 1)
        is_held_B = place_B < num_B
    else:
        since_BT = windows.time_ns_BT - windows.time_ns_BT[:, :1]
        end_ns = horizon.count * NS
        place_B = (used_BT & (since_BT <= end_ns)).sum(axis=1) - 1
        held_B = np.where(used_BT, since_BT, -1).max(axis=1, initial=-1)
        is_held_B = held_B >= end_ns
    out_B1 = np.full((len(num_B), 1), np.nan)
    which = np.flatnonzero(is_held_B)
    out_B1[which, 0] = value_fn(windows)[which, place_B[which]]
    return out_B1


def horizon_series(horizons: tuple[Horizon, ...] = HORIZONS) -> tuple[Series, ...]:
    """Series for `marsjax.eval.fit.fit`: each quantity after each horizon.

    They are named ``{quantity} after {horizon}``.
    """
    return tuple(
        Series(
            f"{name} after {horizon}",
            unit,
            f"{name.capitalize()} {horizon} after the start, over windows.",
            partial(at_horizon, value_fn=value_fn, horizon=horizon),
            is_discrete,
            is_missing_worst=False,
        )
        for name, (unit, value_fn, is_discrete) in QUANTITIES.items()
        for horizon in horizons
    )


def share_of_same_starts(reference: Windows, generated: Windows) -> float:
    """Share of the generated windows whose first book some reference window has too.

    NaN without generated windows. Books that are empty are no start.
    """
    if not generated.num_windows:
        return np.nan
    known, new = (_starts(x) for x in (reference, generated))
    is_known = [start in set(known) and any(start) for start in new]
    return float(np.mean(is_known))


def _starts(windows: Windows) -> list[bytes]:
    """Books before the first messages, as bytes."""
    both = np.stack([windows.first_price_BSK, windows.first_qty_BSK], axis=1)
    return [np.ascontiguousarray(x, np.int64).tobytes() for x in both]
