"""Spread and mid of best quotes; a one-sided book has neither."""

import numpy as np


def spread_and_mid(bid_ticks: np.ndarray, ask_ticks: np.ndarray):
    """Spread and mid in ticks, float of any shape, NaN where a side is empty.

    Args:
      bid_ticks, ask_ticks: best prices, 0 for an empty side.
    """
    two_sided = (bid_ticks > 0) & (ask_ticks > 0)
    spread = np.where(two_sided, ask_ticks - bid_ticks, np.nan)
    return spread, np.where(two_sided, (bid_ticks + ask_ticks) / 2, np.nan)
