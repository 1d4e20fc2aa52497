"""Can a network tell generated windows from real ones? AUC beside two controls.

Every window is scored by a network that has not seen it (two folds). An AUC of 0.5 says
that this network, on so many windows, finds no difference; 1 that it always does. Two
controls say what that is worth: real windows with their rows shuffled in time must be
found (else the network cannot see order), and real windows against other real ones must
not be (else it finds something that is no difference).

The intervals are over windows, with the trained networks given: another seed moves the
AUC too, by less the more windows there are.
"""

from collections.abc import Callable

import numpy as np

from marsjax.eval.intervals import Level, joined
from marsjax.eval.message_features import fit_scale, message_features, standardise
from marsjax.eval.rank_auc import auc_estimate
from marsjax.eval.sequence_net import CHUNK, Sequences, score, train
from marsjax.eval.shuffle import shuffle_in_time
from marsjax.eval.types import Estimate
from marsjax.eval.windows import Windows

GENERATED = "AUC, generated against real"
SHUFFLED = "AUC, time-shuffled against real"
REAL = "AUC, real against other real"

FEWEST = 8
"""Windows a set must have."""

CROP = 256
NUM_STEPS = 100
SEEN = 0.6
"""A shuffled control below this finds no order."""

FEWEST_GROUPS = 4
"""Groups that both sets must have for the folds to keep groups apart."""


