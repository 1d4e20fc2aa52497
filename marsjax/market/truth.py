"""The true market going on from where simulated markets start.

Where the law of the next event is known and needs no more than the book, what a model
should do is known too: the same number of markets, each drawn from the law itself.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.clock import NS
from marsjax.market.rollout import Rollout
from marsjax.market.start import Start
from marsjax.market.state import Record
from marsjax.synth.many import make_start, plain
from marsjax.synth.markets import Market
from marsjax.types import Array, EventKind, Kind

MEMORYLESS = ("zi",)
"""Markets whose future depends on the book alone."""


@partial(jax.jit, static_argnames=("market", "num_orders"))
def _go_on(market: Market, params, state, keys_B: Array, *, num_orders: int):
    """Messages, times, shares traded and best quotes, each ``[B, T]``."""

    def one(key):
        def body(state, t):
            before_S = state.book.total_qty_S
            now, (message, time_s, time_ns) = market.functions.step(
                params, state, jax.random.fold_in(key, t)
            )
            # A new order takes off the other side what it trades, and nothing else.
            other = jnp.clip(1 - message.side, 0, 1)
            gone = before_S[other] - now.book.total_qty_S[other]
            traded = jnp.where(message.kind == int(Kind.CANCEL), 0, gone)
            quote = mbook.quote(now.book)
            seen = (traded, quote.bid_ticks, quote.ask_ticks)
            return now, (message, time_s, time_ns, *seen)

        return jax.lax.scan(body, state, jnp.arange(num_orders, dtype=jnp.int32))[1]

    return jax.vmap(one)(keys_B)


def true_rollout(
    market: Market, params, start: Start, key: Array, num_markets: int, num_orders: int
) -> Rollout:
    """What a market whose law is known does from a start, many times.

    Args:
      market: one of `MEMORYLESS`.
      params: its parameters.
      start: of which the book and the clock count, and not the model.
      key: of all randomness; market i draws from ``fold_in(key, i)``.
      num_markets, num_orders: B and T.

    Returns:
      the same records that `marsjax.market.rollout` gives of a model's markets.

    Raises:
      ValueError: a market whose future depends on more than the book.
    """
    if market.name not in MEMORYLESS:
        raise ValueError(f"{market.title} depends on more than its book")
    params = plain(params)
    state, _ = make_start(market)(params, start.market.book.num_slots)
    state = state._replace(book=start.market.book, next_id=start.market.next_id)
    keys_B = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(num_markets))
    found = _go_on(market, params, state, keys_B, num_orders=num_orders)
    message, time_s, time_ns, traded, bid, ask = jax.tree.map(np.asarray, found)
    begin_ns = int(start.market.clock_s) * NS + int(start.market.clock_ns)
    clock_s, clock_ns = np.divmod(time_s.astype(np.int64) * NS + time_ns + begin_ns, NS)
    expired = (message.kind == Kind.IOC) & (traded < message.qty)
    ended = np.select(
        [message.kind == Kind.CANCEL, expired, traded > 0],
        [int(EventKind.CANCEL), int(EventKind.EXPIRE), int(EventKind.FILL)],
        int(EventKind.REST),
    )
    records = Record(
        *message[:6],
        clock_s=clock_s.astype(np.int32),
        clock_ns=clock_ns.astype(np.int32),
        traded_qty=traded,
        last_event=ended.astype(np.int32),
        reason=np.zeros_like(ended, np.int32),
        bid_ticks=bid,
        ask_ticks=ask,
    )
    status = np.zeros(num_markets, np.uint32)
    return Rollout(records, status, np.arange(num_markets, dtype=np.int32))
