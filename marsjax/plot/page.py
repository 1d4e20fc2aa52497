"""An evaluation as one HTML page that needs nothing else, on a screen or on paper."""

from collections.abc import Mapping
from html import escape
from typing import Any

from marsjax.eval.families import MEAN
from marsjax.plot import page_parts as html
from marsjax.plot import page_words as words
from marsjax.plot.evaluation import Report, system_names
from marsjax.plot.evaluation_scores import excess_of
from marsjax.plot.page_scores import (
    comparison_tables,
    fact_table,
    floor_lists,
    glossary,
    score_tables,
)
from marsjax.plot.page_style import STYLE
from marsjax.plot.page_summary import (
    headline_keys,
    mean_row,
    standings,
    summary_lines,
    terminal_summary,
)

__all__ = ["html_page", "terminal_summary"]

_SECTIONS = (
    ("Scores", "scores", ("scores",)),
    ("Distributions", "distributions", ("distributions",)),
    ("Stylised facts", "facts", ("facts",)),
    ("Order of messages", "order", ("transitions", "autocorrelations")),
    ("Response functions", "responses", ("responses",)),
)


def html_page(report: Report, pictures: Mapping[str, bytes]) -> str:
    """The page as text, to be written as UTF-8.

    Args:
      report: plain data, as ``report.json`` holds it.
      pictures: PNG or SVG files by name; known names (`marsjax.plot.evaluation_all`)
        stand in their sections, others at the end.
    """
    title = report.get("title") or "Evaluation"
    parts = [_head(report, title), _summary(report), _reading()]
    used = set()
    for name, anchor, keys in _SECTIONS:
        shown = [_picture(report, key, pictures) for key in keys]
        used |= set(keys)
        parts.append(html.section(name, anchor, *shown, _tables(report, anchor)))
    parts.append(_extras(report))
    other = [_picture(report, key, pictures) for key in pictures if key not in used]
    if other:
        parts.append(html.section("More pictures", "more", *other))
    parts.append(html.section("What each score means", "meaning", glossary(report)))
    parts.append(_provenance(report))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(report: Report, title: str) -> str:
    links = [("Summary", "summary"), *((n, a) for n, a, _ in _SECTIONS)]
    links += [("Meaning", "meaning"), ("Provenance", "provenance")]
    menu = "".join(f'<li><a href="#{a}">{escape(n)}</a></li>' for n, a in links)
    names = system_names(report)
    against = ", ".join(names[1:])
    lead = f"{names[0]} against real data" if names else "no system was scored"
    lead += f", beside {against}" if against else ""
    return (
        f"<header>\n<h1>{escape(title)}</h1>\n{html.paragraph(lead, 'lead')}\n"
        f'<nav aria-label="Sections"><ul>{menu}</ul></nav>\n</header>'
    )


def _summary(report: Report) -> str:
    warnings = list(report.get("warnings") or [])
    warned = ""
    if warnings:
        warned = (
            '<div class="warnings" role="note">\n<strong>To bear in mind</strong>\n'
            f"{html.bullets(warnings)}\n</div>"
        )
    rows = [
        [line.name, *(line.values or map(html.excess, line.estimates or ()))]
        for line in summary_lines(report)
    ]
    columns = ("measure", *system_names(report))
    caption = (
        "The headline: mean excess over the floor of each family of scores, with 95 % "
        "intervals; how many scores are at the floor, a score counting as above it "
        "where any of its metrics is; and the verdicts on the stylised facts."
    )
    table = html.table(caption, columns, rows, range(1, len(columns)))
    first = html.section("Summary", "summary", warned, _sentence(report), table)
    return "\n".join([first, floor_lists(report), comparison_tables(report)])


