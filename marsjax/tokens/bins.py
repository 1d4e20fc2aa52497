"""Equal-frequency bins of integers, and the values that a bin decodes to (host)."""

import numpy as np


def equal_frequency_edges(values_T: np.ndarray, num_bins: int) -> np.ndarray:
    """Inclusive upper edges of equal-frequency bins.

    Values that tie are never split, and a value more frequent than a bin's share gets a
    bin of its own; the share is taken anew after each bin, so the rest stay even
    (MarS, arXiv 2409.07486, section 3.1).

    Args:
      values_T: integers.
      num_bins: how many bins.

    Returns:
      ``int64[num_bins - 1]``, ascending; a value v falls in bin ``sum(v > edges)``.
      With fewer distinct values than bins the last edges repeat the largest value, and
      the bins between them stay empty.
    """
    if len(values_T) == 0:
        raise ValueError("no values to make bins of")
    unique, counts = np.unique(np.asarray(values_T, np.int64), return_counts=True)
    edges: list[int] = []
    left, in_bin = int(counts.sum()), 0
    for i, count in enumerate(counts.tolist()):
        bins_left = num_bins - len(edges)
        if bins_left == 1:
            break
        if in_bin and count >= left / bins_left:  # frequent: a bin of its own
            edges.append(int(unique[i - 1]))
            left, in_bin, bins_left = left - in_bin, 0, bins_left - 1
            if bins_left == 1:
                break
        in_bin += count
        if in_bin >= left / bins_left:
            edges.append(int(unique[i]))
            left, in_bin = left - in_bin, 0
    edges += [int(unique[-1])] * (num_bins - 1 - len(edges))
    return np.asarray(edges, np.int64)


def symmetric_edges(values_T: np.ndarray, num_bins: int) -> np.ndarray:
    """Edges whose mirror image is themselves, from the magnitudes of ``values_T``.

    Bin b of v is bin ``num_bins - 1 - b`` of -v, for every v but 0, which falls in the
    first bin of the upper half. ``num_bins`` must be even.
    """
    if num_bins % 2:
        raise ValueError("num_bins must be even")
    magnitude = equal_frequency_edges(np.abs(values_T), num_bins // 2)
    return np.concatenate([-magnitude[::-1] - 1, [-1], magnitude])


def to_bins(values_T: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of each value: the number of edges below it."""
    return np.searchsorted(edges, values_T, side="left")


def quantile_table(
    values_T: np.ndarray, edges: np.ndarray, num_values: int
) -> np.ndarray:
    """Equally likely values of each bin: its empirical quantiles.

    Drawing one of them at random samples the bin's own distribution to a resolution of
    ``1 / num_values``. An empty bin takes the values of the bin before it (after it, at
    the start), so that whatever a model draws decodes to something that was seen.

    Returns:
      ``int64[num_bins, num_values]``.
    """
    values_T = np.sort(np.asarray(values_T, np.int64))
    bounds = np.searchsorted(to_bins(values_T, edges), np.arange(len(edges) + 2))
    position = (np.arange(num_values) + 0.5) / num_values
    table = np.zeros((len(edges) + 1, num_values), np.int64)
    filled = np.flatnonzero(np.diff(bounds))
    for b in range(len(edges) + 1):
        before = filled[filled <= b]
        source = before[-1] if len(before) else filled[0]
        start, stop = bounds[source], bounds[source + 1]
        table[b] = values_T[start + (position * (stop - start)).astype(np.int64)]
    return table
