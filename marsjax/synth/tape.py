"""Synthetic markets' messages as tapes, like any real ones."""

import jax
import numpy as np

from marsjax.data.tape import Tape, message_frame, tape_name
from marsjax.errors import InputError
from marsjax.synth.many import Simulated, simulate_many
from marsjax.synth.markets import MARKETS, Market
from marsjax.synth.zero_intelligence import Params as ZIParams
from marsjax.types import Kind, Status, explain

OPEN_S = 34_200  # 09:30, where real sessions start
DAY_END_S = 86_400


class BookFull(InputError):
    """A book had no room for an order that the market sent."""


def to_tapes(
    market: Market,
    params,
    simulated: Simulated,
    *,
    symbol: str,
    tick_size: float = 0.01,
    first: int = 0,
    is_numbered: bool = True,
    notes: tuple[str, ...] = (),
) -> list[Tape]:
    """Tapes of simulated markets, a day each, from 09:30 to midnight at most.

    Args:
      market, params: what made them.
      simulated: as `simulate_many` gives it.
      symbol, tick_size: names of the tapes, price of a tick.
      first: number of the first market.
      is_numbered: whether names end with the number, ``m0001``.
      notes: sentences for the manifest.

    Raises:
      BookFull: a book had to reject an order.
      InputError: a clock runs past midnight.
    """
    if (simulated.status_B & int(Status.BOOK_FULL)).any():
        raise BookFull("a synthetic market's book was full", "give more --slots")
    late_B = simulated.time_s_BT[:, -1] + OPEN_S >= DAY_END_S
    if late_B.any():
        fit = int((simulated.time_s_BT + OPEN_S < DAY_END_S).sum(axis=1).min())
        raise InputError(
            f"the synthetic day ran past midnight: {fit:,} orders fit into it",
            "ask for fewer orders, in more markets",
        )
    lot_size = int(getattr(params, "lot_size", 1))
    tapes = []
    for b, status in enumerate(simulated.status_B):
        name = f"m{first + b:04d}" if is_numbered else None
        frame, num_seeds = _frame(symbol, simulated, b)
        tapes.append(
            Tape(
                name=tape_name(symbol, None, name),
                symbol=symbol,
                date=None,
                messages=frame,
                tick_size=tick_size,
                lot_size=lot_size,
                sessions=((OPEN_S, DAY_END_S),),
                source=market.title,
                seed_rows=num_seeds,
                counts={"orders": len(frame) - num_seeds, "seeds": num_seeds},
                notes=(*notes, *explain(status)),
            )
        )
    return tapes


def _frame(symbol: str, simulated: Simulated, b: int):
    """Messages of market b, its opening book first, and how many those are."""
    seeds_T = simulated.openings[b].seeds_T
    of_b = jax.tree.map(lambda x: x[b], simulated[1:4])
    messages, time_s, time_ns = of_b
    # A market that had nothing to say left a row that changes nothing.
    said = messages.kind != Kind.NONE
    both = {
        name: np.concatenate([x, y[said]])
        for name, x, y in zip(messages._fields[:6], seeds_T, messages, strict=False)
    }
    num_seeds = len(seeds_T.kind)
    pad = np.zeros(num_seeds, np.int32)
    frame = message_frame(
        symbol,
        None,
        time_s=np.concatenate([pad, time_s[said]]) + OPEN_S,
        time_ns=np.concatenate([pad, time_ns[said]]),
        **both,
    )
    return frame, num_seeds


def synthetic_tape(
    seed: int,
    num_orders: int,
    *,
    params: ZIParams | None = None,
    num_slots: int = 256,
    symbol: str = "ZI",
    tick_size: float = 0.01,
) -> Tape:
    """A day of the zero-intelligence market of Cont, Stoikov and Talreja (2010).

    Args:
      seed: of the market's randomness; the tape is market 0 of `simulate_many`.
      num_orders: events after the opening book; all fit before midnight, or an error.
      params: the market's rates.
      num_slots: slots a side of its book.
      symbol, tick_size: names of the tape, price of a tick.

    Raises:
      InputError: the clock runs past midnight, or the book had to reject an order.
    """
    market = MARKETS["zi"]
    params = ZIParams() if params is None else params
    simulated = simulate_many(
        market, params, jax.random.key(seed), 1, num_orders, num_slots=num_slots
    )
    (tape,) = to_tapes(
        market,
        params,
        simulated,
        symbol=symbol,
        tick_size=tick_size,
        is_numbered=False,
    )
    return tape
