"""Bars: what happened in equal spans of trading time.

Bars begin at multiples of their length from the start of their session, and a message
belongs to the bar that its time is floored to. Only whole bars count: one that begins
before the data do, ends after them (by more than a sixtieth of it), or is cut by the
end of a session is left out. The mid of a bar is that of the book at its end, so that
an empty bar has the mid of the one before, and a bar whose book is one-sided or crossed
at its end has none.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from marsjax.data.clock import NS
from marsjax.data.store_read import iter_store
from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.eval.bar_batch import Bars, batch, join_bars
from marsjax.eval.bar_sums import Series, Span, bars_between
from marsjax.eval.cut import Place
from marsjax.eval.extract import message_rows, of_symbols, part_range
from marsjax.eval.levels import follow_tape
from marsjax.eval.windows import ASK, BID, HIDDEN, MARKET, Windows


def bars_from_tape(
    tape: Tape,
    bar_s: float = 60,
    *,
    part: str | None = None,
    across_breaks: bool = False,
    realised_after_s: float = 5,
    progress_fn: Callable[[int], None] | None = None,
) -> Bars:
    """Bars of a tape, B = 1 and no padding.

    Args:
      tape: any tape.
      bar_s: seconds of trading a bar.
      part: of a tape from a store; all by default.
      across_breaks: give the first bar after a break within the day a return from the
        last bar before it. There are no returns from one day to the next.
      realised_after_s: how much later the mid of the realised spread is.
      progress_fn: called with the number of messages replayed.

    Raises:
      InputError: as `message_rows`, or a length that is not positive.
    """
    lengths = _nanoseconds(bar_s, realised_after_s)
    rows = message_rows(tape, part)
    followed = follow_tape(tape, num_levels=1, progress_fn=progress_fn)
    price_ESK = followed.levels_after(np.arange(-1, len(tape.messages)))[0]
    series = _series(
        price_ESK,
        followed.time_ns_T,
        followed.time_ns_T[rows],
        followed.traded_T[rows],
        followed.notional_T[rows],
        followed.type_T[rows],
        followed.side_T[rows],
    )
    spans = _spans(tape, part_range(tape, part)) if len(rows) else []
    place = Place(tape.name, tape.symbol, tape.date, tape.tick_size, tape.lot_size)
    columns = bars_between(series, spans, *lengths, across_breaks)
    return batch([columns], [place.group], [tape.name], [tape.tick_size], bar_s)


def bars_from_store(
    directory: str | Path,
    bar_s: float = 60,
    *,
    part: str | None = None,
    symbols: Sequence[str] | None = None,
    progress_fn: Callable[[str, int, int], None] | None = None,
    **options,
) -> Bars:
    """Bars of all tapes of a store, one series each.

    Args:
      directory: the store.
      bar_s, part, options: as of `bars_from_tape`.
      symbols: only of these instruments.
      progress_fn: called with a tape's name, the tapes done and their number.

    Raises:
      InputError: as `windows_from_store`.
    """
    tapes = of_symbols(iter_store(directory), symbols)
    parts = []
    for done, tape in enumerate(tapes, start=1):
        parts.append(bars_from_tape(tape, bar_s, part=part, **options))
        if progress_fn is not None:
            progress_fn(tape.name, done, len(tapes))
    return join_bars(parts)


def bars_from_windows(
    windows: Windows,
    bar_s: float = 60,
    *,
    across_breaks: bool = False,
    realised_after_s: float = 5,
) -> Bars:
    """Bars of windows, a series each; the bars that a window covers whole.

    Trade prices are those of the levels that the shares traded took before the message,
    and bars are counted from the open of the day.

    Args:
      windows: B of them.
      bar_s, across_breaks, realised_after_s: as of `bars_from_tape`.
    """
    lengths = _nanoseconds(bar_s, realised_after_s)
    found = []
    for b in range(windows.num_windows):
        used = windows.used_BT[b]
        price, qty = (
            np.concatenate([first[b][None], after[b][used]])
            for first, after in (
                (windows.first_price_BSK, windows.level_price_BTSK),
                (windows.first_qty_BSK, windows.level_qty_BTSK),
            )
        )
        names = ("time_ns", "traded", "type", "side", "price_ticks", "clock_s")
        of = {name: getattr(windows, f"{name}_BT")[b][used] for name in names}
        notional = notional_of(of, price[:-1], qty[:-1])
        series = _series(
            price,
            of["time_ns"],
            *(of["time_ns"], of["traded"], notional, of["type"], of["side"]),
        )
        spans = _window_spans(of["time_ns"], of["clock_s"])
        found.append(bars_between(series, spans, *lengths, across_breaks))
    about = (windows.group_B, windows.tape_B, windows.tick_size_B)
    return batch(found, *about, bar_s)


def notional_of(of: dict, price_NSK: np.ndarray, qty_NSK: np.ndarray) -> np.ndarray:
    """Shares traded times their prices, by walking the levels before each message.

    Args:
      of: ``traded``, ``type``, ``side`` and ``price_ticks`` of N messages.
      price_NSK, qty_NSK: the book before each. What it does not hold is taken to trade
        at the message's own price.
    """
    row = np.arange(len(of["side"]))
    price_NK = price_NSK[row, 1 - of["side"]].astype(np.float64)
    qty_NK = qty_NSK[row, 1 - of["side"]].astype(np.float64)
    qty_NK = np.where((of["type"] == MARKET)[:, None], qty_NK, 0.0)
    ahead_NK = np.cumsum(qty_NK, axis=1) - qty_NK
    filled_NK = np.clip(of["traded"][:, None] - ahead_NK, 0.0, qty_NK)
    rest_N = of["traded"] - filled_NK.sum(axis=1)
    return (filled_NK * price_NK).sum(axis=1) + rest_N * of["price_ticks"]


def _nanoseconds(bar_s: float, realised_after_s: float) -> tuple[int, int]:
    bar_ns, after_ns = round(bar_s * NS), round(realised_after_s * NS)
    if bar_ns < 1 or after_ns < 0:
        raise InputError(
            f"bars of {bar_s} s, a mid {realised_after_s} s later",
            "give a positive length of bars",
        )
    return bar_ns, after_ns


def _series(price_ESK, state_ns, time_ns, traded, notional, type_, side) -> Series:
    bid_E, ask_E = price_ESK[:, BID, 0], price_ESK[:, ASK, 0]
    is_sound = (bid_E > 0) & (ask_E > 0) & (bid_E < ask_E)
    # A hidden execution has the side of the order that rested.
    buys = (side == BID) != (type_ == HIDDEN)
    return Series(
        time_ns_N=time_ns,
        state_ns_R=state_ns,
        mid_ticks_E=np.where(is_sound, (bid_E + ask_E) / 2, np.nan),
        spread_ticks_E=np.where(is_sound, ask_E - bid_E, np.nan),
        traded_N=traded.astype(np.float64),
        notional_N=notional,
        sign_N=np.where(buys, 1.0, -1.0),
    )


def _spans(tape: Tape, rows: tuple[int, int]) -> list[Span]:
    """What a range of a tape's rows covers of each session."""
    time_s, time_ns = (
        tape.messages[name][slice(*rows)].to_numpy() for name in ("time_s", "time_ns")
    )
    wall_ns = [int(time_s[i]) * NS + int(time_ns[i]) for i in (0, -1)]
    spans, before = [], 0
    for session, (start, end) in enumerate(tape.sessions):
        origin = before * NS
        first, last = (
            origin + min(max(x, start * NS), end * NS) - start * NS for x in wall_ns
        )
        before += end - start
        spans.append(Span(session, origin, before * NS, first, last))
    return spans


def _window_spans(time_ns: np.ndarray, clock_s: np.ndarray) -> list[Span]:
    """What a window covers, cut where the clock runs on and trading time does not."""
    if not len(time_ns):
        return []
    offset = clock_s - time_ns // NS
    starts = np.flatnonzero(np.diff(offset, prepend=offset[:1] - 1))
    return [
        Span(session, 0, int(time_ns[-1]) + NS, int(at[0]), int(at[-1]))
        for session, at in enumerate(np.split(time_ns, starts[1:]))
    ]
