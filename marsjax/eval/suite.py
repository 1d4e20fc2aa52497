"""The whole evaluation of generated markets against real ones, as one report.

A report is a plain dictionary of numbers, lists and text (`marsjax.eval.suite.evaluate`
says what is in it), so that it can be written as JSON, drawn and read by others.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from marsjax.errors import InputError
from marsjax.eval import curves
from marsjax.eval.bar_batch import Bars
from marsjax.eval.compare import compare
from marsjax.eval.curves import REFERENCE, number, triple
from marsjax.eval.cut import join
from marsjax.eval.families import MEAN, Family, families, is_similarity
from marsjax.eval.fit import Pooling
from marsjax.eval.floor import Floored, floored
from marsjax.eval.intervals import Level, bootstrap_weights
from marsjax.eval.windows import Windows


class System(NamedTuple):
    """Windows and bars of one source of markets."""

    name: str
    windows: Windows
    bars: Bars


@dataclass(frozen=True)
class Settings:
    """How scores are made; the report repeats them.

    Attributes:
      num_draws: of every bootstrap, split and permutation.
      seed: of the draws.
      level: what is drawn, ``windows`` or whole ``groups`` (a stock's day).
      pooling: where bins and scales are fixed, see `marsjax.eval.fit.fit`.
    """

    num_draws: int = 200
    seed: int = 0
    level: Level = "windows"
    pooling: Pooling = "reference"


def evaluate(
    reference: System,
    systems: Sequence[System],
    settings: Settings | None = None,
    progress_fn: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Scores every system against the reference.

    Args:
      reference: real windows, none of which a system was fitted on.
      systems: the first is the one of interest; the others are compared with it.
      settings: by default `Settings()`.
      progress_fn: called with a name, the parts done and their number.

    Returns:
      ``settings``; ``windows`` by system; ``systems``: rows of scores by system, each
      with ``family``, ``name``, ``metric``, ``value``, ``floor``, ``excess`` (value,
      low, high), ``whole``, ``p``, ``note``, ``about``; ``headline``: the rows of the
      means; ``comparisons``: the first system against each other one; ``facts`` and
      ``responses`` by system; ``order``: transition matrices and autocorrelations;
      ``series``: histograms of the scored distributions. `REFERENCE` is among the
      systems of the last four.

    Raises:
      InputError: no windows, or two systems of one name.
    """
    settings = Settings() if settings is None else settings
    reference = reference._replace(name=REFERENCE)
    names = [reference.name, *(system.name for system in systems)]
    if len(set(names)) < len(names):
        raise InputError(f"two systems share a name: {names}", "name them apart")
    for system in (reference, *systems):
        if not system.windows.num_windows:
            raise InputError(
                f"{system.name} has no windows", "give more messages or shorter windows"
            )
    windows = {system.name: system.windows for system in (reference, *systems)}
    length = curves.common_length([s.bars for s in (reference, *systems)])

    def weights(system: System) -> np.ndarray:
        group_B = system.windows.group_B
        return bootstrap_weights(
            group_B, settings.num_draws, settings.seed, settings.level
        )

    report: dict[str, Any] = {
        "settings": asdict(settings),
        "windows": {name: each.num_windows for name, each in windows.items()},
        "systems": {},
        "facts": {},
        "responses": {},
        "order": curves.order_of(windows),
        "series": curves.histograms_of(windows),
        "comparisons": {},
    }
    steps = [
        *((s.name, "scores", s) for s in systems),
        *((s.name, "facts", s) for s in (reference, *systems)),
        *((s.name, "comparison", s) for s in systems[1:]),
    ]
    for done, (name, what, system) in enumerate(steps):
        if progress_fn is not None:
            progress_fn("evaluate", done, len(steps))
        if what == "scores":
            report["systems"][name] = _scores(reference, system, settings)
        elif what == "facts":
            report["facts"][name] = curves.facts_of(
                system.bars, length, settings.num_draws, settings.seed
            )
            report["responses"][name] = curves.responses_of(
                system.windows, weights(system)
            )
        else:
            report["comparisons"][name] = _compared(
                reference, systems[0], system, settings
            )
    if progress_fn is not None:
        progress_fn("evaluate", len(steps), len(steps))
    report["headline"] = {
        name: [row for row in rows if row["name"].startswith(MEAN)]
        for name, rows in report["systems"].items()
    }
    return report


def _scores(reference: System, system: System, settings: Settings) -> list[dict]:
    """Rows of all families of a system."""
    every = join([reference.windows, system.windows])
    rows = []
    for family in families(reference.windows, every, settings.pooling):
        found = floored(
            family.score_fn,
            reference.windows.group_B,
            system.windows.group_B,
            num_draws=settings.num_draws,
            seed=settings.seed,
            level=settings.level,
            is_similarity_fn=is_similarity,
        )
        rows += [_row(family, key, floor) for key, floor in found.items()]
    return rows


def _row(family: Family, key: tuple[str, str], found: Floored) -> dict:
    name, metric = key
    notes = dict.fromkeys(x for x in (family.note.get(name), found.value.note) if x)
    return {
        "family": family.name,
        "name": name,
        "metric": metric,
        "value": triple(found.value),
        "floor": triple(found.floor),
        "excess": triple(found.excess),
        "whole": number(found.whole),
        "p": number(found.p_value),
        "note": "; ".join(notes),
        "about": family.about.get(name, ""),
    }


def _compared(
    reference: System, first: System, second: System, settings: Settings
) -> list[dict]:
    """The means of the families of two systems, and which is nearer."""
    every = join([reference.windows, first.windows, second.windows])
    rows = []
    for family in families(reference.windows, every)[:2]:

        def means(ref_RN, gen_RN, family=family):
            found = family.score_fn(ref_RN, gen_RN)
            return {k: value for k, value in found.items() if k[0].startswith(MEAN)}

        found = compare(
            means,
            *(s.windows.group_B for s in (reference, first, second)),
            num_draws=settings.num_draws,
            seed=settings.seed,
            level=settings.level,
        )
        rows += [
            {
                "family": family.name,
                "metric": metric,
                "first": triple(x.first),
                "second": triple(x.second),
                "difference": triple(x.difference),
                "p": number(x.p_value),
                "p_mean": number(x.p_mean),
                "p_holm": number(x.p_holm),
                "note": x.difference.note,
            }
            for (_, metric), x in found.items()
        ]
    return rows
