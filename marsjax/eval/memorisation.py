"""Does a generator copy its training data more than real data repeat it?

Of each window the longest run of symbols (`marsjax.eval.symbols`) that occurs anywhere
in the training data, beside the same of real windows that were held out. Even random
sequences of n and m symbols share a run of about log(n m) / log(1 / p) of them, p the
chance that two symbols are equal (Arratia and Waterman, Advances in Mathematics 55,
1985), and a busy market repeats itself; only what goes beyond held-out data is copying.

The verdict is of the mean over windows. A single copied window does not show in it:
look at `Memorisation.longest`, which also says where the longest run comes from.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.halves import relabelled
from marsjax.eval.intervals import (
    Level,
    bootstrap_weights,
    estimate,
    joined,
    level_of,
    widening,
)
from marsjax.eval.longest_match import Matches, longest_matches
from marsjax.eval.symbols import Bins, fit_bins, symbols
from marsjax.eval.types import Estimate
from marsjax.eval.windows import Windows

FEWEST = 4
"""Windows a set must have."""

ALPHA = 0.05

COPIES = "copies more than held-out real data does"
NO_MORE = "copies no more than held-out real data does"
UNKNOWN = "too few windows to tell"


class Source(NamedTuple):
    """A run of symbols in a window and in the training data.

    Attributes:
      length: its symbols.
      window, start: in which generated window, and from which of its messages on.
      tape, row: the training tape, and the message row of its training window's first
        message; ``offset`` messages after that the run begins there.
    """

    length: int
    window: int
    start: int
    tape: str
    row: int
    offset: int


class Memorisation(NamedTuple):
    """Longest matches with the training data.

    Attributes:
      generated, held_out: mean length of the longest match of a window; held-out
        windows are weighted so that each group counts as it does among the generated.
      difference: generated - held-out.
      p_value: probability of so large a difference if the two were alike (one-sided,
        by permutation).
      beyond: share of generated windows whose longest match is longer than that of
        every held-out window.
      length_C, held_out_length_B: lengths of each window.
      longest: the longest of the generated, ``None`` without any.
      verdict: `COPIES`, `NO_MORE` or `UNKNOWN`.
    """

    generated: Estimate
    held_out: Estimate
    difference: Estimate
    p_value: float
    beyond: float
    length_C: np.ndarray
    held_out_length_B: np.ndarray
    longest: Source | None
    verdict: str


def memorisation(
    training: Windows,
    generated: Windows,
    held_out: Windows,
    *,
    bins: Bins | None = None,
    num_draws: int = 1000,
    seed: int = 0,
    level: Level = "windows",
) -> Memorisation:
    """Compares longest matches of generated and of held-out windows.

    Args:
      training: what the generator was trained on. Runs across the end of a window are
        not seen, so that long windows are better.
      generated, held_out: windows; of the longer ones only as many messages count as
        the others have, for longer windows have longer matches.
      bins: of the symbols; by default fitted on the training data.
      num_draws, seed, level: of the bootstrap and of the permutations.
    """
    bins = fit_bins(training) if bins is None else bins
    kept = [np.flatnonzero(x.used_BT.any(axis=1)) for x in (generated, held_out)]
    sets = [x.take(k) for x, k in zip((generated, held_out), kept, strict=True)]
    length = min(x.type_BT.shape[1] for x in sets)
    searched_CU = symbols(training, bins)
    both = [symbols(x, bins)[:, :length] for x in sets]
    matches = longest_matches(np.concatenate(both), searched_CU)
    num = sets[0].num_windows
    length_C, length_B = np.split(matches.length_B.astype(np.float64), [num])
    longest = _source(matches, kept[0], training)
    note = ""
    if generated.type_BT.shape[1] != held_out.type_BT.shape[1]:
        note = f"of the first {length} messages of each window"
    if min(len(length_C), len(length_B)) < FEWEST or not searched_CU.size:
        why = f"fewer than {FEWEST} windows of either kind, or no training data"
        none = Estimate(np.nan, np.nan, np.nan, why)
        return Memorisation(
            *(none,) * 3, np.nan, np.nan, length_C, length_B, longest, UNKNOWN
        )
    groups = [x.group_B for x in sets]
    note = joined(note, level_of(groups[1], level)[1])
    draws = [
        bootstrap_weights(group, num_draws, seed + i, level)
        for i, group in enumerate(groups)
    ]
    wide = [widening(group, level) for group in groups]
    weights, text = _alike(*groups)
    note = joined(note, text)
    base_B = np.array([weights[x] for x in groups[1]])
    value, held = length_C.mean(), np.average(length_B, weights=base_B)
    value_R = _mean(length_C, draws[0])
    held_R = _mean(length_B, draws[1] * base_B[None, :])
    own_N = (np.arange(len(matches.length_B)) < num)[None, :].astype(np.float64)
    labels = relabelled(*groups, num_draws, seed + 2, level)
    pairs = zip((own_N, 1 - own_N), labels, strict=True)
    p_value = _p_value(
        matches.length_B,
        np.concatenate(groups),
        [np.concatenate(x) for x in pairs],
        # Groups that change places whole do not keep their shares.
        weights if level == "windows" else dict.fromkeys(weights, 1.0),
    )
    return Memorisation(
        estimate(value, value_R, wider=wide[0], note=note),
        estimate(held, held_R, wider=wide[1], note=note),
        estimate(value - held, value_R - held_R, wider=max(wide), note=note),
        p_value,
        float(np.mean(length_C > length_B.max())),
        length_C,
        length_B,
        longest,
        COPIES if p_value <= ALPHA else NO_MORE,
    )


def _mean(length_B: np.ndarray, weight_RB: np.ndarray) -> np.ndarray:
    return weight_RB @ length_B / weight_RB.sum(axis=1)


def _alike(group_C: np.ndarray, group_B: np.ndarray) -> tuple[dict[str, float], str]:
    """Weights by group that give the second set's groups the first one's shares.

    All are 1, and a note says so, if a group of the first set is not in the second.
    """
    names = np.unique(np.concatenate([group_C, group_B]))
    if not set(group_C) <= set(group_B):
        return dict.fromkeys(names, 1.0), "held-out windows are of other groups"
    return {x: np.mean(group_C == x) / np.mean(group_B == x) for x in names}, ""


def _p_value(length_N, group_N, sides, weights: dict[str, float]) -> float:
    """Share of relabellings with a difference as large, this one among them."""
    base_N = np.array([weights[x] for x in group_N])
    gap_R = _mean(length_N, sides[0]) - _mean(length_N, sides[1] * base_N[None, :])
    slack = 1e-12 * max(1.0, np.abs(gap_R[0]))
    return float(np.mean(gap_R >= gap_R[0] - slack))


def _source(matches: Matches, kept_C: np.ndarray, training: Windows) -> Source | None:
    """The longest match of the generated windows, which come first."""
    length_C = matches.length_B[: len(kept_C)]
    if not length_C.any():
        return None
    at = int(length_C.argmax())
    source = int(matches.source_B[at])
    return Source(
        int(matches.length_B[at]),
        int(kept_C[at]),
        int(matches.start_B[at]),
        str(training.tape_B[source]),
        int(training.row_B[source]),
        int(matches.source_start_B[at]),
    )
