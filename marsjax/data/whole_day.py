"""A day as its exchange received it, so that our exchange does the whole of it.

A tape of Shanghai records what came out of the call auctions. Here only what went in
is kept: every order and cancel as it was sent, with the phases of the venue's day among
them. The opening auction, continuous trading and the closing auction follow.
"""

from collections.abc import Callable
from itertools import pairwise

import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.book.day import DayStream, with_schedule
from marsjax.book.presets import SSE
from marsjax.book.sessions import Schedule
from marsjax.book.venue import Venue
from marsjax.data.replay import MOST_SLOTS
from marsjax.data.tape import Tape, in_session, to_messages
from marsjax.types import Array, Kind, Message, Phase

NUM_SLOTS = 4096  # room for an ordinary stock's day without growing

ENTRY = {"lot": 1}
"""Rules that a tape cannot be held to. What an aggressor left that was cancelled at
once is not published, so that its quantity is what it traded, in lots or not."""


def has_auction_orders(tape: Tape) -> bool:
    """Whether a tape holds the orders that its exchange collected for call auctions.

    Tapes of other formats, of simulations and of a part of a day do not: what they
    collect is the book they start with.
    """
    kind = tape.messages["kind"].to_numpy()
    return tape.source == "sse" and bool(
        ((kind == Kind.COLLECT) & ~in_session(tape)).any()
    )


def as_received(tape: Tape, schedule: Schedule = SSE.schedule) -> DayStream:
    """The stream that the exchange received, control messages included.

    Orders are ``LIMIT``, whether an auction collects them or not: the phase decides.
    ``AUCTION_FILL`` records are left out; they only tell which messages were in time:
    the exchange ends an auction moments after it is due, so that a message stamped
    later, but before the auction's first trade in the channel, still belongs to it and
    is given the second before. Nothing else is left out: what comes between 09:25 and
    09:30, at lunch or after the close is rejected by the exchange, with its reason.

    Args:
      tape: as ``prepare_sse`` makes it, or read from a store.
      schedule: the venue's day.
    Returns:
      The stream; ``row`` counts rows of the tape, -1 for a control message.
    """
    is_sent = tape.messages["kind"].to_numpy() != Kind.AUCTION_FILL
    sent = Message(
        *(None if x is None else x[is_sent] for x in to_messages(tape.messages))
    )
    kind = np.where(sent.kind == Kind.COLLECT, Kind.LIMIT, sent.kind)
    stream = with_schedule(
        sent._replace(kind=kind.astype(np.int32)),
        _times(tape, schedule)[is_sent],
        tape.messages["time_ns"].to_numpy()[is_sent],
        schedule,
    )
    row = np.append(np.flatnonzero(is_sent), -1)[stream.row]
    return stream._replace(row=row.astype(np.int32))


def auctions(schedule: Schedule) -> list[tuple[int, str]]:
    """When each of a day's call auctions is due to end, and its name."""
    return [
        (after.start_s, stage.name.split(",")[0])
        for stage, after in pairwise(schedule.stages)
        if stage.uncross
    ]


def auction_rows(
    tape: Tape, schedule: Schedule = SSE.schedule
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the tape's ``AUCTION_FILL`` records, and the auction each belongs to."""
    rows = np.flatnonzero(tape.messages["kind"].to_numpy() == Kind.AUCTION_FILL)
    time_s = tape.messages["time_s"].to_numpy()[rows]
    due_s = [due for due, _ in auctions(schedule)]
    return rows, np.maximum(np.searchsorted(due_s, time_s, side="right") - 1, 0)


def run_day(
    tape: Tape,
    venue: Venue = SSE,
    *,
    progress_fn: Callable[[int, int], None] | None = None,
) -> tuple[mbook.StreamResult, DayStream]:
    """Run `as_received` through an empty book with the venue's rules.

    The previous close is not on the tape: there are no price limits, and no reference
    price to break an auction's tie with. Lots are not checked (see :data:`ENTRY`); the
    collar and the largest quantity are.

    Args:
      tape: as for `as_received`.
      venue: whose day and rules.
      progress_fn: called with the number of messages read, and of all.
    Returns:
      The result, observations ``(crossed, phase)`` after each message of the stream:
      whether the best bid is at or above the best ask; and the stream.
    """
    stream = as_received(tape, venue.schedule)

    def report(num: int) -> None:
        if progress_fn is not None:
            progress_fn(num, len(stream.row))

    book = mbook.init(NUM_SLOTS, rules=venue.rules(**ENTRY), phase=Phase.CLOSED)
    result = mbook.run(
        book,
        stream.messages,
        observe_fn=_crossed_and_phase,
        progress_fn=report,
        max_slots=MOST_SLOTS,
    )
    return result, stream


def _times(tape: Tape, schedule: Schedule) -> np.ndarray:
    """``int32[T]`` seconds; a message in time for an auction is stamped before it."""
    time_s = tape.messages["time_s"].to_numpy().copy()
    rows, which = auction_rows(tape, schedule)
    for auction, (due_s, _) in enumerate(auctions(schedule)):
        first = rows[which == auction][:1]
        before = time_s[: int(first[0]) if len(first) else 0]
        before[before >= due_s] = due_s - 1
    return time_s


def _crossed_and_phase(book: mbook.Book) -> tuple[Array, Array]:
    level = mbook.level2(book, 1)
    bid, ask = level.price_ticks_SK[:, 0]
    return jnp.logical_and(bid >= ask, ask > 0), book.phase
