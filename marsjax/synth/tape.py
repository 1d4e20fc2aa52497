"""A synthetic market's messages as a tape, like any real one."""

import jax
import numpy as np

from marsjax.data.tape import Tape, message_frame, tape_name
from marsjax.synth.zero_intelligence import ZIParams, simulate, start

OPEN_S = 34_200  # 09:30, where real sessions start
DAY_END_S = 86_400


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
      seed: of the market's randomness.
      num_orders: events after the opening book; all fit before midnight, or an error.
      params: the market's rates.
      num_slots: slots a side of its book.
      symbol, tick_size: names of the tape, price of a tick.

    Raises:
      ValueError: the clock runs past midnight, or the book had to reject an order.
    """
    params = ZIParams() if params is None else params
    state, seeds = start(params, num_slots)
    run = jax.jit(simulate, static_argnums=3)
    state, (messages, time_s, time_ns) = run(
        jax.random.key(seed), params, state, num_orders
    )
    if int(state.book.status):
        raise ValueError("the synthetic market's book was full: raise num_slots")
    if int(time_s[-1]) + OPEN_S >= DAY_END_S:
        raise ValueError("the synthetic day ran past midnight: ask for fewer orders")
    both = jax.tree.map(lambda *parts: np.concatenate(parts), seeds, messages)
    num_seeds = len(seeds.kind)
    pad = np.zeros(num_seeds, np.int32)
    frame = message_frame(
        symbol,
        None,
        time_s=np.concatenate([pad, np.asarray(time_s)]) + OPEN_S,
        time_ns=np.concatenate([pad, np.asarray(time_ns)]),
        **both._asdict(),
    )
    return Tape(
        name=tape_name(symbol, None),
        symbol=symbol,
        date=None,
        messages=frame,
        tick_size=tick_size,
        lot_size=int(params.lot_size),
        sessions=((OPEN_S, DAY_END_S),),
        source="zero-intelligence",
        seed_rows=num_seeds,
        counts={"orders": num_orders, "seeds": num_seeds},
    )
