"""Intervals from resampled windows.

A resample is a weight for each window, so that any statistic that takes weights is
computed of all draws at once. Messages of a window are alike and are never drawn apart;
windows of a day share the day, so that intervals which are to hold for other days draw
whole groups.

What an interval of a distance means. A distance between two samples is above that of
their laws, the more so the fewer windows there are, and a resample adds as much again.
``basic`` intervals subtract that and are of the distance between the laws, ``centred``
ones of the distance that so many windows have on average, and ``percentile`` ones,
right for means and the like, may lie above both. Where the laws are the same none of
them holds its level: a distance is never below 0. The headline is therefore the excess
over the floor (`marsjax.eval.floor`), whose two terms share the bias.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from marsjax.errors import InputError
from marsjax.eval.types import Estimate

Level = Literal["windows", "groups"]
Kind = Literal["percentile", "basic", "centred", "bca"]

TAILS = (0.025, 0.975)
FEW_GROUPS = 8
"""With fewer groups than that an interval over groups is a rough one, and says so."""
MOST_MISSING = 0.05
"""Share of draws without a value beyond which there is no interval."""


def level_of(group_B: np.ndarray, level: Level) -> tuple[Level, str]:
    """The level that can be had, and a note where it is another or a poor one.

    Args:
      group_B: the group of each window.
      level: ``groups`` to draw groups whole, ``windows`` to draw windows within them.

    Raises:
      InputError: another level.
    """
    if level not in ("windows", "groups"):
        raise InputError(f"a level {level!r} is unknown", "use windows or groups")
    if level == "windows":
        return level, ""
    num_groups = len(np.unique(group_B))
    if num_groups < 2:
        return "windows", "one group only: over its windows"
    if num_groups < FEW_GROUPS:
        return level, f"over {num_groups} groups only"
    return level, ""


def bootstrap_weights(
    group_B: np.ndarray, num_draws: int, seed: int = 0, level: Level = "windows"
) -> np.ndarray:
    """How often each window is drawn, float64 ``[R, B]``.

    Args:
      group_B: the group of each window.
      num_draws: R.
      seed: of the draws.
      level: ``windows`` draws each group's windows with replacement, as many as it has;
        ``groups`` draws as many groups as there are, with all of their windows. A
        single group is drawn by its windows (`level_of` has the note).
    """
    rng = np.random.default_rng(seed)
    names, group_B = np.unique(group_B, return_inverse=True)
    num_groups = len(names)
    if level_of(group_B, level)[0] == "groups":
        even = np.full(num_groups, 1 / num_groups)
        drawn_RG = rng.multinomial(num_groups, even, size=num_draws)
        return drawn_RG[:, group_B].astype(np.float64)
    weights_RB = np.zeros((num_draws, len(group_B)))
    for group in range(num_groups):
        inside = np.flatnonzero(group_B == group)
        even = np.full(len(inside), 1 / len(inside))
        weights_RB[:, inside] = rng.multinomial(len(inside), even, size=num_draws)
    return weights_RB


def jackknife_weights(group_B: np.ndarray, level: Level = "windows") -> np.ndarray:
    """Weights that leave out one window, or one group, each; float64 ``[J, B]``."""
    if level_of(group_B, level)[0] == "groups":
        names, group_B = np.unique(group_B, return_inverse=True)
        at_J, unit_B = np.arange(len(names)), group_B
    else:
        at_J = unit_B = np.arange(len(group_B))
    return (at_J[:, None] != unit_B[None, :]).astype(np.float64)


def widening(group_B: np.ndarray, level: Level = "windows") -> float:
    """Factor by which quantiles of a bootstrap are too narrow for few windows.

    That of the expanded percentile interval (Hesterberg, The American Statistician 69,
    2015, section 5): drawing n of n has a variance of (n - 1) / n, and the normal
    stands for Student's t.
    """
    num_groups = len(np.unique(group_B))
    num, lost = len(group_B), num_groups
    if level_of(group_B, level)[0] == "groups":
        num, lost = num_groups, 1
    free = num - lost
    return np.sqrt(num / free) * student(free) if free > 0 else np.nan


def student(free: int) -> float:
    """97.5 % quantile of Student's t over that of the normal."""
    return float(stdtrit(free, TAILS[1]) / ndtri(TAILS[1])) if free > 0 else np.nan


