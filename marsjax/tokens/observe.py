"""What the model sees of a book after an order: one pure function for tape and market.

Training data and rollouts call the same functions, so that a feature cannot mean one
thing in one and another in the other.
"""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.types import Array

TICKS_A_SIDE = 5
SPREAD_EDGES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)

REST_NAMES = (
    "spread",
    "imbalance at the touch",
    "mid change since the open",
    "mid change of this order",
    "time since the open",
    "volume traded by this order",
)
FEATURE_NAMES = (
    *(f"volume at tick {k - TICKS_A_SIDE:+d}" for k in range(TICKS_A_SIDE)),
    *(f"volume at tick {k + 1:+d}" for k in range(TICKS_A_SIDE)),
    "volume at best bid",
    "volume at best ask",
    *REST_NAMES,
)
NUM_FEATURES = len(FEATURE_NAMES)

# What the model multiplies each integer feature by, to get numbers of order one.
REST_SCALE = (1 / 4, 1 / 16, 1 / 200, 1 / 4, 1 / 1440, 1 / 16)
FEATURE_SCALE = (*([1 / 16] * (2 * TICKS_A_SIDE + 2)), *REST_SCALE)

# The market's mirror image (buy for sell): where a feature goes and with which sign.
_N = 2 * TICKS_A_SIDE
REST_SIGN = (1, -1, -1, -1, 1, -1)
MIRROR_PERM = (*reversed(range(_N)), _N + 1, _N, *range(_N + 2, NUM_FEATURES))
MIRROR_SIGN = (*([1] * (_N + 2)), *REST_SIGN)


class Observation(NamedTuple):
    """A book as the tokens need it; int32.

    ``quote``: best prices and quantities, price 0 for an empty side. ``anchor2_ticks``:
    twice the price that orders are measured from. ``volume_K``: shares on show, bids
    negative: at the ticks around the anchor, or of levels (`marsjax.tokens.levels`).
    """

    quote: mbook.Quote
    anchor2_ticks: Array
    volume_K: Array


def anchor2(book: mbook.Book | mbook.Ladder, now: mbook.Quote) -> Array:
    """Twice the mid, in ticks; where there is none, the nearest thing to it.

    A one-sided book is measured from half a tick inside its only quote, an empty one
    from the last trade. This is an origin for prices, never reported as a mid.
    """
    has_bid, has_ask = now.bid_ticks > 0, now.ask_ticks > 0
    return jnp.select(
        [has_bid & has_ask, has_bid, has_ask],
        [
            now.bid_ticks + now.ask_ticks,
            2 * now.bid_ticks + 1,
            2 * now.ask_ticks - 1,
        ],
        2 * book.last_price_ticks,
    )


def observe(book: mbook.Book) -> Observation:
    """See a book; unbatched, jittable."""
    now = mbook.quote(book)
    origin2 = anchor2(book, now)
    volume_K = mbook.volumes_around_mid(book, TICKS_A_SIDE, origin2)
    return Observation(now, origin2, volume_K)


def look(ladder: mbook.Ladder) -> Observation:
    """What `observe` sees of a book, seen on its ladder (`marsjax.book.watch`)."""
    now = ladder.quote()
    origin2 = anchor2(ladder, now)
    return Observation(now, origin2, ladder.volumes_around_mid(TICKS_A_SIDE, origin2))


def to_lots(qty: Array, lot_size: Array) -> Array:
    """Shares in lots, rounded up, so that an odd lot still counts."""
    return (qty + lot_size - 1) // lot_size


def volume_bins(qty: Array, lot_size: Array, edges: Array) -> Array:
    """0 for no volume, else 1 plus the bin of its lots; any shape."""
    lots = to_lots(qty, lot_size)
    bins = jnp.searchsorted(edges, lots, side="left").astype(jnp.int32)
    return jnp.where(qty > 0, bins + 1, 0)


def features(
    seen: Observation,
    before2_ticks: Array,
    open2_ticks: Array,
    trading_s: Array,
    traded_qty: Array,
    lot_size: Array,
    edges: Array,
) -> Array:
    """The model's view after an order, in the order of `FEATURE_NAMES`.

    Args:
      seen: the book after the order.
      before2_ticks: the anchor before it; open2_ticks: the anchor at the open.
      trading_s: trading seconds since the open.
      traded_qty: shares the order traded, negative if it sold.
      lot_size: shares a lot.
      edges: inclusive upper edges of book volumes in lots.

    Returns:
      ``int32[NUM_FEATURES]``; every value fits an int16.
    """
    now = seen.quote
    around = volume_bins(jnp.abs(seen.volume_K), lot_size, edges)
    touch = jnp.stack([now.bid_qty, now.ask_qty])
    rest = rest_features(
        seen, before2_ticks, open2_ticks, trading_s, traded_qty, lot_size, edges
    )
    return jnp.concatenate([around, volume_bins(touch, lot_size, edges), rest])


def imbalance(bid_lots: Array, ask_lots: Array) -> Array:
    """How much more is bid than asked, in sixteenths of both: -16 to 16."""
    total = jnp.maximum(bid_lots + ask_lots, 1.0)
    return jnp.round(16 * (bid_lots - ask_lots) / total).astype(jnp.int32)


def rest_features(
    seen: Observation,
    before2_ticks: Array,
    open2_ticks: Array,
    trading_s: Array,
    traded_qty: Array,
    lot_size: Array,
    edges: Array,
) -> Array:
    """The features from the spread on, ``int32[6]``."""
    now = seen.quote
    bid_lots, ask_lots = (
        to_lots(q, lot_size).astype(jnp.float32) for q in (now.bid_qty, now.ask_qty)
    )
    is_two_sided = (now.bid_ticks > 0) & (now.ask_ticks > 0)
    spread = jnp.where(is_two_sided, now.ask_ticks - now.bid_ticks, 0)
    change = (seen.anchor2_ticks - open2_ticks).astype(jnp.float32)
    change_bps = 1e4 * change / jnp.maximum(open2_ticks, 1).astype(jnp.float32)
    moved = jnp.clip(seen.anchor2_ticks - before2_ticks, -64, 64)
    traded = volume_bins(jnp.abs(traded_qty), lot_size, edges)
    return jnp.stack(
        [
            jnp.searchsorted(jnp.asarray(SPREAD_EDGES), spread).astype(jnp.int32),
            imbalance(bid_lots, ask_lots),
            jnp.clip(jnp.round(change_bps), -2000, 2000).astype(jnp.int32),
            moved,
            jnp.minimum(trading_s // 5, 30_000),
            jnp.sign(traded_qty) * traded,
        ]
    )
