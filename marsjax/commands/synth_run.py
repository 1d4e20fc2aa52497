"""Running synthetic markets into a store, and the true nats of what they did."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from marsjax.commands.console import progress_bar
from marsjax.data import Tape, write_tapes
from marsjax.synth import law
from marsjax.synth.fills import with_fills
from marsjax.synth.many import Simulated, simulate_many
from marsjax.synth.markets import Market
from marsjax.synth.tape import to_tapes

ORDERS_AT_ONCE = 2**22
"""Of all markets in memory; more are written in groups of markets."""
SAMPLE_TAPES, SAMPLE_ROWS = 8, 10_000
"""Tapes and first rows of each that a run is measured on."""


class Made(NamedTuple):
    """What a run wrote.

    ``num_slots``: of the books. ``names``: the tapes'. ``rests``: as in
    `marsjax.synth.truth.Truth`. ``sample``: heads of some tapes. ``first``: what the
    first markets did. ``orders_per_s``: once compiled; ``None`` if the run was too
    short to tell. ``seconds``: that simulating (compiling included), finding the fills
    and writing took. ``status``: sentences on what the books refused.
    """

    num_slots: int
    names: tuple[str, ...]
    rests: tuple[dict | None, ...]
    sample: list[Tape]
    first: Simulated
    orders_per_s: float | None
    seconds: dict[str, float]
    status: list[str]


class _Clock:
    """Orders and seconds between the first and the last report of each group.

    The first report comes after compiling.
    """

    def __init__(self):
        self.orders, self.seconds = 0, 0.0
        self.mark = None

    def begin(self) -> None:
        self.mark = None

    def tick(self, done: int) -> None:
        now = time.perf_counter()
        if self.mark is not None:
            self.orders += done - self.mark[0]
            self.seconds += now - self.mark[1]
        self.mark = (done, now)

    def rate(self) -> float | None:
        return self.orders / self.seconds if self.seconds > 0 else None


def write_markets(
    market: Market,
    params: Any,
    directory: Path,
    *,
    seed: int,
    num_markets: int,
    num_orders: int,
    burn_in: int,
    num_slots: int,
    symbol: str,
    tick_size: float,
) -> Made:
    """Simulate markets and write their tapes, a group of markets at a time.

    Raises:
      BookFull: a book had no room.
      InputError: the markets run past midnight, or the folder cannot be written.
    """
    at_once = max(1, min(num_markets, ORDERS_AT_ONCE // num_orders))
    clock, seconds = _Clock(), dict.fromkeys(("simulated", "filled", "written"), 0.0)
    names, rests, sample, first_part, status = [], [], [], None, set()

    def timed(what: str, begin: float) -> float:
        now = time.perf_counter()
        seconds[what] += now - begin
        return now

    with progress_bar() as report:
        for first in range(0, num_markets, at_once):
            size = min(at_once, num_markets - first)

            def progress_fn(done, total, first=first, size=size):
                clock.tick(done)
                each = total // size
                report("orders", first * each + done, num_markets * each)

            clock.begin()
            now = time.perf_counter()
            part = simulate_many(
                market,
                params,
                jax.random.key(seed),
                size,
                num_orders,
                num_slots=num_slots,
                burn_in=burn_in,
                first_market=first,
                progress_fn=progress_fn,
            )
            tapes = to_tapes(
                market,
                params,
                part,
                symbol=symbol,
                tick_size=tick_size,
                first=first,
                is_numbered=num_markets > 1,
                notes=(f"synthetic: {market.title}, seed {seed}",),
            )
            now = timed("simulated", now)
            tapes = with_fills(tapes)
            now = timed("filled", now)
            write_tapes(directory, tapes)
            timed("written", now)
            names += [tape.name for tape in tapes]
            rests += [opening.rest for opening in part.openings]
            status |= {note for tape in tapes for note in tape.notes[1:]}
            sample += [_head(tape) for tape in tapes[: SAMPLE_TAPES - len(sample)]]
            first_part = part if first_part is None else first_part
    return Made(
        num_slots,
        tuple(names),
        tuple(rests),
        sample,
        first_part,
        clock.rate(),
        seconds,
        sorted(status),
    )


def true_nats(market: Market, params: Any, made: Made, most_orders: int) -> dict | None:
    """Entropy and mean of ``-log p`` of the first markets, nats an order.

    Args:
      most_orders: whole markets if so many orders hold one, else the head of one.

    Returns:
      ``None`` if the law is not known or no orders are wanted.
    """
    if not market.has_law or not most_orders:
        return None
    num_markets, num_orders = made.first.time_s_BT.shape
    some = slice(max(1, min(num_markets, most_orders // num_orders)))
    upto = slice(min(num_orders, most_orders))
    head = jax.tree.map(lambda x: x[some, upto], made.first[1:4])
    with progress_bar() as report:
        scores = law.score(
            market,
            params,
            made.first.openings[some],
            *head,
            num_slots=made.num_slots,
            progress_fn=lambda n, total: report("true nats", n, total),
        )
    return {
        "entropy": law.estimate(scores.entropy)._asdict(),
        "cross_entropy": law.estimate(-scores.log_prob)._asdict(),
        "orders": int(np.size(scores.entropy)),
    }


def _head(tape: Tape) -> Tape:
    """The first rows of a tape, all in session."""
    rows = min(len(tape.messages), tape.seed_rows + SAMPLE_ROWS)
    return replace(tape, messages=tape.messages.head(rows))
