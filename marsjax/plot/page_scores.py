"""The page's tables of scores and facts, and the lists of what is at the floor."""

from html import escape

import numpy as np

from marsjax.eval.families import is_similarity
from marsjax.plot import page_parts as html
from marsjax.plot import page_words as words
from marsjax.plot.evaluation import Report, estimate, number, system_names
from marsjax.plot.page_summary import standings

_KINDS = {"holds": "good", "does not hold": "bad"}


def floor_lists(report: Report) -> str:
    """Where the first system is at the floor and where it is not, by name."""
    names = system_names(report)
    if not names:
        return ""
    found = standings(report["systems"][names[0]])
    parts = []
    for key, title in (
        ("above", "Above the floor, so told from real data"),
        ("at", "At the floor"),
        ("unknown", "Could not be computed"),
    ):
        if found[key]:
            parts.append(f"<h3>{title} ({len(found[key])})</h3>")
            parts.append(html.paragraph("; ".join(found[key]) + "."))
    title = f"Where {names[0]} is at the floor, and where not"
    return html.section(title, "floor", *parts)


def score_tables(report: Report) -> str:
    """A table of all scores a system; those of the first are open."""
    out = []
    for i, name in enumerate(system_names(report)):
        tables = []
        scores = report["systems"][name]
        for family in dict.fromkeys(score["family"] for score in scores):
            mine = [score for score in scores if score["family"] == family]
            tables.append(_score_table(name, family, mine))
        title = f"All {len(scores)} numbers of {name}"
        out.append(html.folded(title, "\n".join(tables), is_open=i == 0))
    return "\n".join(out)


def _score_table(system: str, family: str, scores: list[dict]) -> str:
    rows = []
    for score in scores:
        rows.append(
            [
                score["name"],
                score["metric"],
                html.interval(score.get("value")),
                html.interval(score.get("floor")),
                html.excess(
                    score.get("excess"),
                    is_turned=is_similarity((score["name"], score["metric"])),
                ),
                _p(score.get("p")),
                score.get("note") or "",
            ]
        )
    columns = ("score", "metric", "value", "floor", "excess", "p", "note")
    about = words.FAMILIES.get(family, f"Scores of the family {family}")
    return html.table(f"{system}: {about}", columns, rows, (2, 3, 4, 5))


def fact_table(report: Report) -> str:
    """Each fact a row, the reference and each system a column."""
    facts = report.get("facts") or {}
    shown = [n for n in ("reference", *system_names(report)) if facts.get(n)]
    if not shown:
        return html.paragraph("No stylised fact was measured.", "note")
    rows = []
    by_name = {name: {f["name"]: f for f in facts[name]} for name in shown}
    order = dict.fromkeys(fact for name in shown for fact in by_name[name])
    for i, fact in enumerate(order, start=1):
        cells = [_fact_cell(by_name[name].get(fact)) for name in shown]
        first = next(by_name[n][fact] for n in shown if fact in by_name[n])
        label = html.Markup(
            f"{i} {escape(fact)}<br>"
            f'<span class="note">{escape(first.get("statistic") or "")}</span>'
        )
        rows.append([label, *cells])
    columns = ("fact", *("real" if n == "reference" else n for n in shown))
    caption = (
        "Each fact's number, its 95 % interval and its verdict; “cannot tell” where "
        "the data are too few."
    )
    return html.table(caption, columns, rows)


def _fact_cell(fact: dict | None) -> html.Markup:
    if fact is None:
        return html.Markup(html.MISSING)
    verdict = fact.get("verdict") or ""
    kind = _KINDS.get(verdict, "note")
    out = f'{html.interval(fact.get("value"))}<br><span class="{kind}">'
    out += f"{escape(verdict)}</span>"
    if fact.get("note") and np.isnan(estimate(fact.get("value"))[0]):
        out += f'<br><span class="note">{escape(fact["note"])}</span>'
    return html.Markup(out)


def comparison_tables(report: Report) -> str:
    """The first system against each other one: which is nearer to real data."""
    first, rows = next(iter(system_names(report)), ""), []
    for name, found in (report.get("comparisons") or {}).items():
        for row in found:
            rows.append(
                [
                    name,
                    f"{row['family']} ({row['metric']})",
                    html.interval(row.get("first")),
                    html.interval(row.get("second")),
                    html.excess(row.get("difference")),
                    _p(row.get("p_mean")),
                    _p(row.get("p")),
                    row.get("note") or "",
                ]
            )
    if not rows:
        return ""
    columns = ("beside", "mean of", first, "it", "difference", "p", "p, one law")
    caption = (
        f"Below 0 {first} is nearer to real data. p asks whether the means differ, p "
        "of one law whether the two generators differ at all."
    )
    table = html.table(caption, (*columns, "note"), rows, (2, 3, 4, 5, 6))
    return html.section(f"Is {first} nearer to real data?", "comparison", table)


def _p(value) -> str:
    value = number(value)
    return html.MISSING if np.isnan(value) else f"{value:.3f}"


def glossary(report: Report) -> str:
    """What the scores and metrics in this report are."""
    scores = [s for name in system_names(report) for s in report["systems"][name]]
    about = {s["name"]: s.get("about") or words.meaning_of(s["name"]) for s in scores}
    rows = [[name, text] for name, text in about.items() if text]
    used = dict.fromkeys(score["metric"] for score in scores)
    metrics = [[m, words.METRICS[m]] for m in used if m in words.METRICS]
    parts = []
    if rows:
        parts.append(html.table("Scores", ("score", "meaning"), rows))
    if metrics:
        parts.append(html.table("Metrics", ("metric", "meaning"), metrics))
    return "\n".join(parts)
