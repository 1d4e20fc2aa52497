"""What a report holds beside scores: facts, responses, memory and histograms.

All are plain lists and numbers, ``None`` where there is no number.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from marsjax.eval import order_scores, response, transitions
from marsjax.eval.bar_batch import Bars
from marsjax.eval.facts import FEWEST_BARS, Fact, facts
from marsjax.eval.fit import fit
from marsjax.eval.series import UNCONDITIONAL
from marsjax.eval.types import Estimate
from marsjax.eval.windows import Windows

REFERENCE = "reference"
"""Name of the real windows in every table of a report."""


def common_length(every: Sequence[Bars]) -> int:
    """Bars that a typical path has in every system that can be measured at all.

    Systems of shorter paths do not count: no fact can be told of them.
    """
    lengths = [int(np.median(bars.used_BM.sum(axis=1))) for bars in every]
    enough = [length for length in lengths if length >= FEWEST_BARS]
    return max(1, min(enough, default=max(lengths, default=1)))


def facts_of(bars: Bars, length: int, num_draws: int, seed: int) -> list[dict]:
    """The stylised facts of paths cut to a length.

    Autocorrelations and tails depend on how long a path is, so that all systems are
    measured on pieces of one length. Paths of an instrument share a scale.
    """
    num = -(-bars.return_BM.shape[1] // length)
    pad = ((0, 0), (0, num * length - bars.return_BM.shape[1]))

    def pieces(values_BM: np.ndarray, fill: float = np.nan) -> np.ndarray:
        return np.pad(values_BM, pad, constant_values=fill).reshape(-1, length)

    used = pieces(bars.used_BM, False)
    # What is left over at a path's end is too short to stand beside the others.
    whole = used.sum(axis=1) == length if num > 1 else used.any(axis=1)
    bar_of_day = np.nan_to_num(pieces(bars.start_s_BM)) // bars.bar_s
    symbol_B = np.array([group.rpartition("/")[0] for group in bars.group_B])
    found = facts(
        pieces(bars.return_BM)[whole],
        pieces(bars.volume_BM)[whole],
        bar_of_day.astype(np.int64)[whole],
        group_B=np.repeat(symbol_B, num)[whole],
        num_draws=num_draws,
        seed=seed,
    )
    note = f"{int(whole.sum())} paths of {length} bars of {bars.bar_s:g} s"
    return [_fact(fact, note) for fact in found]


def _fact(fact: Fact, note: str) -> dict:
    return {
        "number": fact.about.number,
        "name": fact.about.name,
        "says": fact.about.says,
        "statistic": fact.about.statistic,
        "null": fact.about.null,
        "x_label": fact.about.lag_label,
        "y_label": fact.about.value_label,
        "value": triple(fact.value),
        "verdict": fact.verdict,
        "note": "; ".join(x for x in (note, fact.value.note) if x),
        "x": numbers(fact.lags),
        "y": numbers(fact.values),
        "low": numbers(fact.low),
        "high": numbers(fact.high),
    }


def responses_of(windows: Windows, weights_RB: np.ndarray) -> dict:
    """Response functions with 95 % intervals over weightings of the windows."""
    stats = response.prepare(windows)
    draws_REL = response.responses(stats, weights_RB)
    low, high = _quantiles(draws_REL)
    return {
        "lags": numbers(stats.lags_L),
        "types": list(response.TYPES),
        "mean": numbers(response.responses(stats)),
        "low": numbers(low),
        "high": numbers(high),
        "notes": response.notes(stats),
    }


def _quantiles(draws_REL: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % range along the first axis; NaN where most draws have no value."""
    known = np.isfinite(draws_REL).mean(axis=0) > 0.95
    filled = np.where(known, draws_REL, 0.0)
    low, high = np.nanquantile(filled, (0.025, 0.975), axis=0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def order_of(windows: Mapping[str, Windows]) -> dict:
    """Transition matrices and autocorrelations of each system."""
    transition, memory = {}, {}
    for name, each in windows.items():
        found = order_scores.curves(order_scores.prepare(each))
        matrix = transitions.transition_matrix(found.transition_RXX[0])
        transition[name] = numbers(matrix)
        for series, values in found.autocorrelation.items():
            lags = list(range(1, values.shape[1] + 1))
            memory.setdefault(series, {"lags": lags})[name] = numbers(values[0])
    return {
        "events": list(transitions.EVENTS),
        "transitions": transition,
        "autocorrelation": memory,
    }


def histograms_of(windows: Mapping[str, Windows]) -> dict:
    """Values of each series in the bins of its L1 score; the outer ones hold the rest.

    Args:
      windows: by system; the bins are those of `REFERENCE`.
    """
    out = {}
    for part in fit(windows[REFERENCE], series=UNCONDITIONAL).parts:
        grid = part.grid_C[0]
        if grid is None or len(grid.start_K) < 2:
            continue
        inner = grid.edge_E[grid.start_K[1:] - 1]
        width = np.diff(inner[:2]).sum() or 1.0, np.diff(inner[-2:]).sum() or 1.0
        edges = np.concatenate([[inner[0] - width[0]], inner, [inner[-1] + width[1]]])
        counts = {}
        for name, each in windows.items():
            value_Bn, _ = part.values(each)
            value_n = value_Bn[np.isfinite(value_Bn)]
            bins = np.searchsorted(inner, value_n, side="right")
            counts[name] = np.bincount(bins, minlength=len(edges) - 1).tolist()
        out[part.series.name] = {
            "unit": part.series.unit,
            "bin_edges": numbers(edges),
            **counts,
        }
    return out


def triple(estimate: Estimate) -> list[float | None]:
    """Value, low and high."""
    return [number(x) for x in estimate[:3]]


def number(value: float) -> float | None:
    """A number as JSON has it; ``None`` where there is none."""
    return float(value) if np.isfinite(value) else None


def numbers(values: np.ndarray) -> list:
    """Nested lists of numbers, ``None`` for those that are none."""
    values = np.asarray(values, np.float64)
    if values.ndim == 1:
        return [number(x) for x in values]
    return [numbers(x) for x in values]
