"""One step of one market: draw, ground, match, look, remember."""

import jax
import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.lmm import OrderModel
from marsjax.market.ground import can_cancel, ground
from marsjax.market.state import Market, Record, World
from marsjax.tokens.clock import NS
from marsjax.tokens.decode import draw_values, encode_order
from marsjax.tokens.orders import CANCEL
from marsjax.types import Array, EventKind, Kind, Side, Status


def step(
    model: OrderModel, world: World, market: Market, position: Array, key: Array
) -> tuple[Market, Record]:
    """Let the model send one order; unbatched.

    Args:
      model: the order model.
      world: what markets share.
      market: this market.
      position: int32, orders in the model's history so far; the same for all markets of
        a batch, so leave it unbatched under ``vmap``.
      key: for this market and this step.

    Returns:
      the market, and what happened. Once the session is over nothing happens any more
      and the market's status says so.
    """
    key_token, key_values = jax.random.split(key)
    book = market.book
    type_mask_3 = jnp.ones((3,), bool).at[CANCEL].set(can_cancel(book))
    token_4 = model.sample(
        world.params, market.hidden_D, key_token, type_mask_3, world.sampling
    )
    draw = draw_values(world.tokenizer, token_4, key_values)

    ns = market.clock_ns + draw.interval_ns
    clock_s = market.clock_s + draw.interval_s + ns // NS
    clock_ns = ns % NS
    # A tape may be silent for a while before the start: what the model draws of that
    # while falls on the start itself.
    is_early = (clock_s < world.start_s) | (
        (clock_s == world.start_s) & (clock_ns < world.start_ns)
    )
    clock_s = jnp.where(is_early, world.start_s, clock_s)
    clock_ns = jnp.where(is_early, world.start_ns, clock_ns)
    is_over = clock_s >= world.session_s

    order = ground(
        book,
        token_4[0],
        draw,
        market.anchor2_ticks,
        market.next_id,
        world.lot_size,
    )
    kind = jnp.where(is_over, int(Kind.NONE), order.message.kind)
    message = order.message._replace(kind=kind)
    book, events = mbook.submit(book, message, max_events=None)
    event = jax.tree.map(lambda x: x[0], events)

    # What did not rest, expire or bounce has traded.
    is_new = kind == Kind.LIMIT
    left = jnp.where(event.kind == EventKind.FILL, 0, event.qty)
    traded_qty = jnp.where(is_new, message.qty - left, 0)
    signed = jnp.where(message.side == Side.BUY, traded_qty, -traded_qty)

    view = world.tokenizer.view
    seen = view.observe_fn(book)
    now_F = view.features_fn(
        seen,
        market.anchor2_ticks,
        world.open2_ticks,
        clock_s,
        signed,
        world.lot_size,
        world.tokenizer.book_lots_edges,
    )
    # The order as it really was, which need not be the one drawn, is what comes next.
    token_4 = encode_order(
        world.tokenizer, token_4[0], order.price2, order.lots, token_4[3]
    )
    hidden_D, cache = model.decode_step(
        world.params, market.cache, position, token_4, now_F
    )
    over_bit = jnp.where(is_over, jnp.uint32(Status.SESSION_OVER), jnp.uint32(0))
    new_market = Market(
        book=book,
        cache=cache,
        hidden_D=hidden_D,
        anchor2_ticks=seen.anchor2_ticks,
        clock_s=jnp.where(is_over, world.session_s, clock_s),
        clock_ns=jnp.where(is_over, 0, clock_ns),
        next_id=market.next_id + is_new.astype(jnp.int32),
        status=market.status | over_bit,
    )
    record = Record(
        *message[:6],
        clock_s=clock_s,
        clock_ns=clock_ns,
        traded_qty=traded_qty,
        last_event=event.kind,
        reason=event.reason,
        bid_ticks=seen.quote.bid_ticks,
        ask_ticks=seen.quote.ask_ticks,
    )
    return new_market, record
