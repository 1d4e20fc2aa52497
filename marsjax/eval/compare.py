"""Two generators against one reference: which is nearer, and how sure that is.

Two p-values, for two questions. `Comparison.p_value` is exact for "both generators
have one law": windows change their generator at random, in pairs where both began at
the same moment. `Comparison.p_mean` is approximate and asks whether the mean scores
differ, as they may not where two different generators are equally far away. It is read
off the draws of halves, which share the reference's half, and the starts where they are
matched.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import numpy as np

from marsjax.errors import InputError
from marsjax.eval.floor import ScoreFn, mean_estimate, share_beyond
from marsjax.eval.halves import halves, relabelled
from marsjax.eval.intervals import Level, student
from marsjax.eval.types import Estimate


class Comparison(NamedTuple):
    """A score of two generators.

    Attributes:
      first, second: the score of either, of half of its windows against half of the
        reference (`marsjax.eval.floor`).
      difference: first - second; below 0 where the first is nearer (above 0 if the
        score is a similarity).
      p_value, p_mean: see above, two-sided; NaN where they cannot be computed.
      p_holm: `p_value` corrected for all scores compared (`holm`).
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    p_value: float
    p_mean: float
    p_holm: float = np.nan


def compare(
    score_fn: ScoreFn,
    group_B: np.ndarray,
    first_group_C: np.ndarray,
    second_group_D: np.ndarray,
    *,
    is_matched: bool = False,
    num_draws: int = 200,
    seed: int = 0,
    level: Level = "windows",
) -> dict[Hashable, Comparison]:
    """Compares the scores of two generators.

    Args:
      score_fn: of two weightings ``[R, B + C + D]`` of the reference's windows, those
        of the first generator and those of the second one; the first weighting is that
        of the reference.
      group_B, first_group_C, second_group_D: their groups.
      is_matched: whether window i began at the same moment in both generators.
      num_draws: R.
      seed: of the draws.
      level: as of `marsjax.eval.halves.halves`.

    Raises:
      InputError: matched sets of different groups.
    """
    groups = (group_B, first_group_C, second_group_D)
    num, num_first, num_second = (len(x) for x in groups)
    if is_matched and not np.array_equal(first_group_C, second_group_D):
        raise InputError(
            "the two generators' windows are not of the same groups, in one order",
            "compare them as not matched",
        )
    options = {"level": level, "is_matched": is_matched}
    drawn = halves(group_B, groups[1:], num_draws, seed, **options)
    ref_RN = _placed(drawn.first_RB, 0, num_first + num_second)
    first = score_fn(ref_RN, _placed(drawn.generated[0], num, num_second))
    second = score_fn(ref_RN, _placed(drawn.generated[1], num + num_first, 0))

    labels = relabelled(*groups[1:], num_draws, seed + 1, **options)
    own = (np.arange(num_first + num_second)[None, :] < num_first).astype(np.float64)
    all_ref = _placed(np.ones((num_draws + 1, num)), 0, num_first + num_second)
    one, other = (
        score_fn(all_ref, _placed(np.concatenate([x, labelled]), num, 0))
        for x, labelled in zip((own, 1 - own), labels, strict=True)
    )
    wider, note = student(drawn.num_free), drawn.note
    out = {}
    for name in first:
        away_R = first[name] - second[name]
        apart = np.abs(one[name] - other[name])
        out[name] = Comparison(
            mean_estimate(first[name], wider, note),
            mean_estimate(second[name], wider, note),
            mean_estimate(away_R, wider, note),
            share_beyond(apart[0], apart[1:]),
            _two_sided(away_R),
        )
    corrected = holm({name: x.p_value for name, x in out.items()})
    return {k: x._replace(p_holm=corrected[k]) for k, x in out.items()}


def holm(p_values: Mapping[Hashable, float]) -> dict[Hashable, float]:
    """p-values corrected for their number (Holm, Scand. J. Statist. 6, 1979).

    The chance that any of those below a level is a false alarm is then at most that
    level. NaN stays NaN and does not count.
    """
    known = sorted((p, i) for i, p in enumerate(p_values.values()) if not np.isnan(p))
    out, most = [np.nan] * len(p_values), 0.0
    for place, (p, i) in enumerate(known):
        most = max(most, min(1.0, p * (len(known) - place)))
        out[i] = most
    return dict(zip(p_values, out, strict=True))


def _two_sided(draws_R: np.ndarray) -> float:
    """Twice the share of draws on the rarer side of 0."""
    draws_R = draws_R[np.isfinite(draws_R)]
    if not len(draws_R):
        return np.nan
    rarer = min((draws_R <= 0).sum(), (draws_R >= 0).sum())
    return float(min(1.0, 2 * (1 + rarer) / (1 + len(draws_R))))


def _placed(weights_RB: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.pad(weights_RB, ((0, 0), (before, after)))
