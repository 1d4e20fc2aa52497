"""The families of scores: each a function of two weightings of the same windows.

Reference and generated windows are prepared together, once; after that a bootstrap, a
split into halves or a permutation is a pair of weightings (`marsjax.eval.floor`).
"""

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from marsjax.eval import order_scores, response, scores
from marsjax.eval.fit import Pooling, fit
from marsjax.eval.horizon import horizon_series
from marsjax.eval.mars_series import MARS
from marsjax.eval.series import LOB_BENCH, Series
from marsjax.eval.windows import Windows

Key = tuple[str, str]
"""Name and metric of a score."""

MEAN = "mean of "
"""What the names of means begin with; that of their family follows."""
OVERLAP = "overlap"


class Family(NamedTuple):
    """Scores of one kind.

    Attributes:
      name: of the family.
      score_fn: of two weightings ``[R, N]`` of the prepared windows to scores ``[R]``.
      note: what to know of a score, by its name.
      about: what a score compares and its unit, by its name.
    """

    name: str
    score_fn: Callable[[np.ndarray, np.ndarray], Mapping[Hashable, np.ndarray]]
    note: dict[str, str]
    about: dict[str, str]


def is_similarity(key: Key) -> bool:
    """Whether a score is the larger the more alike two sets are."""
    return key[1] == OVERLAP


def families(
    reference: Windows, every: Windows, pooling: Pooling = "reference"
) -> list[Family]:
    """All families of scores.

    Args:
      reference: the windows on which bins and scales are fixed.
      every: the reference's windows and after them those to score.
      pooling: see `marsjax.eval.fit.fit`.
    """
    return [
        _distributions("distributions", LOB_BENCH, reference, every, pooling),
        _order(reference, every),
        _responses(every),
        _distributions("horizons", horizon_series(), reference, every, "reference"),
        _distributions("minutes", MARS, reference, every, "reference"),
    ]


def _distributions(
    name: str,
    series: tuple[Series, ...],
    reference: Windows,
    every: Windows,
    pooling: Pooling,
) -> Family:
    num = reference.num_windows
    generated = every.take(slice(num, None)) if pooling == "lob-bench" else None
    fitted = fit(reference, pooling, generated, series)
    stats = scores.prepare(fitted, every)
    near = scores.prepare(fitted, reference)
    far = scores.prepare(fitted, every.take(slice(num, None)))
    return Family(
        name,
        with_mean(name, partial(scores.distances, fitted, stats, stats)),
        scores.notes(fitted, near, far),
        {each.name: f"{each.meaning} ({each.unit})" for each in series},
    )


def _order(reference: Windows, every: Windows) -> Family:
    num = reference.num_windows
    stats = order_scores.prepare(every)
    near, far = (
        order_scores.prepare(each) for each in (reference, every.take(slice(num, None)))
    )
    return Family(
        "order",
        with_mean("order", partial(order_scores.distances, stats, stats)),
        order_scores.notes(near, far),
        {},
    )


def _responses(every: Windows) -> Family:
    stats = response.prepare(every)

    def score(ref_RN: np.ndarray, gen_RN: np.ndarray) -> dict[Key, np.ndarray]:
        found = response.score(stats, stats, ref_RN, gen_RN)
        out = {}
        for name, value in found.items():
            kind, _, is_relative = name.partition(", ")
            kind = MEAN + "responses" if kind == "all" else f"response to {kind}"
            out[kind, "relative" if is_relative else "ticks"] = value
        return out

    note = "; ".join(response.notes(stats))
    return Family("responses", score, {MEAN + "responses": note} if note else {}, {})


def with_mean(family: str, score_fn: Callable) -> Callable:
    """The same scores, and for each metric their mean over all that are known."""

    def score(ref_RN: np.ndarray, gen_RN: np.ndarray) -> dict[Key, np.ndarray]:
        found = dict(score_fn(ref_RN, gen_RN))
        for metric in dict.fromkeys(metric for _, metric in found):
            values = np.stack([v for (_, m), v in found.items() if m == metric])
            # A score without a value in some draws would make the mean jump.
            whole = values[np.isfinite(values).all(axis=1)]
            if len(whole):
                found[MEAN + family, metric] = whole.mean(axis=0)
        return found

    return score
