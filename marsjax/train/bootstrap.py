"""Confidence intervals from blocks of time.

Orders close in time are alike, so that single orders cannot be resampled: whole blocks
of consecutive orders are (Künsch 1989), within each tape.
"""

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A mean with the central 95 % of its bootstrap distribution."""

    mean: float
    low: float
    high: float


def block_means(
    values_T: np.ndarray, num_blocks: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Means of ``draws`` resamples of the contiguous blocks, ``[draws]``."""
    blocks = np.array_split(values_T, min(num_blocks, len(values_T)))
    sums = np.array([block.sum(dtype=np.float64) for block in blocks])
    sizes = np.array([len(block) for block in blocks])
    pick = rng.integers(len(blocks), size=(draws, len(blocks)))
    return sums[pick].sum(axis=1) / sizes[pick].sum(axis=1)


def intervals(
    values: dict[str, np.ndarray],
    *,
    num_blocks: int = 50,
    draws: int = 2_000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Mean and 95 % interval of each tape, and of the average over tapes.

    Args:
      values: by tape, one number an order in time order, ``[T]``.
      num_blocks: blocks a tape.
      draws: bootstrap resamples.
      seed: of the resampling.

    Returns:
      By tape, and under ``mean`` the tapes' unweighted average.
    """
    rng = np.random.default_rng(seed)
    out, means, resampled = {}, [], []
    for tape, values_T in values.items():
        means.append(float(np.mean(values_T, dtype=np.float64)))
        resampled.append(block_means(values_T, num_blocks, draws, rng))
        out[tape] = Interval(means[-1], *_central(resampled[-1]))
    average = np.mean(resampled, axis=0)
    out["mean"] = Interval(float(np.mean(means)), *_central(average))
    return out


def _central(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
