"""Memory of a series: autocorrelation, burstiness, and that of gaps.

Values of a window are taken from its mean in units of its standard deviation, so that
windows of different stocks can be added, and a slow change from one window to the next
is not taken for memory. Signs are taken as they are: of a window with few trades the
mean is no better known than zero.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.flow_series import flow_imbalance
from marsjax.eval.order_series import gap_ns
from marsjax.eval.windows import ASK, CANCEL, LIMIT, MARKET, Windows

MAX_LAG = 50
TRADE_LAG = 10
"""Lags of market orders, of which a window has few."""

MIN_PAIRS = 30
"""With fewer pairs at a lag there is no autocorrelation."""

SHORTEST_GAP_NS = 1_000
"""Gaps below a microsecond count as one: clocks agree on no less."""


class Products(NamedTuple):
    """Sums over the pairs of values of B windows at L lags; float64.

    Attributes:
      product_BL: sums of products of standardised values.
      num_BL: pairs.
    """

    product_BL: np.ndarray
    num_BL: np.ndarray


class Spreads(NamedTuple):
    """Sums over the values of B windows; float64 ``[B]``.

    Attributes:
      square_B: sum of squares of values over their window's mean.
      num_B: values.
    """

    square_B: np.ndarray
    num_B: np.ndarray


def trade_signs(windows: Windows) -> np.ndarray:
    """1 for a market order that buys, -1 for one that sells, else NaN."""
    return np.where(windows.type_BT == MARKET, _sign(windows), np.nan)


def flow_signs(windows: Windows) -> np.ndarray:
    """1 for what presses the price up, -1 for what presses it down, else NaN.

    An order presses to its own side's profit: a buy up. Its cancel presses back.
    """
    type_ = windows.type_BT
    sign = np.where(type_ == CANCEL, -1, 1) * _sign(windows)
    return np.where(np.isin(type_, (LIMIT, MARKET, CANCEL)), sign, np.nan)


def log_gaps(windows: Windows) -> np.ndarray:
    """Logarithm of the time since the message before, in nanoseconds."""
    return np.log(np.maximum(gap_ns(windows), SHORTEST_GAP_NS))


MEMORIES = {
    "signs of market orders": (trade_signs, TRADE_LAG, True),
    "signed order flow": (flow_signs, MAX_LAG, True),
    "order-flow imbalance": (flow_imbalance, MAX_LAG, False),
    "log inter-arrival time": (log_gaps, MAX_LAG, False),
    "inter-arrival time": (gap_ns, 1, False),
}
"""Series whose autocorrelation is compared: their values, greatest lag, and whether
they are signs."""


def products(value_BT: np.ndarray, max_lag: int, is_sign: bool = False) -> Products:
    """Sums for the autocorrelation of values at lags 1 to L.

    NaN are passed over: the lag counts the values that there are. A window of one
    value, or of equal ones if they are no signs, has no pairs.
    """
    is_known_BT = ~np.isnan(value_BT)
    order_BT = np.argsort(~is_known_BT, axis=1, kind="stable")
    is_known_BT = np.take_along_axis(is_known_BT, order_BT, axis=1)
    value_BT = np.take_along_axis(np.nan_to_num(value_BT), order_BT, axis=1)
    z_BT, is_pair_BT = value_BT, is_known_BT
    if not is_sign:
        num_B1 = np.maximum(is_known_BT.sum(axis=1, keepdims=True), 1)
        mean_B1 = value_BT.sum(axis=1, keepdims=True) / num_B1
        z_BT = np.where(is_known_BT, value_BT - mean_B1, 0)
        std_B1 = np.sqrt((z_BT**2).sum(axis=1, keepdims=True) / num_B1)
        # Equal values leave rounding errors, whose correlation means nothing.
        varies_B1 = std_B1 > 1e-9 * np.maximum(np.abs(mean_B1), 1e-300)
        z_BT = np.where(varies_B1, z_BT / np.where(varies_B1, std_B1, 1), 0)
        is_pair_BT = is_known_BT & varies_B1
    num_windows, length = z_BT.shape
    product_BL = np.zeros((num_windows, max_lag))
    num_BL = np.zeros((num_windows, max_lag))
    for lag in range(1, min(max_lag, length - 1) + 1):
        here, there = slice(lag, None), slice(None, length - lag)
        product_BL[:, lag - 1] = (z_BT[:, here] * z_BT[:, there]).sum(axis=1)
        num_BL[:, lag - 1] = is_pair_BT[:, here].sum(axis=1)
    return Products(product_BL, num_BL)


def spreads(value_BT: np.ndarray) -> Spreads:
    """Sums for the coefficient of variation."""
    is_known_BT = ~np.isnan(value_BT)
    num_B = is_known_BT.sum(axis=1)
    value_BT = np.nan_to_num(value_BT)
    mean_B = value_BT.sum(axis=1) / np.maximum(num_B, 1)
    is_scaled_B = mean_B > 0
    scaled_BT = value_BT / np.where(is_scaled_B, mean_B, 1)[:, None]
    square_B = np.where(is_scaled_B, (scaled_BT**2).sum(axis=1), 0)
    return Spreads(square_B, np.where(is_scaled_B, num_B, 0).astype(np.float64))


def autocorrelation(sums: Products, weight_RB: np.ndarray) -> np.ndarray:
    """Autocorrelation of weighted windows at lags 1 to L, ``[R, L]``.

    NaN at lags with fewer than `MIN_PAIRS` pairs.
    """
    num_RL = weight_RB @ sums.num_BL
    mean_RL = weight_RB @ sums.product_BL / np.maximum(num_RL, 1)
    return np.where(num_RL >= MIN_PAIRS, mean_RL, np.nan)


def burstiness(sums: Spreads, weight_RB: np.ndarray) -> np.ndarray:
    """(r - 1) / (r + 1), r the standard deviation over the mean, ``[R]``.

    -1 for a regular series, 0 for a Poisson one, towards 1 for bursts; Goh and Barabasi
    (2008), eq. 1. Their memory coefficient, eq. 2, is the autocorrelation at lag 1.
    """
    num_R = weight_RB @ sums.num_B
    mean_square_R = weight_RB @ sums.square_B / np.where(num_R > 0, num_R, 1)
    r_R = np.sqrt(np.maximum(mean_square_R - 1, 0))
    return np.where(num_R > 1, (r_R - 1) / (r_R + 1), np.nan)


def _sign(windows: Windows) -> np.ndarray:
    return np.where(windows.side_BT == ASK, -1.0, 1.0)
