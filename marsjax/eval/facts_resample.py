"""Bootstraps as weights: every statistic of the facts is a function of weighted sums.

A statistic's terms are summed over units once; a draw is a weight for each unit, so
that all draws are one matrix product. Units are whole paths where there are enough of
them, and short runs of bars otherwise, drawn in blocks of random length (the stationary
bootstrap of Politis and Romano, 1994). Draw 0 has weight one everywhere: the sample.

Dimensions beside the common ones: R draws with the sample before them, U units.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

FEWEST_PATHS = 8
"""With fewer paths than that, blocks are drawn, not paths."""

_TAILS = (0.025, 0.975)
_BLOCK = 4.0  # mean bars of a block over the cube root of all bars
_CELLS = 8  # units a block has at least on average


class Resampler(NamedTuple):
    """How to resample ``[B, M]`` arrays.

    Attributes:
      weights_RU: how often each unit is drawn; row 0 is all ones.
      num_bars: M; arrays with fewer bars are padded.
      cell: bars of a unit.
      num_free: paths, or blocks that the data hold, less one.
      note: which bootstrap, in words.
    """

    weights_RU: np.ndarray
    num_bars: int
    cell: int
    num_free: int
    note: str

    @property
    def wider(self) -> float:
        """Factor of all intervals: a bootstrap over few paths or blocks is too narrow.

        The expanded percentile interval of Hesterberg (2015, section 5).
        """
        few = np.sqrt(1 + 1 / self.num_free)
        return float(few * stdtrit(self.num_free, 0.975) / ndtri(0.975))

    def sums_of(self, terms) -> np.ndarray:
        """Weighted sums ``[R, F]`` of F arrays ``[B, M]`` or less; NaN counts as 0."""
        return self.weights_RU @ np.stack([self._by_unit(x) for x in terms], axis=1)

    def _by_unit(self, terms_BM: np.ndarray) -> np.ndarray:
        num_paths, num_bars = terms_BM.shape
        whole = -(-self.num_bars // self.cell) * self.cell
        padded = np.zeros((num_paths, whole))
        padded[:, :num_bars] = np.where(np.isnan(terms_BM), 0.0, terms_BM)
        return padded.reshape(num_paths, -1, self.cell).sum(axis=2).ravel()

    def interval(self, values_R: np.ndarray) -> tuple[float, float]:
        """95 % interval of a statistic; ``[R, ...]`` gives arrays.

        NaN where the sample has no value or more than a twentieth of the draws.
        """
        value, draws = values_R[0], values_R[1:]
        missing = np.isnan(draws)
        if not missing.any():
            low, high = np.quantile(draws, _TAILS, axis=0)
        else:
            is_enough = missing.mean(axis=0) <= 0.05
            draws = np.where(is_enough, draws, 0.0)
            low, high = np.where(
                is_enough, np.nanquantile(draws, _TAILS, axis=0), np.nan
            )
        return value + self.wider * (low - value), value + self.wider * (high - value)


def make_resampler(
    num_paths: int, num_bars: int, num_draws: int = 200, seed: int = 0
) -> Resampler:
    """Bootstrap over paths, or over blocks where there are few.

    Args:
      num_paths, num_bars: B and M.
      num_draws: R less one.
      seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    if num_paths >= FEWEST_PATHS:
        even = np.full(num_paths, 1 / num_paths)
        drawn = rng.multinomial(num_paths, even, size=num_draws)
        return Resampler(
            _with_sample(drawn),
            num_bars,
            max(num_bars, 1),
            num_paths - 1,
            f"bootstrap over {num_paths} paths",
        )
    total = max(num_paths, 1) * max(num_bars, 1)
    block = int(np.clip(round(_BLOCK * total ** (1 / 3)), 10, max(total // 8, 10)))
    cell = max(block // _CELLS, 1)
    num_units = num_paths * -(-num_bars // cell)
    drawn = _stationary(rng, num_draws if num_units else 0, num_units, cell / block)
    return Resampler(
        _with_sample(drawn),
        num_bars,
        cell,
        max(total // block - 1, 2),
        f"stationary block bootstrap, mean block {block} bars",
    )


def _with_sample(drawn: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((1, drawn.shape[1])), drawn])


def _stationary(
    rng: np.random.Generator, num_draws: int, num_units: int, stop_prob: float
) -> np.ndarray:
    """Weights of a circular bootstrap in blocks of geometric length."""
    weights = np.zeros((num_draws, num_units))
    place = np.arange(num_units)
    for draw in weights:
        begins = rng.random(num_units) < stop_prob
        begins[0] = True
        first = np.flatnonzero(begins)
        origin = rng.integers(num_units, size=len(first)) - first
        at = (place + np.repeat(origin, np.diff(first, append=num_units))) % num_units
        draw += np.bincount(at, minlength=num_units)
    return weights
