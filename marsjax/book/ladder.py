"""A price ladder that follows the exchange's events: what rests at each price.

A view of a book that scans its slots costs as much as the book is deep. The ladder
keeps the displayed quantity of every price in order, so that the event after which a
view is wanted changes one number, and the view reads the few that it needs.

Prices are numbered: a level stands for one of the sorted prices that occur, so that
prices a few ticks or 2**28 apart take the same room and nothing is left out. The events
alone tell what rests (`marsjax.types.Event`), but for two things that they leave to who
follows them: an order's own price where it is filled in an auction, and the part of an
iceberg that is hidden. The ladder therefore keeps a row for each order that is named.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from marsjax.book.kernel import computed, in_mode, one_kernel
from marsjax.book.occupied import (
    changed_words,
    highest,
    lowest,
    next_higher,
    next_lower,
    num_rows,
)
from marsjax.book.views import Levels, Quote
from marsjax.types import Array, Side

MARGIN = 16
"""Levels without a price below the lowest and above the highest one: a window of so
many levels that ends at any price stays inside."""

# What a step does to its order; a step changes the quantity at one level at most.
NOTHING, REST, REST_AGAIN, REPRICE, TRADE, CANCEL, REPLACE, TAKE_OUT = range(8)

LEVEL, SHOWN, HIDDEN, DISPLAY, ORDER_SIDE = range(5)


class Step(NamedTuple):
    """What one event does; int32 scalars, or ``[A]``.

    ``code``: one of the above; ``order``: its row among the orders that are named;
    ``side``, ``level``: where it comes to rest (level -1: unseen); ``qty``,
    ``refill_qty``: as the event has them; ``display``: of its message; ``last_ticks``:
    the price of a trade, else 0; ``message``: its index.
    """

    code: Array
    order: Array
    side: Array
    level: Array
    qty: Array
    refill_qty: Array
    display: Array
    last_ticks: Array
    message: Array


class Ladder(NamedTuple):
    """What a market sees of a book, by price; int32.

    Attributes:
      price_P: the price of each level, ascending, `MARGIN` and more without any.
      qty_SP: displayed quantity at each level.
      words_SW: which levels are occupied (`marsjax.book.occupied`).
      order_IF: a row for each order: its level (-1: unseen), what it shows and what it
        hides, how much it shows at a time, its side.
      last_price_ticks: price of the last trade, 0 before the first.
    """

    price_P: Array
    qty_SP: Array
    words_SW: Array
    order_IF: Array
    last_price_ticks: Array

    def quote(self) -> Quote:
        """Best bid and ask with the quantity at each, as `marsjax.book.quote`."""
        rows = num_rows(self.price_P.shape[0])
        best = (
            highest(self.words_SW, rows, Side.BUY),
            lowest(self.words_SW, rows, Side.SELL),
        )
        ticks, qty = [], []
        for side, (level, is_any) in enumerate(best):
            price = lax.dynamic_slice(self.price_P, (level,), (1,))[0]
            here = lax.dynamic_slice(self.qty_SP, (side, level), (1, 1))[0, 0]
            ticks.append(jnp.where(is_any, price, 0))
            qty.append(jnp.where(is_any, here, 0))
        return Quote(*ticks, *qty)

    def level2(self, num_levels: int) -> Levels:
        """The best ``num_levels`` levels a side, as `marsjax.book.level2`."""
        words_SW, rows = self.words_SW, num_rows(self.price_P.shape[0])
        walks = ((highest, next_lower), (lowest, next_higher))

        def step(carry):
            k, reached, out_CSK = carry
            beyond = []
            for side, (level, is_any) in enumerate(reached):
                price = lax.dynamic_slice(self.price_P, (level,), (1,))[0]
                qty = lax.dynamic_slice(self.qty_SP, (side, level), (1, 1))[0, 0]
                found_C = jnp.where(is_any, jnp.stack([price, qty]), 0)
                place = (0, side, k)
                out_CSK = lax.dynamic_update_slice(
                    out_CSK, found_C[:, None, None], place
                )
                level, is_more = walks[side][1](words_SW, rows, side, level)
                beyond.append(computed((level, is_any & is_more)))
            return k + 1, tuple(beyond), out_CSK

        best = tuple(first(words_SW, rows, s) for s, (first, _) in enumerate(walks))
        start = (jnp.int32(0), best, jnp.zeros((2, 2, num_levels), jnp.int32))
        out_CSK = lax.while_loop(lambda c: c[0] < num_levels, step, start)[2]
        return Levels(out_CSK[0], out_CSK[1])

    def volumes_around_mid(self, num_ticks: int, mid2_ticks: Array) -> Array:
        """As `marsjax.book.volumes_around_mid`; at most `MARGIN` ticks a side."""
        if num_ticks > MARGIN:
            raise ValueError(f"num_ticks must be at most {MARGIN}, not {num_ticks}")
        step_K = lax.iota(jnp.int32, num_ticks)
        below = lax.shift_right_arithmetic(mid2_ticks + 1, 1)
        above = lax.shift_right_arithmetic(mid2_ticks, 1) + 1
        first = self._level_at(below)
        # The price at the mid itself, if there is one, is between the two windows.
        price = lax.dynamic_slice(self.price_P, (first,), (1,))[0]
        bids_K = self._window(0, first - num_ticks, below - num_ticks + step_K)
        asks_K = self._window(1, first + (price < above), above + step_K)
        return jnp.concatenate([-bids_K, asks_K])

    def _level_at(self, price_ticks: Array) -> Array:
        """The first level whose price is not below ``price_ticks``."""
        level, half = jnp.int32(-1), self.price_P.shape[0] // 2
        while half:
            price = lax.dynamic_slice(self.price_P, (level + half,), (1,))[0]
            level = level + jnp.where(price < price_ticks, half, 0)
            half //= 2
        return level + 1

    def _window(self, side: int, level: Array, wanted_K: Array) -> Array:
        """Quantities at the wanted prices, which no level outside a window has."""
        size = wanted_K.shape[0]
        price_J = lax.dynamic_slice(self.price_P, (level,), (size,))
        qty_J = lax.dynamic_slice(self.qty_SP, (side, level), (1, size))[0]
        is_it_KJ = wanted_K[:, None] == price_J[None, :]
        return jnp.sum(jnp.where(is_it_KJ, qty_J[None, :], 0), axis=-1)


def advance(ladder: Ladder, step: Step) -> Ladder:
    """The ladder after one step."""
    price_P, qty_SP, words_SW, order_IF, last = ladder
    row_F = computed(lax.dynamic_slice(order_IF, (step.order, 0), (1, 5))[0])
    old = tuple(row_F[f] for f in range(5))
    shown, hidden, display = _displayed(step, *old[SHOWN:ORDER_SIDE])
    rests = (step.code == REST) | (step.code == REST_AGAIN)
    moves = rests | (step.code == REPRICE)
    level = jnp.where(moves, step.level, old[LEVEL])
    side = jnp.where(rests, step.side, old[ORDER_SIDE])
    is_seen = level >= 0
    # An order that moves was at no level before: it is new, taken out or unseen.
    change = shown - jnp.where(moves, 0, old[SHOWN])
    at = (side, jnp.maximum(level, 0))
    qty = lax.dynamic_slice(qty_SP, at, (1, 1))[0, 0] + jnp.where(is_seen, change, 0)
    rows = num_rows(price_P.shape[0])
    words = changed_words(words_SW, rows, *at, qty > 0)
    new_F = jnp.stack([level, shown, hidden, display, side])
    # All reads come before the writes, which then need no copies.
    at, qty, words, new_F = computed((at, qty, words, new_F))
    for place, word in words:
        words_SW = lax.dynamic_update_slice(words_SW, word[None, None], (at[0], place))
    return Ladder(
        price_P,
        lax.dynamic_update_slice(qty_SP, qty[None, None], at),
        words_SW,
        lax.dynamic_update_slice(order_IF, new_F[None], (step.order, 0)),
        jnp.where(step.last_ticks > 0, step.last_ticks, last),
    )


def _displayed(
    step: Step, shown: Array, hidden: Array, display: Array
) -> tuple[Array, Array, Array]:
    """What the order shows, hides, and shows at a time after a step.

    A trade takes what is shown first; a cancel and a lowered quantity what is hidden
    (`marsjax.book.settle`).
    """
    code, qty = step.code, step.qty
    rests = (code == REST) | (code == REST_AGAIN)
    kept = jnp.where(code == REST_AGAIN, display, 0)
    display = jnp.where(rests, jnp.where(step.display > 0, step.display, kept), display)
    rest = shown + hidden
    rest = jnp.where((code == TRADE) | (code == CANCEL), rest - qty, rest)
    rest = jnp.where(rests | (code == REPLACE), qty, rest)
    rest = jnp.where(code == TAKE_OUT, 0, rest)
    traded = jnp.where(qty >= shown, step.refill_qty, shown - qty)
    at_first = jnp.where(display > 0, jnp.minimum(display, rest), rest)
    shown = jnp.where(code == TRADE, traded, jnp.minimum(shown, rest))
    shown = jnp.where(rests, at_first, shown)
    return shown, rest - shown, display


@partial(jax.jit, static_argnames=("look_fn", "num_messages"))
def follow(
    ladder: Ladder,
    rows_AV: Array,
    num_steps: Array,
    *,
    look_fn: Callable[[Ladder], Any],
    num_messages: int,
) -> tuple[Any, Any]:
    """Look at a ladder after each message of a block.

    Args:
      ladder: at the start.
      rows_AV: the fields of `Step`, a row each, at least one a message.
      num_steps: how many of them count.
      look_fn: a view of the ladder, as wide as it likes; int32, without gather, scatter
        or sort.
      num_messages: T.

    Returns:
      what it saw before the first step, and after the last one of each message, ``[T]``
      each.
    """
    shapes, tree = jax.tree.flatten(jax.eval_shape(look_fn, ladder))

    def look(ladder: Ladder) -> Array:
        seen = jax.tree.leaves(look_fn(ladder))
        # A view need not use the last price, but the compiler (jaxlib 0.10.1) aborts
        # where a part of what a loop carries is never used.
        seen.append(ladder.last_price_ticks)
        return jnp.concatenate([x.reshape(-1) for x in seen])

    def loop(ladder, rows_AV, num_steps):
        size = 1 + sum(x.size for x in shapes)

        def step(carry):
            i, ladder, out_TV = carry
            row_V = lax.dynamic_slice(rows_AV, (i, 0), (1, len(Step._fields)))[0]
            row_V = computed(row_V)
            one = Step(*(row_V[v] for v in range(len(Step._fields))))
            ladder = advance(ladder, one)
            row = computed(look(ladder))
            out_TV = lax.dynamic_update_slice(out_TV, row[None], (one.message, 0))
            return i + 1, ladder, out_TV

        first_V = look(ladder)
        start = (jnp.int32(0), ladder, jnp.zeros((num_messages, size), jnp.int32))
        out_TV = lax.while_loop(lambda c: c[0] < num_steps, step, start)[2]
        return first_V, out_TV

    def parts(out):
        """The columns as the view has them."""
        at, leaves = 0, []
        for x in shapes:
            leaves.append(out[..., at : at + x.size].reshape(*out.shape[:-1], *x.shape))
            at += x.size
        return jax.tree.unflatten(tree, leaves)

    first_V, out_TV = one_kernel(in_mode("loop", loop))(ladder, rows_AV, num_steps)
    return parts(first_V), parts(out_TV)
