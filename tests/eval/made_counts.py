"""Windows reduced to histograms: the quickest statistic that is a distance."""

import numpy as np

NUM_BINS = 12
LAW = np.exp(-np.arange(NUM_BINS) / 4)
LAW /= LAW.sum()


def tilted(by: float) -> np.ndarray:
    """The law, leaning to one end."""
    law = LAW * np.exp(by * np.linspace(-1, 1, NUM_BINS))
    return law / law.sum()


def made_counts(rng, num_windows: int, law=LAW, alike: float = 40.0, num: int = 200):
    """Counts ``[B, M]`` of windows whose own laws scatter around a common one."""
    laws = rng.dirichlet(alike * law, size=num_windows)
    return rng.multinomial(num, laws).astype(float)


def total_variation_fn(*parts):
    """Score function of windows, given as counts."""
    counts_BM = np.concatenate(parts)

    def score_fn(first_RB, second_RB):
        first, second = (w @ counts_BM for w in (first_RB, second_RB))
        first, second = (x / x.sum(axis=1, keepdims=True) for x in (first, second))
        return {"L1": np.abs(first - second).sum(axis=1) / 2}

    return score_fn


def is_covered(estimates, truth: float) -> float:
    """Share of intervals that hold a number."""
    low, high = (np.array([getattr(x, k) for x in estimates]) for k in ("low", "high"))
    return float(np.mean((low <= truth) & (truth <= high)))
