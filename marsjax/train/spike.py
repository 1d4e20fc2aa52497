"""Whether the loss of a run is bad: not finite, or far above its running level."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

STEPS = 10
"""Steps on end that must be high: a single batch of rare orders stops no run."""

HISTORY = 200
"""Steps before those, whose median is the level."""

FEWEST = 50
"""Steps that must have been seen before any is judged."""

DEVIATIONS = 6.0
"""Robust standard deviations by which a loss must exceed the level as well."""


class Spike(NamedTuple):
    """A loss that rose: its mean over the last steps, and what it was before."""

    loss: float
    level: float


class LossWatch:
    """Judges each step's loss by the ones before.

    A loss is high if it exceeds the median of the last `HISTORY` losses that were not
    high by more than ``spike`` nats and by more than `DEVIATIONS` times their scaled
    median absolute deviation, which keeps runs with few and uneven windows a step from
    being stopped. `STEPS` high ones on end are a spike. Losses that are high do not
    move the level unless the streak ends.

    Attributes:
      high: the streak of high losses that goes on, oldest first.
    """

    def __init__(self, spike: float | None, past: Iterable[float] = ()):
        self.spike = spike
        self.high: list[float] = []
        self._past: deque[float] = deque(past, maxlen=HISTORY)

    @property
    def past(self) -> list[float]:
        """Losses that make the level, to go on from; of no use while one is high."""
        return list(self._past)

    @property
    def is_calm(self) -> bool:
        """Whether the last loss was not high."""
        return not self.high

    @property
    def limit(self) -> float:
        """Above it a loss is high."""
        if self.spike is None or len(self._past) < FEWEST:
            return float("inf")
        past = np.array(self._past)
        level = np.median(past)
        # 1.4826: of a normal distribution, the standard deviation in units of the MAD.
        deviation = 1.4826 * np.median(np.abs(past - level))
        return float(level + max(self.spike, DEVIATIONS * deviation))

    def add(self, loss: float) -> Spike | None:
        """Takes the next step's loss; the spike, if it completes one."""
        if loss > self.limit:
            self.high.append(loss)
            if len(self.high) < STEPS:
                return None
            return Spike(float(np.mean(self.high)), float(np.median(self._past)))
        self._past.extend([*self.high, loss])
        self.high = []
        return None
