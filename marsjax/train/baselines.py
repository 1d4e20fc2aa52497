"""What a table of counts can predict: unigram, and bigram with back-off.

Each level is the one below it with counts on top, as a Dirichlet prior's predictive
mean: ``p(x | c) = (n(c, x) + a * p_below(x | c)) / (n(c) + a)`` (MacKay and Peto 1995),
so that each is a proper distribution over all outcomes.

1. ``chain``: p(type) p(price | type) p(volume | type) p(interval | type);
2. ``unigram``: counts of whole orders over the chain;
3. ``bigram_fields``: the chain's factors given the type and price of the order before,
   backing off to the chain's, mixed with the unigram: ``m * fields + (1-m) * unigram``;
4. counts of whole orders given the type and price of the order before, over 3 (or, in
   the plain ``bigram``, over the unigram);
5. the same given the whole order before, over 4.

Of events of another domain the first two fields take the place of type and price.

Counts come from the train segments alone; the pseudo-counts ``a`` and the mixture are
those that score the valid part best. Scored positions are the model's.
"""

from dataclasses import dataclass

import numpy as np

from marsjax.train.data import Dataset, Segment
from marsjax.train.evaluate import Scores, scored_positions

PSEUDO_COUNTS = tuple(float(x) for x in np.logspace(-1, 5, 19))
MIXTURES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


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

    def counts(self, context: np.ndarray, outcome: np.ndarray):
        """``n(context, outcome)`` and ``n(context)``."""
        total = self.total(context)
        place = np.searchsorted(self.total.keys, context)
        pair = self.pair(place * self.outcomes + outcome)
        return np.where(total > 0, pair, 0.0), total


def smooth(counts: tuple[np.ndarray, np.ndarray], pseudo: float, below) -> np.ndarray:
    """The Dirichlet predictive mean."""
    pair, total = counts
    return (pair + pseudo * below) / (total + pseudo)


@dataclass
class Baselines:
    """Fitted tables. ``weights`` holds the pseudo-counts and the mixture by level."""

    field_sizes: tuple[int, ...]
    levels: dict[str, Level]
    weights: dict[str, float]

    def counts(self, before: np.ndarray, after: np.ndarray) -> dict[str, tuple]:
        """All counts that the probability of ``after`` given ``before`` needs."""
        keys = _keys(before, after, self.field_sizes)
        return {name: level.counts(*keys[name]) for name, level in self.levels.items()}

    def probabilities(self, counts: dict[str, tuple]) -> dict[str, np.ndarray]:
        """Of each level, float64 ``[T]``, from :meth:`counts`."""
        w, sizes = self.weights, self.field_sizes
        chain = fields = 1.0
        for f, size in enumerate(sizes):
            factor = smooth(counts[f"chain{f}"], w["chain"], 1 / size)
            chain = chain * factor
            fields = fields * smooth(counts[f"fields{f}"], w["fields"], factor)
        unigram = smooth(counts["unigram"], w["unigram"], chain)
        bigram = smooth(counts["group"], w["group"], unigram)
        bigram = smooth(counts["joint"], w["joint"], bigram)
        mixed = w["mixture"] * fields + (1 - w["mixture"]) * unigram
        bigram_fields = smooth(counts["group"], w["group_fields"], mixed)
        bigram_fields = smooth(counts["joint"], w["joint_fields"], bigram_fields)
        return {
            "chain": chain,
            "fields": fields,
            "unigram": unigram,
            "mixed": mixed,
            "bigram": bigram,
            "bigram_fields": bigram_fields,
        }

    def log_prob(self, before: np.ndarray, after: np.ndarray) -> dict[str, np.ndarray]:
        """Nats of the orders ``after`` ``[T, C]`` that follow ``before`` ``[T, C]``.

        Returns:
          Under ``unigram``, ``bigram`` and ``bigram_fields``, float64 ``[T]``.
        """
        found = self.probabilities(self.counts(before, after))
        return {name: np.log(found[name]) for name in NAMES}

    def scores(self, dataset: Dataset, like: list[Scores]) -> dict[str, list[Scores]]:
        """Scores of the very orders that ``like`` scores, by baseline and tape."""
        out: dict[str, list[Scores]] = {name: [] for name in NAMES}
        tokens = dataset.tokens_TC
        for tape, position_T, _ in like:
            found = self.log_prob(tokens[position_T - 1], tokens[position_T])
            for name in NAMES:
                out[name].append(Scores(tape, position_T, found[name][:, None]))
        return out


