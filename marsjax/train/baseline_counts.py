"""Counts of what followed what, smoothed towards shorter contexts.

The one rule of all tables of counts: ``p(x | c) = (n(c, x) + a * p_below(x | c)) /
(n(c) + a)``, a Dirichlet prior's predictive mean (MacKay and Peto 1995), which is a
proper distribution if the one below is.
"""

from collections.abc import Sequence

import numpy as np

PSEUDO_COUNTS = tuple(float(x) for x in np.logspace(-1, 5, 19))

Counts = tuple[np.ndarray, np.ndarray]
"""``n(context, outcome)`` and ``n(context)``, float64 ``[T]``."""


class Counter:
    """How often each key was seen; keys are non-negative int64."""

    def __init__(self, keys: np.ndarray):
        self.keys, self.counts = np.unique(keys, return_counts=True)

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        """Counts of ``keys``, float64, 0 where one was never seen."""
        if not len(self.keys):
            return np.zeros(keys.shape)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.counts[at], 0).astype(np.float64)


class Level:
    """``p(x | context)`` by counts over what is below, before its pseudo-count."""

    def __init__(self, context: np.ndarray, outcome: np.ndarray, outcomes: int):
        self.outcomes = outcomes
        self.total = Counter(np.asarray(context, np.int64))
        # By the place of the context among those seen: whole events may be so many
        # that a pair of them has no number of 64 bits.
        place = np.searchsorted(self.total.keys, context)
        self.pair = Counter(place * outcomes + outcome)

    def counts(self, context: np.ndarray, outcome: np.ndarray) -> Counts:
        """``n(context, outcome)`` and ``n(context)``."""
        total = self.total(context)
        place = np.searchsorted(self.total.keys, context)
        pair = self.pair(place * self.outcomes + outcome)
        return np.where(total > 0, pair, 0.0), total


def smooth(counts: Counts, pseudo: float, below) -> np.ndarray:
    """The Dirichlet predictive mean."""
    pair, total = counts
    return (pair + pseudo * below) / (total + pseudo)


Steps = Sequence[tuple[np.ndarray, int]]
"""What each step adds to a context, int64 ``[T]``, and how many values that has."""


class Ladder:
    """Contexts that grow step by step, each smoothed towards the one below it.

    ``pseudo`` holds a pseudo-count a step. A context is known by its place among those
    seen, so that no number outgrows 64 bits however many steps there are.
    """

    def __init__(self, steps: Steps, outcome: np.ndarray, outcomes: int):
        self.outcomes, self.pseudo = outcomes, [100.0] * len(steps)
        self.levels: list[Level] = []
        place = np.zeros_like(outcome)
        for values, size in steps:
            key = place * size + values
            self.levels.append(Level(key, outcome, outcomes))
            place = np.searchsorted(self.levels[-1].total.keys, key)

    def counts(self, steps: Steps, outcome: np.ndarray) -> list[Counts]:
        """Of each step, the shortest context first."""
        place, found = np.zeros_like(outcome), []
        for level, (values, size) in zip(self.levels, steps, strict=True):
            key = np.where(place < 0, -1, place * size + values)
            found.append(level.counts(key, outcome))
            place = np.searchsorted(level.total.keys, key)
            place = np.where(
                found[-1][1] > 0, place, -1
            )  # never seen, nor what follows
        return found

    def probability(self, counts: list[Counts], below) -> np.ndarray:
        """Of the outcomes counted, float64 ``[T]``, over the distribution ``below``."""
        for each, pseudo in zip(counts, self.pseudo, strict=True):
            below = smooth(each, pseudo, below)
        return below

    def tune(self, counts: list[Counts], below, passes: int = 2) -> np.ndarray:
        """Sets the pseudo-counts that score ``counts`` best, and gives their scores.

        From the shortest context up, first as if there were no longer one.
        """
        for turn in range(passes):
            for i in range(len(counts)):
                last = i + 1 if turn == 0 else len(counts)
                losses = []
                for value in PSEUDO_COUNTS:
                    self.pseudo[i] = value
                    found = below
                    for each, a in zip(counts[:last], self.pseudo, strict=False):
                        found = smooth(each, a, found)
                    with np.errstate(divide="ignore"):
                        losses.append(-np.log(found).mean())
                self.pseudo[i] = PSEUDO_COUNTS[int(np.argmin(losses))]
        return self.probability(counts, below)