def estimate(
    value: float,
    draws_R: np.ndarray,
    *,
    kind: Kind = "percentile",
    wider: float = 1.0,
    jackknife_J: np.ndarray | None = None,
    note: str = "",
) -> Estimate:
    """A number with its 95 % interval from draws of it.

    Args:
      value: of the sample.
      draws_R: of the resamples. Those that are NaN are left out and told; with more
        than a twentieth of them there is no interval.
      kind: ``percentile``; ``basic``, reflected at the value; ``centred``, moved so
        that the draws' mean is the value; or ``bca``, bias-corrected and accelerated
        (Efron, JASA 82, 1987), whose correction is for small biases alone.
      wider: factor of the distances from the centre, as `widening` gives it.
      jackknife_J: of the samples less one unit; ``bca`` needs it.
      note: to pass on.
    """
    draws_R = np.asarray(draws_R, np.float64)
    known = draws_R[np.isfinite(draws_R)]
    num_missing = len(draws_R) - len(known)
    if not np.isfinite(value):
        return Estimate(np.nan, np.nan, np.nan, joined(note, "no value"))
    if not len(known) or num_missing > MOST_MISSING * len(draws_R):
        text = f"no interval: {num_missing} of {len(draws_R)} draws have no value"
        return Estimate(float(value), np.nan, np.nan, joined(note, text))
    if num_missing:
        note = joined(note, f"{num_missing} of {len(draws_R)} draws have no value")
    if kind == "bca":
        low, high = np.quantile(known, _bca_tails(value, known, jackknife_J))
        return Estimate(float(value), float(low), float(high), note)
    if not np.isfinite(wider):
        note = joined(note, "too few windows for an interval")
    low, high = np.quantile(known, TAILS)
    centre = np.mean(known) if kind == "centred" else np.median(known)
    below, above = wider * (centre - low), wider * (high - centre)
    if kind == "basic":
        centre, below, above = 2 * value - centre, above, below
    elif kind == "centred":
        centre = value
    return Estimate(float(value), float(centre - below), float(centre + above), note)


def bootstrap(
    statistic_fn: Callable[[np.ndarray], Mapping[Hashable, np.ndarray]],
    group_B: np.ndarray,
    *,
    num_draws: int = 200,
    seed: int = 0,
    level: Level = "windows",
    kind: Kind = "percentile",
) -> dict[Hashable, Estimate]:
    """Statistics of one set of windows, with intervals.

    Args:
      statistic_fn: from weights ``[R, B]`` to statistics ``[R]`` by name.
      group_B, num_draws, seed, level: as of `bootstrap_weights`.
      kind: as of `estimate`; not ``bca``.
    """
    drawn_RB = bootstrap_weights(group_B, num_draws, seed, level)
    weights_RB = np.concatenate([np.ones((1, len(group_B))), drawn_RB])
    wider, note = widening(group_B, level), level_of(group_B, level)[1]
    return {
        name: estimate(values[0], values[1:], kind=kind, wider=wider, note=note)
        for name, values in statistic_fn(weights_RB).items()
    }


def joined(*notes: str) -> str:
    """Those that say something, as one."""
    return "; ".join(note for note in notes if note)


def _bca_tails(value: float, known: np.ndarray, jackknife_J) -> np.ndarray:
    if jackknife_J is None:
        raise ValueError("bca needs the jackknife's values")
    away = np.mean(jackknife_J) - np.asarray(jackknife_J)
    spread = np.sum(away**2) ** 1.5
    speed = np.sum(away**3) / (6 * spread) if spread > 0 else 0.0
    share = np.mean(known < value) + np.mean(known == value) / 2
    half = 0.5 / len(known)
    bias = ndtri(np.clip(share, half, 1 - half))
    z = bias + ndtri(np.array(TAILS))
    return ndtr(bias + z / (1 - speed * z))
