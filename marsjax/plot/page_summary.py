"""The report in a few numbers: the page's first screen, and the terminal's."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from marsjax.eval.families import MEAN
from marsjax.plot.evaluation import Report, is_mean, system_names
from marsjax.plot.evaluation_scores import excess_of
from marsjax.plot.page_parts import MISSING, figures_of, standing

VERDICTS = ("holds", "does not hold", "cannot tell")


def headline_keys(report: Report) -> list[tuple[str, str]]:
    """Name and metric of the means that the summary shows, the first the headline.

    The mean of the distributions in L1 and that of each other family in its first
    metric, as far as any system has them.
    """
    rows = [r for n in system_names(report) for r in report["systems"][n] if is_mean(r)]
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda r: r["metric"] not in ("L1", "relative")):
        found.setdefault(row["name"], row["metric"])
    return [(n, found[n]) for n in dict.fromkeys(row["name"] for row in rows)]


def mean_row(report: Report, name: str, key: tuple[str, str]) -> dict | None:
    """A system's row of a mean."""
    rows = (r for r in report["systems"][name] if (r["name"], r["metric"]) == key)
    return next(rows, None)


def standings(scores: list[dict]) -> dict[str, list[str]]:
    """Names of scores ``at`` the floor in every metric, ``above`` it in some, or else.

    Below it counts as at the floor: closer than real data are to each other is no
    better. ``unknown``: no metric has a number and an interval. Means of families do
    not count.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for score in scores:
        if not is_mean(score):
            where = standing(excess_of(score))
            key = score["family"], score["name"]
            found.setdefault(key, []).append((score["metric"], where))
    out: dict[str, list[str]] = {"at": [], "above": [], "unknown": []}
    for (_, name), each in found.items():
        above = [metric for metric, where in each if where == "above"]
        known = [metric for metric, where in each if where != "unknown"]
        if above:
            is_all = len(above) == len(known)
            out["above"].append(name if is_all else f"{name} ({', '.join(above)})")
        else:
            out["at" if known else "unknown"].append(name)
    return out


def verdict_counts(report: Report, name: str) -> Counter:
    """How many stylised facts hold, do not, or cannot be told, of a system."""
    return Counter(f.get("verdict") for f in (report.get("facts") or {}).get(name, []))


def facts_as_real(report: Report, name: str) -> tuple[int, int] | None:
    """Facts whose verdict is that of the reference, of those that it tells."""
    facts = report.get("facts") or {}
    if name not in facts or "reference" not in facts:
        return None
    real = {f["name"]: f["verdict"] for f in facts["reference"]}
    known = {n: v for n, v in real.items() if v in VERDICTS[:2]}
    same = sum(known.get(f["name"]) == f["verdict"] for f in facts[name])
    return same, len(known)


class Line(NamedTuple):
    """A measure of every system: an estimate with its interval, or a plain value."""

    name: str
    estimates: list[tuple[float, float, float]] | None
    values: list[Any] | None


def summary_lines(report: Report) -> list[Line]:
    """What the first screen shows, in the order of `system_names`."""
    names, lines = system_names(report), []
    for key in headline_keys(report):
        label = f"excess, {key[0].removeprefix(MEAN)} ({key[1]})"
        found = [excess_of(mean_row(report, name, key)) for name in names]
        lines.append(Line(label, found, None))
    where = [standings(report["systems"][name]) for name in names]
    for key, label in (
        ("at", "scores at the floor"),
        ("above", "scores above it"),
        ("unknown", "scores not computed"),
    ):
        lines.append(Line(label, None, [len(each[key]) for each in where]))
    verdicts = [verdict_counts(report, name) for name in names]
    for verdict in VERDICTS:
        counts = [each[verdict] if each else MISSING for each in verdicts]
        lines.append(Line(f"facts: {verdict}", None, counts))
    same = [facts_as_real(report, name) for name in names]
    shown = [f"{x[0]} of {x[1]}" if x else MISSING for x in same]
    lines.append(Line("facts as in real data", None, shown))
    windows = report.get("windows") or {}
    lines.append(Line("windows", None, [windows.get(n, MISSING) for n in names]))
    return lines


def terminal_summary(report: Report) -> list[dict[str, Any]]:
    """A table for one screen: a row a measure, a column a system."""
    names = system_names(report)
    return [
        {"": line.name}
        | dict(
            zip(names, line.values or map(_plain, line.estimates or ()), strict=True)
        )
        for line in summary_lines(report)
    ]


def _plain(value: tuple[float, float, float]) -> str:
    middle, low, high = value
    if not np.isfinite(middle):
        return MISSING
    text = figures_of(middle)
    if np.isfinite(low) and np.isfinite(high):
        text += f" [{figures_of(low)}, {figures_of(high)}]"
    return text
