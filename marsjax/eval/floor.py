"""The floor: how far real windows are from other real windows of the same size.

A distance of two finite samples is never 0. Each draw takes one half of the reference,
and against it (a) as many generated and (b) as many real windows of the other half.
The mean over draws of (a) is the value, that of (b) the floor, and of their difference
the excess, the headline: 0 on average for windows that are as good as real ones.

The value is therefore that of half of the windows; `Floored.whole` is that of all. The
intervals of the value and of the excess say how much they would move with other windows
of the same law. Draws of halves vary as much (`marsjax.eval.halves`); those of the
excess are the value's less the mean floor, for the floors of single splits vary several
times as much as their mean does. Near the floor, where a distance bends, both are too
wide rather than too narrow. The interval of the floor is another thing, the range of
what a single real set of that size shows. Whether the generated windows can be told
from real ones is `p_value`: labels are permuted, at full size.

What it cannot see. Neighbours in time are on both sides of a split within a day, so the
floor is that of the same day; with level ``groups`` it is that of other days or stocks.
Generated windows of one time of day, against reference windows of the whole day, are
told apart by the time alone: take the reference's windows at the same times.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

import numpy as np

from marsjax.eval.halves import halves, relabelled
from marsjax.eval.intervals import Level, estimate, student
from marsjax.eval.types import Estimate, Score

ScoreFn = Callable[[np.ndarray, np.ndarray], Mapping[Hashable, np.ndarray]]
"""From two weightings ``[R, B]`` of the same windows to scores ``[R]`` by name. With
`marsjax.eval.scores`: ``partial(distances, fitted, stats, stats)``, where ``stats`` are
those of the reference's windows and the generated ones, joined."""


class Floored(NamedTuple):
    """A score beside its floor.

    Attributes:
      value, floor, excess: see above.
      p_value: probability of so large a score (small, if it is a similarity) if
        generated windows were real ones; NaN where it cannot be computed. Over G groups
        it cannot fall below about 2**-G.
      whole: the score of all windows.
      num_windows: generated windows in a draw, on average.
    """

    value: Estimate
    floor: Estimate
    excess: Estimate
    p_value: float
    whole: float
    num_windows: float


def never(_: Hashable) -> bool:
    """No score is a similarity: all are larger the less alike two sets are."""
    return False


def floored(
    score_fn: ScoreFn,
    group_B: np.ndarray,
    generated_group_C: np.ndarray,
    *,
    num_draws: int = 200,
    seed: int = 0,
    level: Level = "windows",
    is_similarity_fn: Callable[[Hashable], bool] = never,
) -> dict[Hashable, Floored]:
    """Scores of generated windows, their floors, and the excess over them.

    Args:
      score_fn: of two weightings of the reference's windows followed by the generated
        ones, ``[R, B + C]`` each; the first is that of the reference.
      group_B, generated_group_C: groups of either.
      num_draws: R, of the halves and of the permutations.
      seed: of the draws.
      level: as of `marsjax.eval.halves.halves`.
      is_similarity_fn: whether a score is the larger the more alike two sets are.
    """
    num, num_generated = len(group_B), len(generated_group_C)
    drawn = halves(group_B, [generated_group_C], num_draws, seed, level)
    (generated_RC,) = drawn.generated
    first_RN = _widened(drawn.first_RB, 0, num_generated)
    value = score_fn(first_RN, _widened(generated_RC, num, 0))
    floor = score_fn(first_RN, _widened(drawn.other_RB, 0, num_generated))
    labels = relabelled(group_B, generated_group_C, num_draws, seed + 1, level)
    is_own = np.arange(num + num_generated)[None, :] < num
    own = is_own.astype(np.float64)
    pairs = zip((own, 1 - own), labels, strict=True)
    chance = score_fn(*(np.concatenate(x) for x in pairs))
    wider, note = student(drawn.num_free), drawn.note
    size = float(generated_RC.sum(axis=1).mean())
    out = {}
    for name in value:
        of = {"wider": wider, "note": note}
        whole = float(chance[name][0])
        sign = -1 if is_similarity_fn(name) else 1
        out[name] = Floored(
            mean_estimate(value[name], **of),
            mean_estimate(floor[name], note=note),
            mean_estimate(value[name] - known_mean(floor[name]), **of),
            share_beyond(sign * whole, sign * chance[name][1:]),
            whole,
            size,
        )
    return out


def floors(
    score_fn: ScoreFn,
    group_B: np.ndarray,
    *,
    num_draws: int = 200,
    seed: int = 0,
    level: Level = "windows",
) -> dict[Hashable, Estimate]:
    """Floors alone: half of the windows against the other half.

    Args:
      score_fn: of two weightings of the windows, ``[R, B]`` each.
      group_B, num_draws, seed, level: as of `floored`.
    """
    drawn = halves(group_B, (), num_draws, seed, level)
    scores = score_fn(drawn.first_RB, drawn.other_RB)
    return {k: mean_estimate(v, note=drawn.note) for k, v in scores.items()}


def to_scores(found: Mapping[tuple[str, str], Floored], family: str) -> list[Score]:
    """Rows of the report, of scores by (name, metric)."""
    return [
        Score(name, family, metric, x.value, x.floor, x.excess)
        for (name, metric), x in found.items()
    ]


def mean_estimate(draws_R: np.ndarray, wider: float = 1.0, note: str = "") -> Estimate:
    """The mean of draws with their quantiles."""
    value = known_mean(draws_R)
    return estimate(value, draws_R, kind="centred", wider=wider, note=note)


def known_mean(draws_R: np.ndarray) -> float:
    """Mean of those that are numbers; NaN of none."""
    known = draws_R[np.isfinite(draws_R)]
    return float(known.mean()) if len(known) else np.nan


def share_beyond(value: float, draws_R: np.ndarray) -> float:
    """Share of draws at least as large, the value being one of them."""
    draws_R = draws_R[np.isfinite(draws_R)]
    if not np.isfinite(value) or not len(draws_R):
        return np.nan
    slack = 1e-12 * max(1.0, abs(value))
    return float((1 + (draws_R >= value - slack).sum()) / (1 + len(draws_R)))


def _widened(weights_RB: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.pad(weights_RB, ((0, 0), (before, after)))