def discriminate(
    reference: Windows,
    generated: Windows,
    *,
    other: Windows | None = None,
    seed: int = 0,
    num_steps: int = NUM_STEPS,
    crop: int = CROP,
    level: Level = "windows",
    progress_fn: Callable[[int, int], None] | None = None,
) -> dict[str, Estimate]:
    """AUC of a discriminator and its two controls.

    Args:
      reference: real windows.
      generated: the windows to tell from them.
      other: other real windows for the control; by default the reference is halved at
        random within its groups, so that the control has half as many windows.
      seed: of everything random.
      num_steps: training steps of each of the six networks, of 32 crops each.
      crop: messages of a crop; shorter windows are taken whole.
      level: what the intervals resample, as of `marsjax.eval.intervals.level_of`.
      progress_fn: called with the steps done and their number.

    Returns:
      estimates by `GENERATED`, `SHUFFLED` and `REAL`; NaN with a note where there are
      fewer than `FEWEST` windows.
    """
    rng = np.random.default_rng(seed)
    reference, generated = _with_messages(reference), _with_messages(generated)
    shuffled = shuffle_in_time(reference, seed)
    first = reference
    if other is None:
        is_first = _halved(reference.group_B, rng)
        first, other = reference.take(is_first), reference.take(~is_first)
    else:
        other = _with_messages(other)
    scale = fit_scale(message_features(reference))
    runs = {
        GENERATED: (reference, generated, False),
        SHUFFLED: (reference, shuffled, True),
        REAL: (first, other, False),
    }
    crop = min(crop, *(x.type_BT.shape[1] for run in runs.values() for x in run[:2]))
    total = len(runs) * 2 * -(-num_steps // CHUNK) * CHUNK
    done = 0

    def progress(steps: int) -> None:
        nonlocal done
        done += steps
        if progress_fn is not None:
            progress_fn(done, total)

    out = {}
    for name, (real, unreal, is_matched) in runs.items():
        if min(real.num_windows, unreal.num_windows) < FEWEST or not crop:
            note = f"fewer than {FEWEST} windows of either kind"
            out[name] = Estimate(np.nan, np.nan, np.nan, note)
            continue
        pair = (real, unreal)
        folds, note = split(pair, rng)
        sets = [_sequences(x, scale) for x in pair]
        scores = _cross_fit(sets, folds, crop, num_steps, seed, progress)
        groups = (real.group_B, unreal.group_B)
        out[name] = auc_estimate(
            scores, folds, groups, is_matched=is_matched, level=level, note=note
        )
    control = out[SHUFFLED].value
    if np.isfinite(control) and control < SEEN:
        text = "the network does not find time-shuffled windows: it sees no order"
        found = out[GENERATED]
        out[GENERATED] = found._replace(note=joined(found.note, text))
    return out


def split(
    pair: tuple[Windows, Windows], rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """Two folds of two sets of windows, 0 or 1 for each window of either.

    Groups are kept apart if the sets share `FEWEST_GROUPS` of them or more. Otherwise
    each group is cut by the clock into quarters, the first and last of them one fold: a
    window, its neighbours and what was made from it (a replay, a shuffled copy, another
    continuation of its start) are then in one fold, and none is scored by a network
    that was taught its copy's label. Windows of other groups or hours are drawn.

    Returns:
      the folds, and a note where windows were drawn.
    """
    sizes = [x.num_windows for x in pair]
    shared = np.intersect1d(pair[0].group_B, pair[1].group_B)
    if len(shared) >= FEWEST_GROUPS:
        order = rng.permutation(np.unique(np.concatenate([x.group_B for x in pair])))
        folds = [np.isin(x.group_B, order[::2]).astype(int) for x in pair]
    else:
        folds = [np.zeros(size, int) for size in sizes]
        for group in np.unique(np.concatenate([x.group_B for x in pair])):
            inside = [x.group_B == group for x in pair]
            clocks = [_start_s(x)[i] for x, i in zip(pair, inside, strict=True)]
            edges = np.quantile(np.concatenate(clocks), [0.25, 0.5, 0.75])
            for fold, i, clock in zip(folds, inside, clocks, strict=True):
                quarter = np.searchsorted(edges, clock, side="right")
                fold[i] = (quarter == 1) | (quarter == 2)
    shares = [fold.mean() for fold in folds]
    if all(0.25 <= share <= 0.75 for share in shares):
        return tuple(folds), ""
    folds = [rng.permutation(np.arange(size) % 2) for size in sizes]
    return tuple(folds), "folds drawn: the sets are of other groups or hours"


def _cross_fit(sets, folds, crop, num_steps, seed, progress_fn) -> tuple:
    """Scores of either set's windows by the network of the other fold."""
    joint = Sequences(*(np.concatenate(x) for x in _padded(sets)))
    fold_N = np.concatenate(folds)
    label_N = np.arange(len(fold_N)) >= len(folds[0])
    out_N = np.zeros(len(fold_N))
    for fold in (0, 1):
        seen, held = (
            Sequences(*(x[mask] for x in joint))
            for mask in (fold_N != fold, fold_N == fold)
        )
        params = train(
            seen, label_N[fold_N != fold], crop, num_steps, seed + fold, progress_fn
        )
        out_N[fold_N == fold] = score(params, held, crop)
    return out_N[~label_N], out_N[label_N]


def _padded(sets: list[Sequences]) -> tuple[list, list]:
    """Features of one length, and lengths."""
    longest = max(x.x_NTF.shape[1] for x in sets)
    widths = [((0, 0), (0, longest - x.x_NTF.shape[1]), (0, 0)) for x in sets]
    features = [np.pad(x.x_NTF, w) for x, w in zip(sets, widths, strict=True)]
    return features, [x.length_N for x in sets]


def _sequences(windows: Windows, scale) -> Sequences:
    features_BTF = standardise(message_features(windows), scale)
    return Sequences(features_BTF, windows.used_BT.sum(axis=1))


def _with_messages(windows: Windows) -> Windows:
    """Those that have at least one."""
    return windows.take(windows.used_BT.any(axis=1))


def _start_s(windows: Windows) -> np.ndarray:
    return windows.clock_s_BT[:, 0].astype(np.float64)


def _halved(group_B: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random half of each group, bool ``[B]``; of odd ones by turns the larger."""
    place_B = np.zeros(len(group_B), int)
    order = rng.permutation(len(group_B))
    order = order[np.argsort(group_B[order], kind="stable")]
    place_B[order] = np.arange(len(group_B))
    return place_B % 2 == 0
