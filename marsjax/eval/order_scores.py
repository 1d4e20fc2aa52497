"""Scores that see the order of messages, in the two stages of `marsjax.eval.scores`.

`prepare` makes sums of each window, `distances` compares any weighting of them. Nothing
has to be fixed on a reference. All but burstiness change when the rows of a window are
shuffled (`marsjax.eval.shuffle`).
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval import memory
from marsjax.eval.memory import MEMORIES, Products, Spreads
from marsjax.eval.order_series import gap_ns
from marsjax.eval.scores import weightings
from marsjax.eval.transitions import count_transitions, transition_distance
from marsjax.eval.windows import Windows

TRANSITIONS = "event transitions"
BURSTINESS = "burstiness of inter-arrival times"
MEMORY = "memory of inter-arrival times"


class OrderStats(NamedTuple):
    """Sums of B windows.

    Attributes:
      transition_BXX: how often an event follows another.
      memory: for each of `marsjax.eval.memory.MEMORIES`, sums of its autocorrelation.
      gaps: sums of the burstiness of inter-arrival times.
    """

    transition_BXX: np.ndarray
    memory: dict[str, Products]
    gaps: Spreads

    @property
    def num_windows(self) -> int:
        """B."""
        return len(self.transition_BXX)


class OrderCurves(NamedTuple):
    """What the scores compare, of R weightings of windows.

    Attributes:
      transition_RXX: counts of what follows what.
      autocorrelation: for each of `MEMORIES`, ``[R, L]``.
      burstiness_R: of inter-arrival times.
    """

    transition_RXX: np.ndarray
    autocorrelation: dict[str, np.ndarray]
    burstiness_R: np.ndarray


def prepare(windows: Windows) -> OrderStats:
    """Sums of each window; no score needs more of them."""
    return OrderStats(
        count_transitions(windows),
        {
            name: memory.products(value_fn(windows), max_lag, is_sign)
            for name, (value_fn, max_lag, is_sign) in MEMORIES.items()
        },
        memory.spreads(gap_ns(windows)),
    )


def curves(stats: OrderStats, weights_B: np.ndarray | None = None) -> OrderCurves:
    """Transition counts, autocorrelations and burstiness of weighted windows.

    Args:
      stats: what `prepare` gave.
      weights_B: weights ``[B]`` or ``[R, B]``; 1 by default.
    """
    weight_RB = weightings(weights_B, stats.num_windows)
    return OrderCurves(
        np.tensordot(weight_RB, stats.transition_BXX, axes=1),
        {
            name: memory.autocorrelation(sums, weight_RB)
            for name, sums in stats.memory.items()
        },
        memory.burstiness(stats.gaps, weight_RB),
    )


def distances(
    stats_ref: OrderStats,
    stats_gen: OrderStats,
    weights_ref_B: np.ndarray | None = None,
    weights_gen_B: np.ndarray | None = None,
) -> dict[tuple[str, str], float | np.ndarray]:
    """Every order-sensitive score of weighted windows.

    ``L1`` of the transitions is the mean total variation of their rows. Of an
    autocorrelation ``mean`` is the mean absolute difference over the lags and ``L2``
    the root of the sum of squares, over the lags that both sides have. Burstiness and
    memory (the autocorrelation of the gaps at lag 1) are absolute ``difference``. NaN
    where a side has nothing to compare.

    Args:
      stats_ref, stats_gen: what `prepare` gave for either side.
      weights_ref_B, weights_gen_B: weights ``[B]`` or ``[R, B]``; 1 by default.

    Returns:
      (name, metric) -> float, or float64 ``[R]`` where a weighting is ``[R, B]``.
    """
    ref, gen = curves(stats_ref, weights_ref_B), curves(stats_gen, weights_gen_B)
    out = {(TRANSITIONS, "L1"): transition_distance(*_rows(ref, gen))}
    for name in MEMORIES:
        away_RL = np.abs(ref.autocorrelation[name] - gen.autocorrelation[name])
        if away_RL.shape[1] == 1:
            out[MEMORY, "difference"] = away_RL[:, 0]
            continue
        is_known_RL = ~np.isnan(away_RL)
        num_R = is_known_RL.sum(axis=1)
        away_RL = np.where(is_known_RL, away_RL, 0)
        mean_R = away_RL.sum(axis=1) / np.maximum(num_R, 1)
        l2_R = np.sqrt((away_RL**2).sum(axis=1))
        key = f"autocorrelation of {name}"
        out[key, "mean"] = np.where(num_R > 0, mean_R, np.nan)
        out[key, "L2"] = np.where(num_R > 0, l2_R, np.nan)
    out[BURSTINESS, "difference"] = np.abs(ref.burstiness_R - gen.burstiness_R)
    if np.ndim(weights_ref_B) < 2 and np.ndim(weights_gen_B) < 2:
        return {key: float(value[0]) for key, value in out.items()}
    return out


def notes(stats_ref: OrderStats, stats_gen: OrderStats) -> dict[str, str]:
    """What to know of each score, by name; nothing where all is well."""
    out = {}
    sides = {"the reference": stats_ref, "the generated windows": stats_gen}

    def say(name: str, text: str) -> None:
        out[name] = f"{out[name]}; {text}" if name in out else text

    for side, stats in sides.items():
        if not stats.transition_BXX.sum():
            say(TRANSITIONS, f"no transition in {side}")
        for name, sums in stats.memory.items():
            is_gap = sums.num_BL.shape[1] == 1
            key = MEMORY if is_gap else f"autocorrelation of {name}"
            num = int((sums.num_BL.sum(axis=0) >= memory.MIN_PAIRS).sum())
            if num < sums.num_BL.shape[1]:
                say(key, f"{num} of {sums.num_BL.shape[1]} lags in {side}")
        if stats.gaps.num_B.sum() < 2:
            say(BURSTINESS, f"fewer than two gaps in {side}")
    return out


def _rows(ref: OrderCurves, gen: OrderCurves) -> tuple[np.ndarray, np.ndarray]:
    """Transition counts of both sides, as many weightings each."""
    return np.broadcast_arrays(ref.transition_RXX, gen.transition_RXX)
