"""The first thing a demo shows: a few markets, a line each."""

import numpy as np
from rich.console import Console
from rich.table import Table

from marsjax.market import Rollout, Start
from marsjax.market.quotes import spread_and_mid
from marsjax.tokens.clock import NS
from marsjax.types import Kind

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH = 20  # of a path, characters: the table fits 80 columns
MOST_ROWS = 8


def sparkline(values: np.ndarray, width: int = WIDTH) -> str:
    """A path in one line of text, from its lowest value to its highest.

    Args:
      values: ``[T]``, NaN where there is none: a blank.
      width: characters; each is the last value of its share of the path.
    """
    last = np.linspace(0, len(values), width + 1)[1:].round().astype(int) - 1
    shown = np.asarray(values, float)[np.maximum(last, 0)]
    if not np.isfinite(shown).any():
        return " " * width
    low, high = np.nanmin(shown), np.nanmax(shown)
    if high > low:
        level = (shown - low) / (high - low) * (len(BLOCKS) - 1)
    else:
        level = np.where(np.isfinite(shown), len(BLOCKS) // 2, np.nan)
    return "".join(" " if np.isnan(x) else BLOCKS[round(x)] for x in level)


def first_look(result: Rollout, start: Start) -> Table:
    """Time, mid, spread and volume of the first markets, and the way of their mid."""
    tape, records = start.tape, result.records
    shown = min(MOST_ROWS, len(result.market_ids))
    num_orders = records.kind.shape[1]
    table = Table(
        title=f"First look: {shown} markets, {num_orders:,} orders each",
        caption="change of the mid and mean spread in ticks, traded in lots; the way "
        "of the mid from its lowest to its highest",
        title_justify="left",
        caption_justify="left",
    )
    for name in ("market", "time s", "mid", "change", "spread", "traded"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("mid", no_wrap=True)
    begin_s = int(start.market.clock_s) + int(start.market.clock_ns) / NS
    before = float(start.market.anchor2_ticks) / 2
    for b in range(shown):
        sent = records.kind[b] != Kind.NONE
        if not sent.any():
            continue
        spread, mid = spread_and_mid(records.bid_ticks[b], records.ask_ticks[b])
        spread, mid = spread[sent], mid[sent]
        clock = records.clock_s[b][sent] + records.clock_ns[b][sent] / NS
        known = mid[np.isfinite(mid)]
        end = known[-1] if len(known) else np.nan
        wide = spread[np.isfinite(spread)]
        table.add_row(
            str(int(result.market_ids[b])),
            f"{clock[-1] - begin_s:.0f}",
            f"{end * tape.tick_size:.3f}",
            f"{end - before:+.1f}",
            f"{wide.mean():.2f}" if len(wide) else "-",
            f"{records.traded_qty[b].sum() / tape.lot_size:,.0f}",
            sparkline(mid),
        )
    return table


def show_first_look(result: Rollout, start: Start, *, as_json: bool) -> None:
    """Print it, where JSON goes to standard output on standard error."""
    console = Console(stderr=as_json, highlight=False, emoji=False)
    console.print(first_look(result, start))
