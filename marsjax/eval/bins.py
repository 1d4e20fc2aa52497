"""Bins that are fixed once, and counts of windows in them.

A grid has two resolutions. Its bins are those of the histograms that L1 and the overlap
compare. Its cells are finer and give the distribution functions that W1 and KS compare:
with at most `MAX_ATOMS` distinct values each value is a cell of its own, otherwise the
cells are quantiles; both are cut at equal steps, which serves the tails. Windows are
counted in cells once; any weighting of windows is then one product of matrices.
"""

from typing import NamedTuple

import numpy as np

MAX_ATOMS = 512
"""Distinct values that have cells of their own; of more, as many edges of cells."""

FREEDMAN_DIACONIS, SCOTT = 2.0, (24 * np.pi**0.5) ** (1 / 3)
"""Widths of a bin: 2 IQR n^(-1/3) (Freedman and Diaconis, 1981, as numpy has it) and
3.49 s n^(-1/3) (Scott, 1979)."""


class Grid(NamedTuple):
    """E edges, M = E + 1 cells (the outer two have one end) and K bins made of cells.

    Attributes:
      edge_E: ascending; a cell holds its lower edge and not its upper one.
      start_K: first cell of each bin.
      scale: what W1 is divided by; 0 where the values that made the grid are constant.
    """

    edge_E: np.ndarray
    start_K: np.ndarray
    scale: float

    @property
    def num_cells(self) -> int:
        """M."""
        return len(self.edge_E) + 1

    @property
    def width_M(self) -> np.ndarray:
        """Widths of the cells; 0 for the outer two."""
        return np.concatenate([[0.0], np.diff(self.edge_E), [0.0]])


class Counts(NamedTuple):
    """What B windows have in M cells; float32, whose sums are exact up to 2**24.

    Attributes:
      count_BM: values in a cell.
      rest_BM: sum over these of the distance to the cell's upper edge; in the last
        cell to its lower one. It makes the integral of a distribution function over a
        cell exact, wherever in the cell the values lie.
    """

    count_BM: np.ndarray
    rest_BM: np.ndarray


def finite(values: np.ndarray) -> np.ndarray:
    """Values that are numbers, sorted, one dimension."""
    values = np.asarray(values, np.float64).ravel()
    return np.sort(values[np.isfinite(values)])


def freedman_diaconis_edges(values_n: np.ndarray, *, as_numpy: bool) -> np.ndarray:
    """Edges of the bins that hold a value; empty ones in a row become one.

    Merging bins that are empty in the reference changes no L1 against it, and bounds
    their number where a few values lie far out.

    Args:
      values_n: sorted finite values, at least one.
      as_numpy: as `numpy.histogram_bin_edges` has it, with one bin where the quartiles
        are equal, and the greatest value on the last edge. Otherwise the width is then
        Scott's, and the greatest value is inside of the last bin.
    """
    low, high = values_n[0], values_n[-1]
    beyond = np.nextafter(high, np.inf)
    if low == high:
        return np.array([low, beyond])
    lower, upper = np.percentile(values_n, [25, 75])
    width = FREEDMAN_DIACONIS * (upper - lower)
    if width == 0 and not as_numpy:
        width = SCOTT * values_n.std()
    width *= len(values_n) ** (-1 / 3)
    num = max(np.ceil((high - low) / width), 1) if width > 0 else 1
    step = (high - low) / num
    held = np.unique(np.minimum((values_n - low) // step, num - 1))
    edges = low + np.union1d(held, held + 1) * step
    edges[-1] = high if as_numpy else beyond
    return edges


def point_edges(values_n: np.ndarray) -> np.ndarray:
    """Edges that give each distinct value a bin, and what lies between two another."""
    distinct = np.unique(values_n)
    return np.union1d(distinct, np.nextafter(distinct, np.inf))


def decile_edges(values_n: np.ndarray) -> np.ndarray:
    """Deciles as LOB-Bench takes them: one that repeats has a bin of width 0.01."""
    deciles, times = np.unique(
        np.quantile(values_n, np.arange(0.1, 1.0, 0.1)), return_counts=True
    )
    return np.sort(np.concatenate([deciles, deciles[times > 1] + 1e-2]))


def make_grid(values_n: np.ndarray, bin_edge: np.ndarray, scale: float) -> Grid:
    """Cells of sorted values between the edges of given bins.

    Cells are cut at the distinct values or quantiles, and at equal steps, which are
    those of ticks or shares where there are few.

    Args:
      values_n: sorted finite values, at least one.
      bin_edge: ascending edges of bins.
      scale: see `Grid`.
    """
    distinct, low, high = np.unique(values_n), values_n[0], values_n[-1]
    if len(distinct) <= MAX_ATOMS:
        fine = point_edges(distinct)
    else:
        at = np.linspace(0, len(values_n) - 1, MAX_ATOMS // 2).astype(np.int64)
        quantile, times = np.unique(values_n[at], return_counts=True)
        fine = np.union1d(quantile, np.nextafter(quantile[times > 1], np.inf))
    # Tails are wide, and the other sample has values between those of this one.
    step = max(np.diff(distinct).min(initial=np.inf), (high - low) / MAX_ATOMS * 2)
    between = np.arange(low, high, step) if low < high else np.zeros(0)
    edge_E = np.union1d(np.union1d(fine, between), bin_edge)
    start_K = np.concatenate([[0], np.searchsorted(edge_E, np.unique(bin_edge)) + 1])
    return Grid(edge_E, start_K, float(scale))


def count(grid: Grid, value_Bn: np.ndarray, which_Bn: np.ndarray) -> Counts:
    """Counts windows in the cells of a grid.

    Args:
      grid: M cells.
      value_Bn: values.
      which_Bn: bool, those that count; the others may be NaN.
    """
    num_windows, num_cells = len(value_Bn), grid.num_cells
    row, place = np.nonzero(which_Bn)
    value = value_Bn[row, place]
    cell = np.searchsorted(grid.edge_E, value, side="right")
    end = np.concatenate([grid.edge_E, grid.edge_E[-1:]])
    rest = np.abs(end[cell] - value)
    flat, size = row * num_cells + cell, num_windows * num_cells
    shape = (num_windows, num_cells)
    return Counts(
        np.bincount(flat, minlength=size).reshape(shape).astype(np.float32),
        np.bincount(flat, rest, size).reshape(shape).astype(np.float32),
    )
