"""Area under the ROC curve from held-out scores, with an interval."""

import numpy as np

from marsjax.eval.intervals import (
    Level,
    bootstrap_weights,
    estimate,
    joined,
    level_of,
    widening,
)
from marsjax.eval.types import Estimate


def auc(
    score_B: np.ndarray,
    score_C: np.ndarray,
    fold_B: np.ndarray,
    fold_C: np.ndarray,
    weight_RB: np.ndarray | None = None,
    weight_RC: np.ndarray | None = None,
) -> np.ndarray:
    """Share of pairs in which the second set has the larger score; ties are halves.

    The Mann-Whitney statistic of pairs of one fold: scores of two models have no common
    scale. NaN where there is no pair.

    Args:
      score_B, score_C: of either set.
      fold_B, fold_C: which model gave the score.
      weight_RB, weight_RC: R weightings; 1 by default.

    Returns:
      float64 ``[R]``.
    """
    weight_RB = np.ones((1, len(score_B))) if weight_RB is None else weight_RB
    weight_RC = np.ones((1, len(score_C))) if weight_RC is None else weight_RC
    wins_R = np.zeros(len(weight_RB))
    pairs_R = np.zeros(len(weight_RB))
    for fold in np.unique(np.concatenate([fold_B, fold_C])):
        is_B, is_C = fold_B == fold, fold_C == fold
        sign_BC = np.sign(score_C[is_C][None, :] - score_B[is_B][:, None])
        won_RC = weight_RB[:, is_B] @ ((sign_BC + 1) / 2)
        wins_R += (won_RC * weight_RC[:, is_C]).sum(axis=1)
        pairs_R += weight_RB[:, is_B].sum(axis=1) * weight_RC[:, is_C].sum(axis=1)
    return np.where(pairs_R > 0, wins_R / np.where(pairs_R > 0, pairs_R, 1), np.nan)


def auc_estimate(
    scores: tuple[np.ndarray, np.ndarray],
    folds: tuple[np.ndarray, np.ndarray],
    groups: tuple[np.ndarray, np.ndarray],
    *,
    is_matched: bool = False,
    num_draws: int = 1000,
    seed: int = 0,
    level: Level = "windows",
    note: str = "",
) -> Estimate:
    """`auc` with an interval from a bootstrap over windows, the models being given.

    Args:
      scores, folds, groups: of either set.
      is_matched: window i of one set is window i of the other, and drawn with it.
      num_draws, seed, level: as of `marsjax.eval.intervals.bootstrap_weights`.
      note: to pass on.
    """
    weight_RB = bootstrap_weights(groups[0], num_draws, seed, level)
    weight_RC = weight_RB
    if not is_matched:
        weight_RC = bootstrap_weights(groups[1], num_draws, seed + 1, level)
    value = float(auc(*scores, *folds)[0])
    draws_R = auc(*scores, *folds, weight_RB, weight_RC)
    if value in (0.0, 1.0):
        note = joined(note, "every pair is in order: the interval is that one point")
    note = joined(note, level_of(groups[0], level)[1])
    wider = max(widening(group, level) for group in groups)
    found = estimate(value, draws_R, wider=wider, note=note)
    return found._replace(low=max(found.low, 0.0), high=min(found.high, 1.0))
