"""Many events of the zero-intelligence market in one loop, drawn and matched."""

from functools import lru_cache

import jax.numpy as jnp
from jax import lax

from marsjax.book.batching import Inbox, Outbox, for_each_book
from marsjax.book.match import advance
from marsjax.book.pending import nothing_pending
from marsjax.book.state import Working
from marsjax.synth.flow_law import add_time
from marsjax.synth.zi_draw import draw_event
from marsjax.types import Kind

NUM_VALUES = 7  # kind, side, price, quantity, id, second, nanosecond


@lru_cache
def make_loop(num_orders: int, implementation: str = "auto"):
    """A function that draws and matches so many events.

    Args:
      num_orders: T.
      implementation: see :func:`marsjax.book.batching.for_each_book`.

    Returns:
      a function of a book, ``(rates, time_s, time_ns, next_id)`` and the draws
      ``[T, 5]``, to the first two and rows ``[7, T]``. ``vmap`` it.
    """

    def one(work: Working, carried: tuple, inbox: Inbox, outbox: Outbox):
        def order(t, carry):
            work, (rates, time_s, time_ns, next_id), outbox = carry
            message, wait_s = draw_event(rates, work, next_id, inbox.read(t))
            time_s, time_ns = add_time(time_s, time_ns, wait_s)
            next_id = next_id + (message.kind != Kind.CANCEL)

            def action(carry):
                work, pending, _ = carry
                work, event, pending = advance(work, message, pending)
                return work, pending, event.is_last == 0

            start = (work, nothing_pending(), jnp.bool_(True))
            work, *_ = lax.while_loop(lambda c: c[2], action, start)
            row_V = jnp.stack([*message[:5], time_s, time_ns])
            return work, (rates, time_s, time_ns, next_id), outbox.write(t, row_V)

        return lax.fori_loop(0, num_orders, order, (work, carried, outbox))

    return for_each_book(one, NUM_VALUES, num_orders, implementation)
