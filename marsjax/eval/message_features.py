"""What a discriminator sees of each message and of the book after it.

Numbers are clipped and those with heavy tails are logarithms, so that one odd message
does not give a window away by its size alone. Nothing tells the day, the stock, the
price level or the time of day.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.book_series import imbalance
from marsjax.eval.memory import log_gaps
from marsjax.eval.windows import (
    ASK,
    BID,
    CANCEL,
    HIDDEN,
    LIMIT,
    MARKET,
    OTHER,
    Windows,
    mid_ticks,
    spread_ticks,
)

MAX_TICKS = 50
"""Prices further from the mid, and larger moves of it, count as this far."""

MAX_SCORE = 5.0
"""Standardised features are clipped here."""

NAMES = (
    "is limit",
    "is market",
    "is cancel",
    "is hidden",
    "is other",
    "is sound",
    "side",
    "price",
    "log size",
    "log interval",
    "log spread",
    "imbalance",
    "mid change",
)


class Scale(NamedTuple):
    """Means and standard deviations of features, ``[F]``."""

    mean_F: np.ndarray
    std_F: np.ndarray


def mid_before(windows: Windows) -> np.ndarray:
    """Mid in ticks before each message, ``[B, T]``; NaN where the book is not sound."""
    out = np.full(windows.type_BT.shape, np.nan)
    out[:, 1:] = mid_ticks(windows)[:, :-1]
    best = windows.first_price_BSK[:, :, 0]
    bid, ask = best[:, BID], best[:, ASK]
    is_sound = (bid > 0) & (ask > 0) & (bid < ask)
    out[:, :1] = np.where(is_sound, (bid + ask) / 2, np.nan)[:, None]
    return np.where(windows.used_BT, out, np.nan)


def away_ticks(windows: Windows) -> np.ndarray:
    """How far a price is from the mid before it, into its own side of the book.

    In ticks, negative for a price beyond the mid; ``[B, T]``. NaN without a mid or a
    price.
    """
    away = (windows.price_ticks_BT - mid_before(windows)) * (2 * windows.side_BT - 1.0)
    return np.where(windows.price_ticks_BT > 0, away, np.nan)


def message_features(windows: Windows) -> np.ndarray:
    """Features `NAMES` of each message, float64 ``[B, T, F]``; NaN where unknown.

    Padding is NaN throughout.
    """
    used = windows.used_BT
    mid = mid_ticks(windows)
    types = [windows.type_BT == x for x in (LIMIT, MARKET, CANCEL, HIDDEN, OTHER)]
    qty = np.where(windows.qty_BT > 0, windows.qty_BT, np.nan)
    columns = (
        *types,
        ~np.isnan(mid),
        2.0 * windows.side_BT - 1,
        np.arcsinh(np.clip(away_ticks(windows), -MAX_TICKS, MAX_TICKS)),
        np.log(qty),
        log_gaps(windows),
        np.log(spread_ticks(windows)),
        imbalance(windows),
        np.clip(mid - mid_before(windows), -MAX_TICKS, MAX_TICKS),
    )
    out = np.stack([np.asarray(x, np.float64) for x in columns], axis=-1)
    return np.where(used[..., None], out, np.nan)


def fit_scale(features_BTF: np.ndarray) -> Scale:
    """Mean and standard deviation of known values; 0 and 1 where there is none.

    A constant feature has the scale 1.
    """
    known = ~np.isnan(features_BTF)
    num_F = np.maximum(known.sum(axis=(0, 1)), 1)
    mean_F = np.where(known, features_BTF, 0).sum(axis=(0, 1)) / num_F
    away = np.where(known, features_BTF - mean_F[None, None], 0)
    std_F = np.sqrt((away**2).sum(axis=(0, 1)) / num_F)
    return Scale(mean_F, np.where(std_F > 1e-9, std_F, 1.0))


def standardise(features_BTF: np.ndarray, scale: Scale) -> np.ndarray:
    """Float32, clipped; unknown values count as the mean."""
    z = (features_BTF - scale.mean_F[None, None]) / scale.std_F[None, None]
    z = np.clip(np.nan_to_num(z, nan=0.0), -MAX_SCORE, MAX_SCORE)
    return z.astype(np.float32)
