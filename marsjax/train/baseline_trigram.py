"""What counts of the previous two orders predict, over what one order before does.

1. ``trigram``: counts of whole orders given type and price of the two before, then
   given both whole, over the bigram;
2. ``trigram_fields``: a product of fields, each a ladder of contexts that grow by: what
   the order itself has told before, as far as type and price; the same field of the
   order before; its type and price; its last field; the same field of the order before
   that; its type and price. Mixed with the unigram, and under counts of whole orders
   given type and price of the order before, all of it, and both orders.

A first order of a segment is what comes before the second, and of it nothing is known:
a value of its own in every field.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from marsjax.train.baseline_counts import Counts, Ladder, Steps

MIXTURES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


class Neighbours(NamedTuple):
    """Orders and the two before each, int64 ``[T, C]``.

    ``earlier`` holds the size of a field where there is no such order.
    """

    after: np.ndarray
    before: np.ndarray
    earlier: np.ndarray


class TrigramCounts(NamedTuple):
    """All counts that the probability of some orders needs."""

    fields: list[list[Counts]]
    whole: list[Counts]
    over_fields: list[Counts]


class Trigram:
    """Ladders fitted on ``train``, with weights that score ``valid`` best.

    Args:
      field_sizes: of a token.
      train: orders to count.
      valid: orders to tune by.
      below: of ``valid``, what the ``unigram`` and the ``bigram`` give, ``[T]`` each.
    """

    def __init__(
        self,
        field_sizes: tuple[int, ...],
        train: Neighbours,
        valid: Neighbours,
        below: dict[str, np.ndarray],
    ):
        self.field_sizes, self.mixture = field_sizes, 0.5
        self.fields = [
            Ladder(self._field_steps(train, f), train.after[:, f], size)
            for f, size in enumerate(field_sizes)
        ]
        outcome, outcomes = self._join([(train.after, f) for f in self._every])
        whole, over = self._whole_steps(train), self._over_steps(train)
        self.whole = Ladder(whole, outcome, outcomes)
        self.over_fields = Ladder(over, outcome, outcomes)
        self._tune(self.counts(valid), below)

    def counts(self, orders: Neighbours) -> TrigramCounts:
        """Counts of the training orders, for ``orders``."""
        outcome, _ = self._join([(orders.after, f) for f in self._every])
        return TrigramCounts(
            [
                ladder.counts(self._field_steps(orders, f), orders.after[:, f])
                for f, ladder in enumerate(self.fields)
            ],
            self.whole.counts(self._whole_steps(orders), outcome),
            self.over_fields.counts(self._over_steps(orders), outcome),
        )

    def probabilities(
        self, counts: TrigramCounts, below: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Of ``trigram`` and ``trigram_fields``, float64 ``[T]``."""
        product = 1.0
        for ladder, found, size in zip(
            self.fields, counts.fields, self.field_sizes, strict=True
        ):
            product = product * ladder.probability(found, 1 / size)
        mixed = self.mixture * product + (1 - self.mixture) * below["unigram"]
        return {
            "trigram": self.whole.probability(counts.whole, below["bigram"]),
            "trigram_fields": self.over_fields.probability(counts.over_fields, mixed),
        }

    def _tune(self, counts: TrigramCounts, below: dict[str, np.ndarray]) -> None:
        self.whole.tune(counts.whole, below["bigram"])
        product = 1.0
        for ladder, found, size in zip(
            self.fields, counts.fields, self.field_sizes, strict=True
        ):
            product = product * ladder.tune(found, 1 / size)
        losses = []
        for value in MIXTURES:
            mixed = value * product + (1 - value) * below["unigram"]
            with np.errstate(divide="ignore"):
                found = self.over_fields.tune(counts.over_fields, mixed, passes=1)
                losses.append(-np.log(found).mean())
        self.mixture = MIXTURES[int(np.argmin(losses))]
        mixed = self.mixture * product + (1 - self.mixture) * below["unigram"]
        self.over_fields.tune(counts.over_fields, mixed)

    @property
    def _every(self) -> range:
        return range(len(self.field_sizes))

    def _field_steps(self, orders: Neighbours, field: int) -> Steps:
        """Contexts of one field, the shortest first."""
        after, before, earlier = orders
        last = len(self.field_sizes) - 1
        wanted = [
            [(after, 0)] if field > 0 else [],
            [(after, 1)] if field > 1 else [],
            [(before, field)],
            [(before, 0), (before, 1)],
            [(before, last)],
            [(earlier, field)],
            [(earlier, 0), (earlier, 1)],
        ]
        steps, used = [self._join([])], set()
        for columns in wanted:
            new = [(x, f) for x, f in columns if f <= last and (id(x), f) not in used]
            used |= {(id(x), f) for x, f in new}
            if new:
                steps.append(self._join(new))
        return steps

    def _whole_steps(self, orders: Neighbours) -> Steps:
        _, before, earlier = orders
        head, tail = self._every[:2], self._every[2:]
        return [
            self._join([(x, f) for x in (before, earlier) for f in part])
            for part in (head, tail)
        ]

    def _over_steps(self, orders: Neighbours) -> Steps:
        _, before, earlier = orders
        return [
            self._join([(before, f) for f in self._every[:2]]),
            self._join([(before, f) for f in self._every[2:]]),
            self._join([(earlier, f) for f in self._every]),
        ]

    def _join(self, columns: Sequence[tuple[np.ndarray, int]]) -> tuple:
        """Several columns as one number, and how many values it has.

        Every column has room for the value of no order.
        """
        number, size = np.int64(0), 1
        for orders, field in columns:
            number = number * (self.field_sizes[field] + 1) + orders[:, field]
            size *= self.field_sizes[field] + 1
        return number, size
