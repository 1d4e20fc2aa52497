"""One picture of a tape: what its messages are, how large, how often, how deep."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from marsjax.data.describe import MARKETABLE, TYPES, Described
from marsjax.data.tape import Tape
from marsjax.plot.axes import clock_axis
from marsjax.plot.panels import ecdf, spread_shares
from marsjax.plot.style import (
    ASK,
    BID,
    INK,
    REAL,
    TITLE_SIZE,
    new_axes,
    new_figure,
    say,
    set_labels,
)

_MINUTE = 60.0
_MOST_SPREADS = 30


def describe_figure(tape: Tape, seen: Described) -> Figure:
    """Mix, sizes, waiting times, spread, activity and live orders of one tape.

    Args:
      tape: the tape; seen: what `marsjax.data.describe.describe` found in it.
    """
    figure = new_figure(11.0, 6.4)
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.12)
    title = f"{tape.name}: {len(seen.type_M):,} messages of continuous trading"
    figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE_SIZE, color=INK)
    panels = (
        ("Messages", "share of messages", "", _mix),
        ("Size of new orders", "quantity (lots)", "share up to this size", _sizes),
        ("Waiting time", "interval (s)", "share up to this interval", _waits),
        ("Spread", "spread (ticks)", "share of messages", _spread),
        ("Activity", "", "messages a minute", _activity),
        ("Live orders", "", "orders a side", _live),
    )
    for place, (name, x_label, y_label, draw_fn) in enumerate(panels, start=1):
        axes = new_axes(figure, 2, 3, place, title=name)
        set_labels(axes, x_label, y_label)
        draw_fn(axes, tape, seen)
    return figure


def _mix(axes: Axes, tape: Tape, seen: Described) -> None:
    share = np.bincount(seen.type_M, minlength=len(TYPES)) / max(len(seen.type_M), 1)
    bars = axes.barh(range(len(TYPES)), share, color=REAL, alpha=0.85)
    axes.bar_label(bars, [f"{each:.1%}" for each in share], fontsize=8, padding=2)
    axes.set_yticks(range(len(TYPES)), labels=list(TYPES))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(share.max(), 0.01))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _sizes(axes: Axes, tape: Tape, seen: Described) -> None:
    _log_ecdf(axes, seen.lots_M[np.isfinite(seen.lots_M)])


def _waits(axes: Axes, tape: Tape, seen: Described) -> None:
    _log_ecdf(axes, seen.interval_s_M[1:])


def _log_ecdf(axes: Axes, values: np.ndarray) -> None:
    positive = values[values > 0]
    if not len(positive):
        axes.set(xticks=[], yticks=[])
        say(axes, "no data")
        return
    distinct, share = ecdf(values)
    is_shown = distinct > 0
    zeros = share[~is_shown].max(initial=0.0)
    low, high = positive.min() / 1.5, positive.max() * 1.5
    x = np.concatenate([[low], distinct[is_shown], [high]])
    y = np.concatenate([[zeros], share[is_shown], [1.0]])
    axes.step(x, y, where="post", color=REAL, linewidth=1.6)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if zeros > 0:
        say(axes, f"{zeros:.0%} are 0", 0.82, 0.08)


def _spread(axes: Axes, tape: Tape, seen: Described) -> None:
    spread = seen.spread_ticks_M[np.isfinite(seen.spread_ticks_M)]
    if not len(spread):
        axes.set(xticks=[], yticks=[])
        say(axes, "no two-sided book")
        return
    last = int(np.clip(np.ceil(np.quantile(spread, 0.99)) + 1, 2, _MOST_SPREADS))
    share = spread_shares(spread, last)[1:]
    axes.bar(range(1, last + 1), share, width=0.9, color=REAL, alpha=0.85)
    ticks = np.arange(last, 0, -max(1, -(-last // 8)))[::-1]
    labels = [str(tick) for tick in ticks]
    labels[-1] += "+" if spread.max() > last else ""
    axes.set_xticks(ticks, labels=labels)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _activity(axes: Axes, tape: Tape, seen: Described) -> None:
    if not len(seen.trading_s_M):
        say(axes, "no data")
        return
    start, end = seen.trading_s_M[0], max(seen.trading_s_M[-1], seen.trading_s_M[0] + 1)
    width = _MINUTE if end - start > 10 * _MINUTE else (end - start) / 20
    edges = start + width * np.arange(max(int((end - start) // width), 1) + 1)
    for label, color, which in (
        ("all", REAL, np.ones(len(seen.type_M), bool)),
        ("marketable", INK, seen.type_M == MARKETABLE),
    ):
        count, _ = np.histogram(seen.trading_s_M[which], edges)
        rate = count * (_MINUTE / width)
        axes.stairs(rate, edges, color=color, label=label, linewidth=1.2, baseline=None)
    _time(axes, tape, start, end)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8, loc="upper right")


def _live(axes: Axes, tape: Tape, seen: Described) -> None:
    at = seen.live_s_K
    for side, (label, color) in enumerate((("bids", BID), ("asks", ASK))):
        axes.plot(at, seen.live_KS[:, side], color=color, linewidth=1.4, label=label)
    start, end = float(at[0]), float(max(at[-1], at[0] + 1))
    _time(axes, tape, start, end)
    axes.set_ylim(bottom=0)
    axes.set_ylim(top=1.25 * max(seen.live_KS.max(), 1))
    axes.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)


def _time(axes: Axes, tape: Tape, start: float, end: float) -> None:
    axes.set_xlabel(clock_axis(axes, start, end, tape.sessions))
    # Three panels stand side by side: labels need room, above all beside a break's.
    texts = {
        at: label.get_text()
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    }
    breaks = [at for at, text in texts.items() if "break" in text]
    shown = sorted(breaks)
    for at in sorted(texts):
        if all(abs(at - other) > 0.17 * (end - start) for other in shown):
            shown.append(at)
    axes.set_xticks(shown, labels=[texts[at] for at in shown])
