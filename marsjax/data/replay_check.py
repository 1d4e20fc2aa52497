"""The fidelity of a tape's replay: the book against what the tape itself prints."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from marsjax import book as mbook
from marsjax.data import fidelity
from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape, dense_ids, in_session
from marsjax.types import Kind, explain


@lru_cache
def _levels_fn(num_levels: int) -> Callable[[mbook.Book], mbook.Levels]:
    """The same function object for the same depth, so that it compiles once."""
    return lambda book: mbook.level2(book, num_levels)


def check_tape(
    tape: Tape, progress_fn: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Replay a tape and count where the book agrees with it.

    Returns:
      ``symbol``; ``fills_identical`` of ``fills_total`` (row, price, quantity, resting
      and aggressor id, in order; 0 of 0 where the tape prints none);
      ``cancels_matched`` of ``cancels_total`` (the right order, exactly its quantity);
      ``cancels_unknown`` (of ids the tape never showed); ``crossed_states`` in
      continuous trading; ``quotes_exact`` (share of the given rows whose best quotes
      agree; ``None`` where no book is given) of ``quotes_compared`` rows (changes of
      level 1 where only that is given); ``levels_exact`` (the same for each level
      given); ``level1_exact`` of ``level1_total`` changes of a given level-1 book;
      ``status`` sentences about what the book had to refuse.
    """
    depth = 1
    if tape.quotes is not None:
        depth = sum(name.startswith("ask_price_") for name in tape.quotes.columns)
    result = replay_tape(tape, observe_fn=_levels_fn(depth), progress_fn=progress_fn)
    seen = result.observations
    book_TK4 = fidelity.book_levels(seen.price_ticks_SK, seen.qty_SK)
    table = dense_ids(tape.messages)
    cancels = fidelity.compare_cancels(
        tape.messages, result.events, result.message_index, table
    )
    auction = fidelity.compare_cancels(
        tape.messages, result.events, result.message_index, table, Kind.AUCTION_FILL
    )
    kind = tape.messages["kind"].to_numpy()
    ids = tape.messages["order_id"].to_numpy()
    unknown = fidelity.unknown_cancels(kind, ids)
    fills = fidelity.Matched(0, 0)
    if tape.fills is not None:
        fills = fidelity.compare_fills(
            fidelity.fills_of_frame(tape.fills, table),
            fidelity.fills_of_events(result.events, result.message_index),
        )
    levels: list[float] = []
    if tape.quotes is not None:
        rows, reference = fidelity.quotes_of_frame(tape.quotes)
        levels = fidelity.levels_exact(reference, book_TK4[rows])
    level1 = fidelity.Matched(0, 0)
    if tape.level1 is not None:
        start = max(tape.seed_rows - 1, 0)
        level1 = fidelity.level1_exact(
            fidelity.level1_of_frame(tape.level1), book_TK4[start:, 0]
        )
    quotes_exact = levels[0] if levels else None
    quotes_compared = 0 if tape.quotes is None else len(tape.quotes)
    if quotes_exact is None and level1.total:
        quotes_exact = level1.matched / level1.total
        quotes_compared = level1.total
    return {
        "symbol": tape.symbol,
        "tape": tape.name,
        "messages": len(tape.messages),
        "fills_identical": fills.matched,
        "fills_total": fills.total,
        "cancels_matched": cancels.matched,
        "cancels_total": cancels.total,
        "cancels_unknown": int(np.sum(unknown)),
        "auction_fills_matched": auction.matched,
        "auction_fills_total": auction.total,
        "crossed_states": fidelity.crossed_states(book_TK4[:, 0], in_session(tape)),
        "quotes_exact": quotes_exact,
        "quotes_compared": quotes_compared,
        "levels_exact": levels,
        "level1_exact": level1.matched,
        "level1_total": level1.total,
        "status": explain(int(result.book.status)),
    }
