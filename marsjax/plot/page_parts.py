"""Pieces of HTML: escaped text, numbers with intervals, tables, pictures."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from marsjax.plot.evaluation import estimate

MISSING = "\N{EN DASH}"
"""Stands where there is no number."""


class Markup(str):
    """Text that is HTML already and is not escaped again."""


def text(value: Any) -> str:
    """Escaped, unless it is `Markup`."""
    return str(value) if isinstance(value, Markup) else escape(str(value))


def paragraph(value: Any, kind: str = "") -> str:
    """A paragraph of a class."""
    return f"<p{_class(kind)}>{text(value)}</p>"


def bullets(items: Sequence[Any]) -> str:
    """A list; nothing for none."""
    if not items:
        return ""
    return "<ul>" + "".join(f"<li>{text(item)}</li>" for item in items) + "</ul>"


def section(title: str, name: str, *parts: str) -> str:
    """A part of the page that can be linked to."""
    body = "\n".join(part for part in parts if part)
    heading = f'<h2 id="{escape(name)}">{text(title)}</h2>'
    return f"<section>\n{heading}\n{body}\n</section>"


def figures_of(value: float) -> str:
    """Three decimals, fewer of large numbers, so that columns line up.

    >>> [figures_of(x) for x in (0.12345, -1.5, 12345.6, -1e-5, 42.0)]
    ['0.123', '-1.500', '12,346', '0.000', '42.0']
    """
    size = abs(value)
    decimals = 3 if size < 10 else 1 if size < 100 else 0
    out = f"{value:,.{decimals}f}"
    return out.lstrip("-") if float(out.replace(",", "")) == 0 else out


def number(value: Any) -> str:
    """A number to three figures, or a dash."""
    value = estimate(value)[0]
    return figures_of(value) if np.isfinite(value) else MISSING


def interval(value: Any, kind: str = "") -> Markup:
    """A number with its interval behind it, or a dash."""
    middle, low, high = estimate(value)
    if not np.isfinite(middle):
        return Markup(MISSING)
    out = f"<span{_class(kind)}>{figures_of(middle)}</span>"
    if np.isfinite(low) and np.isfinite(high):
        ends = f"{figures_of(low)}, {figures_of(high)}"
        out += f' <span class="interval">[{ends}]</span>'
    return Markup(out)


def excess(value: Any, *, is_turned: bool = False) -> Markup:
    """An excess over the floor, marked where its interval is on the worse side of 0.

    ``is_turned``: of a similarity, where less is worse.
    """
    where, worse = standing(value), "below" if is_turned else "above"
    kind = "" if where == "unknown" else "bad" if where == worse else "good"
    return interval(value, kind)


def standing(value: Any) -> str:
    """``at`` the floor, or ``above`` or ``below`` it; ``unknown`` without a number.

    Above or below is where the whole interval is.
    """
    middle, low, high = estimate(value)
    if not np.isfinite([middle, low, high]).all():
        return "unknown"
    if low > 0:
        return "above"
    return "below" if high < 0 else "at"


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    numeric: Sequence[int] = (),
) -> str:
    """A table whose first column names the rows.

    Args:
      caption: what it shows.
      columns: names; rows: as many cells each.
      numeric: columns of numbers, which are aligned to the right.
    """

    def cell(tag: str, i: int, value: Any, scope: str = "") -> str:
        kind = _class("number" if i in numeric else "")
        where = f' scope="{scope}"' if scope else ""
        return f"<{tag}{where}{kind}>{text(value)}</{tag}>"

    head = "".join(cell("th", i, name, "col") for i, name in enumerate(columns))
    body = "\n".join(
        "<tr>"
        + "".join(
            cell("th", i, value, "row") if i == 0 else cell("td", i, value)
            for i, value in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table>\n<caption>{text(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def picture(data: bytes, alt: str, caption: str) -> str:
    """A PNG or SVG within the page."""
    kind = "png" if data.startswith(b"\x89PNG") else "svg+xml"
    inline = base64.b64encode(data).decode("ascii")
    return (
        f'<figure>\n<img src="data:image/{kind};base64,{inline}" '
        f'alt="{escape(alt)}">\n<figcaption>{text(caption)}</figcaption>\n</figure>'
    )


def folded(summary: str, body: str, *, is_open: bool = False) -> str:
    """What a reader may open."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{text(summary)}</summary>\n{body}\n</details>"


def _class(kind: str) -> str:
    return f' class="{escape(kind)}"' if kind else ""
