"""How fast a tape becomes tokens with features, stage by stage.

    python -m experiments.tokenise_speed --orders 200000 [--store runs/sse]

A synthetic tape of a deep book (2,000 live orders a side; see
`marsjax.synth.random_stream`), and the tapes of a store if one is named. Each stage
runs once to compile and then ``--repeats`` times, of which the fastest counts. About
half a minute. Expected on two cores: the whole path, from a tape in memory to tokens
and features, above 200,000 orders a second, most of it the exchange's; ``compile`` is
what the first run of a stage took beyond the fastest, and nothing to speak of where a
stage before it, or a tape before it, needed the same.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tyro

from marsjax.commands.console import say
from marsjax.data import Tape, message_frame, read_store
from marsjax.data.replay import replay_tape
from marsjax.errors import InputError, exit_on_input_error
from marsjax.synth.random_stream import LOT, RandomStream
from marsjax.tokens.observe import look
from marsjax.tokens.orders import encode, fit
from marsjax.tokens.tape import book_lots, observe_tape, observed_orders, tape_features
from marsjax.types import Message

SESSION = (34_200, 48_600)


@dataclass(frozen=True)
class Args:
    """Orders a second from a tape to tokens and features."""

    orders: int = 200_000
    """orders of the synthetic tape; 0 for none"""
    live: int = 2_000
    """its live orders a side"""
    seed: int = 0
    """of its draws"""
    store: Path | None = None
    """a store whose tapes are measured too"""
    repeats: int = 5
    """timed runs of each stage"""


class Speed(NamedTuple):
    """A stage of one tape: ``compile_s`` is what the first run took beyond ``best_s``.

    ``num_orders`` counts what became a token.
    """

    tape: str
    stage: str
    num_orders: int
    best_s: float
    compile_s: float


def deep_tape(seed: int, num_orders: int, num_live: int) -> Tape:
    """A tape of a random stream, its orders spread evenly over a session."""
    stream = RandomStream(seed, num_live)
    opening = stream.opening()
    rows = np.concatenate([opening, stream.rows(num_orders)])
    start, end = SESSION
    since = np.maximum(np.arange(len(rows)) - len(opening), 0)
    time_ns = since * ((end - start) * 10**9 // max(num_orders, 1))
    columns = Message(*rows.T)._asdict()
    del columns["display_qty"]
    frame = message_frame(
        "DEEP",
        None,
        time_s=start + time_ns // 10**9,
        time_ns=time_ns % 10**9,
        **columns,
    )
    return Tape(
        name="DEEP",
        symbol="DEEP",
        date=None,
        messages=frame,
        tick_size=0.01,
        lot_size=LOT,
        sessions=(SESSION,),
        source="random stream",
        seed_rows=len(opening),
    )


def measure(tape: Tape, repeats: int) -> list[Speed]:
    """Times of each stage of one tape, and of all that `observe_tape` leads to."""
    seen = None

    def replay_and_look():
        return replay_tape(tape, look_fn=look)

    def of_orders():
        return observed_orders(tape, result)

    def tokens():
        return encode(tokenizer, seen.raw)

    def features():
        return tape_features(seen, tokenizer, tape.lot_size)

    def whole():
        observed = observe_tape(tape)
        encode(tokenizer, observed.raw)
        return tape_features(observed, tokenizer, tape.lot_size)

    replay_s = _seconds(lambda: replay_tape(tape), repeats)[1:]
    result, *look_s = _seconds(replay_and_look, repeats)
    seen, *orders_s = _seconds(of_orders, repeats)
    num = len(seen.row)
    if num < 2:
        raise InputError(f"{tape.name} has no orders", "give a tape of a trading day")
    tokenizer = fit(seen.raw, book_lots(seen, tape.lot_size))
    stages = {
        "replay": replay_s,
        "replay and look": look_s,
        "raw values": orders_s,
        "tokens": _seconds(tokens, repeats)[1:],
        "features": _seconds(features, repeats)[1:],
        "all": _seconds(whole, repeats)[1:],
    }
    return [Speed(tape.name, stage, num, *times) for stage, times in stages.items()]


def _seconds(fn: Callable, repeats: int) -> tuple:
    """A result, the seconds of the fastest run and what the first took beyond."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        out = fn()
        times.append(time.perf_counter() - began)
    best = min(times[1:])
    return out, best, max(times[0] - best, 0.0)


def main(args: Args) -> list[Speed]:
    """Measure all tapes and print a row a stage."""
    if args.orders < 0 or args.live < 1 or args.repeats < 1:
        raise InputError("a number is too small", "give orders, live orders, repeats")
    if args.orders == 0 and args.store is None:
        raise InputError("there is nothing to measure", "give --orders or --store")
    tapes = [] if args.store is None else read_store(args.store)
    if args.orders:
        tapes = [deep_tape(args.seed, args.orders, args.live), *tapes]
    speeds = []
    for tape in tapes:
        for speed in measure(tape, args.repeats):
            rate = speed.num_orders / speed.best_s
            say(
                f"{speed.tape:20} {speed.stage:16} {speed.num_orders:>10,} orders "
                f"{rate:>12,.0f}/s   compile {speed.compile_s:5.1f} s"
            )
            speeds.append(speed)
    return speeds


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, description=__doc__))
