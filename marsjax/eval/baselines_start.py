"""Where baselines begin: the moments at which the reference's windows do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from marsjax import book as mbook
from marsjax.data.clock import NS, Sessions, to_trading_ns
from marsjax.data.replay import MOST_SLOTS
from marsjax.data.store_read import read_tape
from marsjax.data.tape import Tape, message_frame, tape_name, to_messages
from marsjax.errors import InputError
from marsjax.eval.cut import join
from marsjax.eval.extract import message_rows, windows_from_tape
from marsjax.eval.windows import Windows
from marsjax.synth.opening import opening_messages
from marsjax.tokens.clock import to_wall
from marsjax.types import Kind, Message

DAY_END_S = 86_400


@dataclass(frozen=True)
class Moment:
    """The moment before a window's first message.

    Attributes:
      number: which window of the reference.
      row: its first message in its tape.
      trading_ns: trading time of the message before it.
      next_id: above all ids of the tape.
      symbol, date, tick_size, lot_size, sessions: of the tape.
    """

    number: int
    row: int
    trading_ns: int
    next_id: int
    symbol: str
    date: str | None
    tick_size: float
    lot_size: int
    sessions: Sessions


def moments_of(
    directory: str | Path,
    reference: Windows,
    *,
    with_books: bool = True,
    progress_fn: Callable[[str, int, int], None] | None = None,
) -> tuple[list[Moment], list[mbook.Book]]:
    """The moments at which windows begin, and the books there.

    Args:
      directory: the store the windows are of.
      reference: windows.
      with_books: whether the books are wanted; without them no tape is replayed.
      progress_fn: called with a tape's name, the tapes done and their number.

    Raises:
      InputError: a tape is not in the store, or its ids leave no room for new ones.
    """
    num = reference.num_windows
    moments, books = [None] * num, [None] * num
    names = list(dict.fromkeys(reference.tape_B.tolist()))
    # Books of one size share what is compiled for them.
    num_slots = max(
        (_slots_for(read_tape(directory, name)) for name in names if with_books),
        default=0,
    )
    for done, name in enumerate(names, start=1):
        tape = read_tape(directory, name)
        of_tape = np.flatnonzero(reference.tape_B == name)
        rows = reference.row_B[of_tape]
        clock = [tape.messages[x].to_numpy() for x in ("time_s", "time_ns")]
        trading_ns = to_trading_ns(*clock, tape.sessions)
        messages = to_messages(tape.messages)
        next_id = int(messages.order_id.max(initial=0)) + 1
        if next_id > np.iinfo(np.int32).max // 2:
            raise InputError(
                f"order ids of {name} up to {next_id - 1} leave no room for new ones",
                "number the tape's ids from 1",
            )
        about = (tape.symbol, tape.date, tape.tick_size, tape.lot_size, tape.sessions)
        for number, row in zip(of_tape.tolist(), rows.tolist(), strict=True):
            before_ns = int(trading_ns[max(row - 1, 0)])
            moments[number] = Moment(number, row, before_ns, next_id, *about)
        if with_books:
            there = books_at(messages, rows, num_slots)
            for number, book in zip(of_tape, there, strict=True):
                books[number] = book
        if progress_fn is not None:
            progress_fn(name, done, len(names))
    return moments, books if with_books else []


def _slots_for(tape: Tape) -> int:
    return mbook.guess_slots(to_messages(tape.messages))


def books_at(messages_T: Message, rows: np.ndarray, num_slots: int) -> list[mbook.Book]:
    """The books before some messages of a stream, in one pass; numpy arrays.

    They have ``num_slots`` slots a side, or as many more as they turn out to need.
    """
    book = mbook.init(num_slots)
    out, before = [None] * len(rows), 0
    for i in np.argsort(rows, kind="stable"):
        piece = jax.tree.map(lambda x, a=before, b=int(rows[i]): x[a:b], messages_T)
        if rows[i] > before:
            book = mbook.run(book, piece, max_slots=MOST_SLOTS).book
        out[i] = jax.tree.map(np.asarray, book)
        before = int(rows[i])
    return out


def with_room(books: Sequence[mbook.Book], num_more: int) -> list[mbook.Book]:
    """The same orders with slots for so many more, all alike; no status bits."""
    most = max(int((np.asarray(b.qty_SN) > 0).sum(axis=-1).max()) for b in books)
    num_slots = max(256, 1 << (most + num_more - 1).bit_length())
    num_slots = max(num_slots, *(book.num_slots for book in books))
    # Bits of the tape's own past are not the baseline's.
    clean = np.zeros((), np.uint32)
    out = []
    for book in books:
        fits = book.num_slots == num_slots
        same = book if fits else mbook.with_slots(book, num_slots)
        out.append(same.replace(status=clean))
    return out


def to_tape(
    moment: Moment,
    book: mbook.Book,
    sent: Message,
    after_ns: np.ndarray,
    *,
    source: str,
    notes: Sequence[str] = (),
) -> Tape:
    """A tape of what a baseline sent from a moment on.

    Args:
      moment: where it began; gives the tape's name and place.
      book: what it began with.
      sent: messages ``[T]``, numpy; rows of kind ``NONE`` are left out.
      after_ns: when, nanoseconds of trading since the moment.
      source: what made it.
      notes: of the tape.

    The last session is prolonged, and the tape says so, if the messages take longer;
    those after midnight are left out and counted.
    """
    seeds = opening_messages(book)
    num_seeds = len(seeds.kind)
    ns = moment.trading_ns + np.concatenate([np.zeros(num_seeds, np.int64), after_ns])
    time_s, time_ns = to_wall(ns // NS, ns % NS, moment.sessions)
    is_late = time_s >= DAY_END_S
    kept = ~is_late
    kept[num_seeds:] &= sent.kind != Kind.NONE
    sessions, notes = moment.sessions, list(notes)
    end_s = int(time_s[kept].max(initial=0)) + 1
    if end_s > sessions[-1][1]:
        notes.append(f"runs {end_s - sessions[-1][1]} s beyond the end of trading")
        sessions = (*sessions[:-1], (sessions[-1][0], end_s))
    columns = {
        name: np.concatenate([getattr(seeds, name), getattr(sent, name)])[kept]
        for name in Message._fields[:6]
    }
    symbol, date = moment.symbol, moment.date
    return Tape(
        name=tape_name(symbol, date, f"m{moment.number:04d}"),
        symbol=symbol,
        date=date,
        messages=message_frame(
            symbol, date, time_s=time_s[kept], time_ns=time_ns[kept], **columns
        ),
        tick_size=moment.tick_size,
        lot_size=moment.lot_size,
        sessions=sessions,
        source=source,
        seed_rows=num_seeds,
        counts={
            "seeds": num_seeds,
            "orders": int(kept.sum()) - num_seeds,
            "no order to cancel": int((sent.kind == Kind.NONE).sum()),
            "after midnight": int(is_late.sum()),
        },
        notes=tuple(notes),
    )


def to_windows(tapes: Sequence[Tape], length: int) -> Windows:
    """The first window of each tape; one that is too short for it is left out."""
    found = []
    for tape in tapes:
        upto = message_rows(tape)[:length]
        rows = (0, int(upto[-1]) + 1) if len(upto) else (0, 0)
        found.append(windows_from_tape(tape, length, rows=rows))
    return join(found)