def _sentence(report: Report) -> str:
    """The result in words."""
    names = system_names(report)
    if not names:
        return html.paragraph("The report holds no system.")
    where = standings(report["systems"][names[0]])
    total = sum(map(len, where.values()))
    text = (
        f"<strong>{escape(names[0])}</strong> is at the floor in {len(where['at'])} of "
        f"{total} scores"
    )
    if where["unknown"]:
        text += f" ({len(where['unknown'])} could not be computed)"
    for key in headline_keys(report)[:1]:
        means = [html.interval(excess_of(mean_row(report, n, key))) for n in names]
        family = f"{key[0].removeprefix(MEAN)} ({key[1]})"
        text += f". Its mean excess over the floor, {escape(family)}, is {means[0]}"
        told = zip(names[1:], means[1:], strict=True)
        others = [f"that of {escape(name)} is {mean}" for name, mean in told]
        text += "".join(f"; {other}" for other in others)
    return html.paragraph(html.Markup(text + "."))


def _reading() -> str:
    parts = [html.paragraph(each) for each in (words.FLOOR, words.EXCESS)]
    return html.section("How to read this page", "reading", *parts)


def _tables(report: Report, anchor: str) -> str:
    if anchor == "scores":
        return score_tables(report)
    if anchor == "responses":
        found = (report.get("responses") or {}).items()
        notes = [f"{n}: {each}" for n, one in found for each in one.get("notes") or []]
        return html.bullets(notes)
    return fact_table(report) if anchor == "facts" else ""


def _picture(report: Report, name: str, pictures: Mapping[str, bytes]) -> str:
    title, caption = words.PICTURES.get(name, (name, ""))
    if name not in pictures:
        return html.paragraph(f"No picture: {title.lower()}.", "note")
    names = ", ".join(system_names(report)) or "no system"
    alt = f"{title}: real data and {names}. {caption}"
    return html.picture(pictures[name], alt, f"{title}. {caption}")


def _extras(report: Report) -> str:
    """Discriminator, memorisation, usefulness: whatever there is."""
    parts = []
    for name, found in (report.get("extras") or {}).items():
        parts.append(f"<h3>{escape(str(name)).capitalize()}</h3>")
        if name in words.EXTRAS:
            parts.append(html.paragraph(words.EXTRAS[name]))
        rows, notes = _extra_rows(found)
        if rows:
            parts.append(html.table(str(name), ("what", "value"), rows, (1,)))
        parts += [html.paragraph(note, "note") for note in notes if note]
    if not parts:
        parts = [html.paragraph("Nothing more was measured.", "note")]
    return html.section("Discriminator, memorisation, usefulness", "extras", *parts)


def _extra_rows(found: Any) -> tuple[list, list[str]]:
    """Rows and notes of a number, of one with a text, or of several by name."""
    if not isinstance(found, Mapping):
        if isinstance(found, str):
            return [], [found]
        return [["value", html.interval(found)]], []
    if "value" in found or "text" in found:
        value = found.get("value")
        rows = [] if value is None else [["value", html.interval(value)]]
        return rows, [found.get("text") or found.get("note") or ""]
    rows, notes = [], []
    for name, each in found.items():
        more, said = _extra_rows(each)
        rows += [[name, row[1]] for row in more]
        notes += [f"{name}: {text}" for text in said if text]
    return rows, notes


def _provenance(report: Report) -> str:
    parts = []
    for key in ("generated", "reference", "settings", "versions"):
        rows = _flat(report.get(key) or {})
        if rows:
            parts.append(html.table(key.capitalize(), ("what", "value"), rows))
    return html.section("Provenance", "provenance", *parts)


def _flat(values: Any, before: str = "") -> list[list]:
    """Rows of nested dictionaries and lists, as long as they are few."""
    if isinstance(values, Mapping):
        items = values.items()
    else:
        items = ((str(i), each) for i, each in enumerate(values))
    rows = []
    for key, value in items:
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            rows += _flat(value, f"{name}, ")
        elif isinstance(value, list | tuple):
            if value and isinstance(value[0], Mapping):
                rows += _flat(value, f"{name} ")
            else:
                rows.append([name, ", ".join(map(str, value))])
        else:
            shown = html.Markup(f'<span class="hash">{escape(str(value))}</span>')
            rows.append([name, shown])
    return rows