NAMES = ("unigram", "bigram", "bigram_fields")

# Which weight each distribution adds to those below it, in the order of tuning.
TUNING = (
    ("chain", "chain"),
    ("unigram", "unigram"),
    ("group", "bigram"),
    ("joint", "bigram"),
    ("group", "bigram"),
    ("fields", "fields"),
    ("mixture", "mixed"),
    ("group_fields", "bigram_fields"),
    ("joint_fields", "bigram_fields"),
    ("mixture", "bigram_fields"),
    ("group_fields", "bigram_fields"),
)


def fit_baselines(dataset: Dataset) -> Baselines:
    """Counts of the train segments, weights tuned on the valid part.

    Raises:
      InputError: the train or the valid part has no order to score.
    """
    scored_positions(dataset, "train")
    before, after = _pairs(dataset, dataset.part("train"))
    # The first order of a segment follows nothing, yet counts where no past is asked.
    every = [dataset.tokens_TC[s.start : s.stop] for s in dataset.part("train")]
    every = np.concatenate(every)
    alone = _keys(every, every, dataset.field_sizes)
    keys = _keys(before, after, dataset.field_sizes)
    sizes = _sizes(dataset.field_sizes)
    levels = {
        name: Level(
            *(alone if name.startswith(("chain", "unigram")) else keys)[name], size
        )
        for name, size in sizes.items()
    }
    weights = dict.fromkeys((name for name, _ in TUNING), 100.0) | {"mixture": 0.5}
    fitted = Baselines(dataset.field_sizes, levels, weights)
    positions = np.concatenate(list(scored_positions(dataset, "valid").values()))
    tokens = dataset.tokens_TC
    counts = fitted.counts(tokens[positions - 1], tokens[positions])
    for weight, goal in TUNING:
        grid = MIXTURES if weight == "mixture" else PSEUDO_COUNTS
        losses = []
        for value in grid:
            fitted.weights = weights | {weight: value}
            with np.errstate(divide="ignore"):
                losses.append(-np.log(fitted.probabilities(counts)[goal]).mean())
        weights[weight] = grid[int(np.argmin(losses))]
    fitted.weights = weights
    return fitted


def _pairs(dataset: Dataset, segments: list[Segment]):
    """Every order of ``segments`` that follows another, and that other."""
    tokens = [dataset.tokens_TC[s.start : s.stop] for s in segments]
    before = np.concatenate([t[:-1] for t in tokens])
    return before, np.concatenate([t[1:] for t in tokens])


def _sizes(field_sizes: tuple[int, ...]) -> dict[str, int]:
    """How many outcomes each level has."""
    whole = {name: int(np.prod(field_sizes)) for name in ("unigram", "group", "joint")}
    fields = {
        f"{kind}{f}": size
        for kind in ("chain", "fields")
        for f, size in enumerate(field_sizes)
    }
    return whole | fields


def _keys(
    before: np.ndarray, after: np.ndarray, field_sizes: tuple[int, ...]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Context and outcome of each level, int64 ``[T]``."""
    before, after = before.astype(np.int64), after.astype(np.int64)
    index = np.ravel_multi_index(tuple(after.T), field_sizes)
    previous = np.ravel_multi_index(tuple(before.T), field_sizes)
    group = np.ravel_multi_index(tuple(before[:, :2].T), field_sizes[:2])
    nothing = np.zeros_like(index)
    keys = {
        "unigram": (nothing, index),
        "group": (group, index),
        "joint": (previous, index),
    }
    for f in range(len(field_sizes)):
        given = nothing if f == 0 else after[:, 0]
        keys[f"chain{f}"] = (given, after[:, f])
        keys[f"fields{f}"] = (group * field_sizes[0] + given, after[:, f])
    return keys
