"""The book as MarS's paper shows it to the model: ten levels a side, not ten ticks.

Volumes of the best levels wherever they lie (arXiv 2409.07486, section 3.1), and how
much more is bid than asked on all of them. The official code has tick slots around the
mid instead (`marsjax.tokens.observe`), which also tell where the volume lies. The other
features are the same, less the touch, which is level 1.
"""

import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.tokens.observe import (
    REST_NAMES,
    REST_SCALE,
    REST_SIGN,
    Observation,
    anchor2,
    imbalance,
    rest_features,
    to_lots,
    volume_bins,
)
from marsjax.types import Array

LEVELS_A_SIDE = 10

LEVEL_FEATURE_NAMES = (
    *(f"volume at bid level {k + 1}" for k in range(LEVELS_A_SIDE)),
    *(f"volume at ask level {k + 1}" for k in range(LEVELS_A_SIDE)),
    "imbalance of the levels",
    *REST_NAMES,
)

LEVEL_FEATURE_SCALE = (*([1 / 16] * (2 * LEVELS_A_SIDE + 1)), *REST_SCALE)

LEVEL_MIRROR_PERM = (
    *range(LEVELS_A_SIDE, 2 * LEVELS_A_SIDE),
    *range(LEVELS_A_SIDE),
    *range(2 * LEVELS_A_SIDE, len(LEVEL_FEATURE_NAMES)),
)
LEVEL_MIRROR_SIGN = (*([1] * (2 * LEVELS_A_SIDE)), -1, *REST_SIGN)


def observe_levels(book: mbook.Book) -> Observation:
    """See a book; unbatched, jittable.

    ``volume_K`` holds the volumes of the bids, negative, then of the asks, each best
    first and 0 where there are no more levels.
    """
    now = mbook.quote(book)
    return _observation(now, anchor2(book, now), mbook.level2(book, LEVELS_A_SIDE))


def look_levels(ladder: mbook.Ladder) -> Observation:
    """What `observe_levels` sees of a book, seen on its ladder."""
    now = ladder.quote()
    return _observation(now, anchor2(ladder, now), ladder.level2(LEVELS_A_SIDE))


def _observation(now: mbook.Quote, origin2: Array, levels: mbook.Levels) -> Observation:
    bids_K, asks_K = levels.qty_SK
    return Observation(now, origin2, jnp.concatenate([-bids_K, asks_K]))


def level_features(
    seen: Observation,
    before2_ticks: Array,
    open2_ticks: Array,
    trading_s: Array,
    traded_qty: Array,
    lot_size: Array,
    edges: Array,
) -> Array:
    """The model's view after an order, int32 in the order of `LEVEL_FEATURE_NAMES`.

    Arguments are those of `marsjax.tokens.observe.features`.
    """
    qty_K = jnp.abs(seen.volume_K)
    # Floats: both sides together may pass the largest int32.
    lots_SK = to_lots(qty_K, lot_size).astype(jnp.float32).reshape(2, -1)
    bid_lots, ask_lots = jnp.sum(lots_SK, axis=-1)
    rest = rest_features(
        seen, before2_ticks, open2_ticks, trading_s, traded_qty, lot_size, edges
    )
    volumes = volume_bins(qty_K, lot_size, edges)
    return jnp.concatenate([volumes, imbalance(bid_lots, ask_lots)[None], rest])
