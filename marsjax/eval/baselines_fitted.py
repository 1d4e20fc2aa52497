"""Synthetic markets fitted to the training part, from openings of their own."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from marsjax import book as mbook
from marsjax.data.clock import NS
from marsjax.data.tape import Tape, to_messages
from marsjax.eval.baselines_start import Moment, books_at, to_tape
from marsjax.eval.extract import message_rows
from marsjax.synth import simulate_many
from marsjax.synth.many import Simulated
from marsjax.synth.markets import Market
from marsjax.synth.opening import opening_messages
from marsjax.synth.tape import BookFull
from marsjax.types import Message, Status, explain

BURN_IN = 2_000
"""Messages of a market before its window begins."""
MOST_MESSAGES = 20_000
"""Last messages of the training part that a market is fitted to, of one instrument."""
SLOTS, MOST_SLOTS = 512, 8192
"""Slots a side to begin with, and the most that doubling them leads to; each size is
compiled anew, which costs more than what slots that nobody needs do."""


def fit_market(
    market: Market,
    tapes: Sequence[Tape],
    part: str | None = "train",
    most: int = MOST_MESSAGES,
) -> tuple[Any, dict]:
    """Parameters of a market for one instrument, and the fit's report.

    Args:
      market: which (`marsjax.synth.markets`).
      tapes: the instrument's, in order of time.
      part: what of them to fit to.
      most: messages at most, the last ones.

    Raises:
      InputError: what the fit refuses.
    """
    pieces = []
    for tape in reversed(tapes):
        if most < 2:
            break
        rows = message_rows(tape, part)[-most:]
        if len(rows) > 1:
            pieces.append(_excerpt(tape, int(rows[0]), int(rows[-1]) + 1))
            most -= len(rows)
    params, report = market.functions.calibrate(pieces[::-1])
    market.functions.check(params)
    return params, report


def fitted_tapes(
    market: Market,
    params: Any,
    moments: Sequence[Moment],
    length: int,
    seed: int = 0,
    burn_in: int = BURN_IN,
) -> list[Tape]:
    """Tapes of a fitted market, dated as if they began at the reference's moments.

    Args:
      market, params: as `fit_market` gives them.
      moments: when, all of one instrument. The books there are not used.
      length: T, messages of each.
      seed: of the draws; with the place in ``moments`` all that a tape depends on.
      burn_in: messages after the market's own opening that no tape shows.

    Raises:
      BookFull: `MOST_SLOTS` slots a side were too few.
    """
    key = jax.random.fold_in(
        jax.random.key(seed), zlib.crc32(moments[0].symbol.encode())
    )
    num_slots = SLOTS
    while True:
        made = simulate_many(
            market, params, key, len(moments), burn_in + length, num_slots=num_slots
        )
        if not (made.status_B & int(Status.BOOK_FULL)).any():
            break
        num_slots *= 2
        if num_slots > MOST_SLOTS:
            raise BookFull(
                f"a market of {market.title} outgrew {MOST_SLOTS} slots a side",
                "leave this baseline out",
            )
    return [_tape(market, made, b, moments[b], burn_in) for b in range(len(moments))]


def _tape(
    market: Market, made: Simulated, b: int, moment: Moment, burn_in: int
) -> Tape:
    sent = jax.tree.map(lambda x: x[b], made.messages_BT)
    ns = made.time_s_BT[b].astype(np.int64) * NS + made.time_ns_BT[b]
    before = Message(
        *(
            np.concatenate([x, y[:burn_in]])
            for x, y in zip(made.seeds_T[:6], sent[:6], strict=True)
        )
    )
    num_slots = mbook.guess_slots(before)
    (book,) = books_at(before, np.array([len(before.kind)]), num_slots)
    start_ns = ns[burn_in - 1] if burn_in else 0
    return to_tape(
        moment,
        book,
        jax.tree.map(lambda x: x[burn_in:], sent),
        ns[burn_in:] - start_ns,
        source=market.title,
        notes=(f"fitted {market.title}", *explain(made.status_B[b])),
    )


def _excerpt(tape: Tape, start: int, stop: int) -> Tape:
    """Some rows of a tape after the book before them."""
    messages = to_messages(tape.messages)
    (book,) = books_at(messages, np.array([start]), mbook.guess_slots(messages))
    seeds = opening_messages(book)
    first = tape.messages[start : start + 1]
    num = len(seeds.kind)
    opening = first[np.zeros(num, int)].with_columns(
        **{
            name: np.asarray(getattr(seeds, name)).astype(
                tape.messages[name].to_numpy().dtype
            )
            for name in Message._fields[:6]
        }
    )
    frame = opening.vstack(tape.messages[start:stop]) if num else tape.messages[:stop]
    return replace(
        tape,
        messages=frame,
        seed_rows=num if num else tape.seed_rows,
        fills=None,
        quotes=None,
        level1=None,
    )
