"""Random halves of sets of windows, and random relabellings, as weights.

Why halves. A bootstrap draws some windows several times, and a distance sees the copies
as agreement or as noise. Halves drawn without replacement have no copies, two disjoint
halves of real windows are what "other real windows of the same size" means, and the
mean of a half varies over draws as much as the mean of the whole varies over samples
(the idea of balanced half-samples: McCarthy, Review of the International Statistical
Institute 37, 1969), so that quantiles over draws are an interval.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from marsjax.eval.intervals import Level, joined, level_of

FEWEST = 4
"""Windows that every set must have for an interval."""


class Halves(NamedTuple):
    """0 or 1 for each window, float64, R draws.

    Attributes:
      first_RB: one half of the reference.
      other_RB: of its other half, as many windows as each generated set gives.
      generated: for each generated set ``[R, C]``, a half of it at most.
      num_free: windows, or groups, less those that their means cost; 0 where there are
        too few.
      note: what to know of them.
    """

    first_RB: np.ndarray
    other_RB: np.ndarray
    generated: tuple[np.ndarray, ...]
    num_free: int
    note: str


def halves(
    group_B: np.ndarray,
    generated_groups: Sequence[np.ndarray] = (),
    num_draws: int = 200,
    seed: int = 0,
    level: Level = "windows",
    *,
    is_matched: bool = False,
) -> Halves:
    """Draws halves of the reference and of generated sets beside it.

    With level ``windows`` each group is halved, so that both halves have all of them,
    and generated windows are taken group by group; a group is then as near to itself as
    its own windows are to each other, and neighbours in time are on both sides. With
    level ``groups`` the halves have different groups, and the generated windows are of
    the groups of the other half: what another day or stock would be like. Sets of other
    groups than the reference's are halved as a whole.

    Args:
      group_B: group of each reference window.
      generated_groups: the same of each generated set.
      num_draws: R.
      seed: of the draws.
      level: see above; windows where there is a single group.
      is_matched: whether window i is the same start in all generated sets, which then
        give the same windows.
    """
    level, note = level_of(group_B, level)
    rng = np.random.default_rng(seed)
    sets = [np.asarray(x) for x in (group_B, *generated_groups)]
    is_alike = all(set(x) == set(group_B) for x in sets)
    if not is_alike:
        note = joined(note, "generated windows are of other groups than the reference")
        if level == "windows":
            sets = [np.zeros(len(x), int) for x in sets]
    kept = [np.zeros((num_draws, len(x)), bool) for x in (sets[0], *sets)]
    for inside in _strata(sets) if level == "windows" else ():
        coin_R = rng.integers(2, size=num_draws)
        rank_sets = _ranks(rng, num_draws, [len(x) for x in inside], is_matched)
        half_sets = [(len(x) + coin_R) // 2 for x in inside]
        rest_R = len(inside[0]) - half_sets[0]
        size_R = np.min([rest_R, *half_sets[1:]], axis=0)
        end_R = half_sets[0] + size_R
        rank_RB = rank_sets[0]
        kept[0][:, inside[0]] = rank_RB < half_sets[0][:, None]
        kept[1][:, inside[0]] = (rank_RB >= half_sets[0][:, None]) & (
            rank_RB < end_R[:, None]
        )
        for out, at, rank in zip(kept[2:], inside[1:], rank_sets[1:], strict=True):
            out[:, at] = rank < size_R[:, None]
    if level == "groups":
        _halve_groups(rng, sets, kept, is_alike, is_matched)
    num_groups = len(np.unique(sets[0]))
    is_groups = level == "groups"
    num_free = num_groups - 1 if is_groups else min(map(len, sets)) - num_groups
    if min(map(len, sets)) < FEWEST:
        num_free, note = 0, joined(note, f"fewer than {FEWEST} windows")
    first, other, *generated = (x.astype(np.float64) for x in kept)
    return Halves(first, other, tuple(generated), num_free, note)


def relabelled(
    group_C: np.ndarray,
    group_D: np.ndarray,
    num_draws: int,
    seed: int = 0,
    level: Level = "windows",
    *,
    is_matched: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of windows with their labels drawn anew: permutations.

    Windows change places within their group; with level ``groups`` the groups that both
    sets have change places whole. Sets without a common group are permuted as one, by
    windows or by groups.

    Args:
      group_C, group_D: groups of the windows of either set.
      num_draws: R.
      seed: of the draws.
      level: as of `halves`.
      is_matched: window i of one set may change places only with window i of the other.

    Returns:
      0 or 1, float64 ``[R, C + D]``: the one set, and the other.
    """
    rng = np.random.default_rng(seed)
    both = np.concatenate([group_C, group_D])
    is_first = np.arange(len(both)) < len(group_C)
    level = level_of(both, level)[0]
    first_R = np.zeros((num_draws, len(both)), bool)
    if not set(group_C) & set(group_D) and level == "windows":
        both = np.zeros(len(both), int)
    names, unit = np.unique(both, return_inverse=True)
    if level == "groups" and not set(group_C) & set(group_D):
        belongs = np.isin(names, group_C)
        drawn = rng.permuted(np.tile(belongs, (num_draws, 1)), axis=1)
        first_R[:] = drawn[:, unit]
    elif level == "groups" or is_matched:
        if level == "windows":
            unit = np.concatenate([np.arange(len(x)) for x in (group_C, group_D)])
        swaps = rng.random((num_draws, unit.max() + 1)) < 0.5
        shared = np.intersect1d(unit[is_first], unit[~is_first])
        swaps &= np.isin(np.arange(swaps.shape[1]), shared)[None, :]
        first_R[:] = is_first[None, :] ^ swaps[:, unit]
    else:
        for group in range(len(names)):
            inside = np.flatnonzero(unit == group)
            labels = np.tile(is_first[inside], (num_draws, 1))
            first_R[:, inside] = rng.permuted(labels, axis=1)
    return first_R.astype(np.float64), (~first_R).astype(np.float64)


def _strata(sets: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Where each group's windows are in every set."""
    for group in np.unique(sets[0]):
        yield [np.flatnonzero(x == group) for x in sets]


def _ranks(rng, num_draws: int, sizes: Sequence[int], is_matched: bool) -> list:
    """A random order ``[R, n]`` of each of some sets of n."""
    out = []
    for i, size in enumerate(sizes):
        if is_matched and i > 1:
            out.append(out[1])
            continue
        out.append(rng.permuted(np.tile(np.arange(size), (num_draws, 1)), axis=1))
    return out


def _halve_groups(rng, sets, kept, is_alike: bool, is_matched: bool) -> None:
    """Fills in ``kept`` with whole groups, trimmed to as many windows of each set."""
    num_draws = len(kept[0])
    names = np.unique(sets[0])
    ranks = _ranks(rng, num_draws, [len(x) for x in sets], is_matched)
    for r in range(num_draws):
        order = rng.permutation(names)
        half = (len(order) + rng.integers(2)) // 2
        kept[0][r] = np.isin(sets[0], order[:half])
        wanted = [np.isin(sets[0], order[half:])]
        for x in sets[1:]:
            own = order[half:]
            if not is_alike:
                mixed = rng.permutation(np.unique(x))
                own = mixed[: (len(mixed) + 1) // 2]
            wanted.append(np.isin(x, own))
        sizes = [w.sum() for w in wanted]
        for out, want, rank in zip(kept[1:], wanted, ranks, strict=True):
            inside = np.flatnonzero(want)
            chosen = inside[np.argsort(rank[r, inside])][: min(sizes)]
            out[r, chosen] = True
