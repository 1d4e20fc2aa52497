"""What a table of counts can predict: unigram, bigram and trigram with back-off.

Each level is the one below it with counts on top
(:mod:`marsjax.train.baseline_counts`), a proper distribution over all outcomes.

1. ``chain``: p(type) p(price | type) p(volume | type) p(interval | type);
2. ``unigram``: counts of whole orders over the chain;
3. ``bigram_fields``: the chain's factors given the type and price of the order before,
   backing off to the chain's, mixed with the unigram: ``m * fields + (1-m) * unigram``;
4. counts of whole orders given the type and price of the order before, over 3 (or, in
   the plain ``bigram``, over the unigram);
5. the same given the whole order before, over 4;
6. ``trigram`` and ``trigram_fields``: :mod:`marsjax.train.baseline_trigram`.

Of events of another domain the first two fields take the place of type and price.

Counts come from the train segments alone; the pseudo-counts ``a`` and the mixture are
those that score the valid part best. Scored positions are the model's.
"""

from dataclasses import dataclass

import numpy as np

from marsjax.train.baseline_counts import PSEUDO_COUNTS, Level, smooth
from marsjax.train.baseline_trigram import MIXTURES, Neighbours, Trigram
from marsjax.train.data import Dataset
from marsjax.train.evaluate import Scores, scored_positions

MOST_TUNED = 2**17
"""Most valid orders that weights are tuned by; of more, as many spread evenly."""


@dataclass
class Baselines:
    """Fitted tables. ``weights`` holds the pseudo-counts and the mixture by level."""

    field_sizes: tuple[int, ...]
    levels: dict[str, Level]
    weights: dict[str, float]
    trigram: Trigram | None = None

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

    def log_prob(
        self, before: np.ndarray, after: np.ndarray, earlier: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Nats of the orders ``after`` that follow ``before``, each ``[T, C]``.

        Args:
          before: the order before each.
          after: the orders.
          earlier: the one before that, with the size of each field where there is none;
            None: there is none of any.

        Returns:
          Of each of `NAMES`, float64 ``[T]``.
        """
        if earlier is None:
            earlier = np.broadcast_to(self.field_sizes, after.shape)
        orders = Neighbours(*(x.astype(np.int64) for x in (after, before, earlier)))
        found = self.probabilities(self.counts(orders.before, orders.after))
        if self.trigram is not None:
            counts = self.trigram.counts(orders)
            found |= self.trigram.probabilities(counts, found)
        return {name: np.log(found[name]) for name in NAMES if name in found}

    def scores(self, dataset: Dataset, like: list[Scores]) -> dict[str, list[Scores]]:
        """Scores of the very orders that ``like`` scores, by baseline and tape."""
        out: dict[str, list[Scores]] = {}
        for tape, position_T, _ in like:
            orders = neighbours(dataset, position_T)
            found = self.log_prob(orders.before, orders.after, orders.earlier)
            for name, log_prob_T in found.items():
                scores = Scores(tape, position_T, log_prob_T[:, None])
                out.setdefault(name, []).append(scores)
        return out


NAMES = ("unigram", "bigram", "bigram_fields", "trigram", "trigram_fields")

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
    train = neighbours(dataset, _positions(dataset, "train"))
    # The first order of a segment follows nothing, yet counts where no past is asked.
    every = [dataset.tokens_TC[s.start : s.stop] for s in dataset.part("train")]
    every = np.concatenate(every)
    alone = _keys(every, every, dataset.field_sizes)
    keys = _keys(train.before, train.after, dataset.field_sizes)
    sizes = _sizes(dataset.field_sizes)
    levels = {
        name: Level(
            *(alone if name.startswith(("chain", "unigram")) else keys)[name], size
        )
        for name, size in sizes.items()
    }
    weights = dict.fromkeys((name for name, _ in TUNING), 100.0) | {"mixture": 0.5}
    fitted = Baselines(dataset.field_sizes, levels, weights)
    positions = _positions(dataset, "valid")
    if len(positions) > MOST_TUNED:
        spread = np.linspace(0, len(positions) - 1, MOST_TUNED).astype(int)
        positions = positions[spread]
    valid = neighbours(dataset, positions)
    counts = fitted.counts(valid.before, valid.after)
    for weight, goal in TUNING:
        grid = MIXTURES if weight == "mixture" else PSEUDO_COUNTS
        losses = []
        for value in grid:
            fitted.weights = weights | {weight: value}
            with np.errstate(divide="ignore"):
                losses.append(-np.log(fitted.probabilities(counts)[goal]).mean())
        weights[weight] = grid[int(np.argmin(losses))]
    fitted.weights = weights
    below = fitted.probabilities(counts)
    fitted.trigram = Trigram(dataset.field_sizes, train, valid, below)
    return fitted


def neighbours(dataset: Dataset, position_T: np.ndarray) -> Neighbours:
    """Orders of a dataset with the two before each, of which the second may lack."""
    tokens = dataset.tokens_TC
    after, before, earlier = (
        tokens[np.maximum(position_T - back, 0)].astype(np.int64) for back in range(3)
    )
    starts = np.array([segment.start for segment in dataset.segments])
    earlier[np.isin(position_T - 1, starts)] = dataset.field_sizes
    return Neighbours(after, before, earlier)


def _positions(dataset: Dataset, part: str) -> np.ndarray:
    return np.concatenate(list(scored_positions(dataset, part).values()))


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
