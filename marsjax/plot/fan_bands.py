"""The arrays of a price fan: quantiles over markets on one time grid."""

from typing import NamedTuple

import numpy as np

from marsjax.plot.axes import steps_at

RUNNING_SHARE = 0.9
FEWEST_MARKETS = 8
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class FanBands(NamedTuple):
    """Quantiles of the simulated mid, G grid times and the Q levels of `LEVELS`.

    ``time_s_G``: trading seconds. ``mid_ticks_QG``: NaN where fewer than half of the
    running markets have a mid, or fewer than `FEWEST_MARKETS` markets run at all.
    ``num_G``: markets behind each column.
    """

    time_s_G: np.ndarray
    mid_ticks_QG: np.ndarray
    num_G: np.ndarray


def fan_end(time_s_BT: np.ndarray, share: float = RUNNING_SHARE) -> float:
    """The last time at which at least ``share`` of the markets still run.

    A market runs until its last finite time; NaN if no market has one.
    """
    last_B = np.array([row[np.isfinite(row)].max(initial=-np.inf) for row in time_s_BT])
    # Rounded first: 0.9 of 10 markets is 9, not the 9.000000001 of floats.
    needed = int(np.ceil(round(share * len(last_B), 6)))
    end = np.sort(last_B)[::-1][max(needed, 1) - 1]
    return float(end) if np.isfinite(end) else float("nan")


def values_on_grid(
    time_s_T: np.ndarray,
    mid_ticks_T: np.ndarray,
    grid_s_G: np.ndarray,
    before: float = np.nan,
) -> np.ndarray:
    """Previous value of one market at each grid time.

    Args:
      time_s_T: non-decreasing times, NaN after the market stopped.
      mid_ticks_T: mids, NaN where the book was one-sided.
      grid_s_G: where to look.
      before: the value ahead of the first time.
    Returns:
      ``[G]``; NaN where there was no mid, and after the market's last time.
    """
    is_step = np.isfinite(time_s_T)
    time, mid = time_s_T[is_step], np.append(mid_ticks_T[is_step], before)
    value_G = mid[steps_at(time, grid_s_G)]  # index -1 is the value before
    end = time[-1] if len(time) else -np.inf
    return np.where(grid_s_G <= end, value_G, np.nan)


def fan_bands(
    time_s_BT: np.ndarray,
    mid_ticks_BT: np.ndarray,
    start_s: float,
    *,
    start_mid_ticks: float = np.nan,
    num_points: int = 400,
) -> FanBands:
    """Quantiles of the mid over markets from the start to `fan_end`.

    Markets take their previous value at a grid time. One without a mid there, or that
    has stopped, is left out of that column rather than given a made-up mid.

    Args:
      time_s_BT: trading seconds, non-decreasing in T, NaN after a market stopped.
      mid_ticks_BT: mids in ticks, NaN where the book was one-sided.
      start_s: trading seconds where the markets begin.
      start_mid_ticks: the mid they begin from, if there is one.
      num_points: G.
    """
    end = fan_end(time_s_BT)
    if not np.isfinite(end) or end < start_s:
        end = start_s
    grid_G = np.linspace(start_s, end, num_points)
    mid_BG = np.stack(
        [
            values_on_grid(time_s, mid, grid_G, start_mid_ticks)
            for time_s, mid in zip(time_s_BT, mid_ticks_BT, strict=True)
        ]
    )
    last_B1 = np.array(
        [[row[np.isfinite(row)].max(initial=-np.inf)] for row in time_s_BT]
    )
    running_G = (last_B1 >= grid_G[None, :]).sum(axis=0)
    num_G = np.isfinite(mid_BG).sum(axis=0)
    is_told_G = (2 * num_G >= running_G) & (num_G >= FEWEST_MARKETS)
    quantile_QG = np.full((len(LEVELS), num_points), np.nan)
    if is_told_G.any():  # of columns that are all NaN numpy would warn
        quantile_QG[:, is_told_G] = np.nanquantile(mid_BG[:, is_told_G], LEVELS, axis=0)
    return FanBands(grid_G, quantile_QG, num_G)
