"""The law of the next token, from the law of the next event (unbatched, jittable).

Every event that can come falls into one cell of type, price bin and volume bin. The
chance of a cell is the sum r of its events' rates over the sum R of all; prices are
measured in half ticks from the anchor before the order, as in `marsjax.tokens.tape`.
Rates stand still between events, so that the wait is exponential and independent of the
cell. A clock that is cut to nanoseconds shows n of them where the wait lies in
``[n, n + 1)`` ns, hence of a bin that holds those above a, up to b:

    log P(interval) = -R (a + 1) + log(1 - exp(-R (b - a))),   a, b in ns.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import xlogy

from marsjax.data.clock import NS
from marsjax.synth.markets import Market
from marsjax.synth.menu import Menu, law_of
from marsjax.tokens.orders import BUY, CANCEL, SELL
from marsjax.tokens.tokenizer import Tokenizer
from marsjax.types import Array


class Bins(NamedTuple):
    """A tokenizer's bins as the law needs them.

    ``price_P``, ``volume_V``: inclusive upper edges, half ticks and lots, int32; one
    fewer than bins. ``new_V``: chance of each volume bin of a new order. ``from_I``,
    ``width_I``: where the waits of each interval bin begin and how long it is, seconds;
    the last is infinite. ``lot_size``: shares.
    """

    price_P: np.ndarray
    volume_V: np.ndarray
    new_V: np.ndarray
    from_I: np.ndarray
    width_I: np.ndarray
    lot_size: np.ndarray


class Rates(NamedTuple):
    """Rates of all cells, a second: of a new order ``new_SP[side, price] * new_V``."""

    new_SP: Array
    cancel_PV: Array


class TokenScores(NamedTuple):
    """Of a token: float32 ``[C]``, nats, of each field given those before it.

    ``log_prob``: of the token. ``entropy``: of the law in that state.
    """

    log_prob: Array
    entropy: Array


def make_bins(market: Market, params: Any, tokenizer: Tokenizer) -> Bins:
    """The bins of a tokenizer of orders for a market (host).

    Raises:
      InputError: the market's events cannot be listed.
    """
    edges, big = tokenizer.edges, np.iinfo(np.int32)
    # P(lots > n) at both ends of each bin.
    tail = law_of(market).size_tail(params, np.maximum(edges["volume"], 0))
    from_ns = np.concatenate([[0], np.maximum(edges["interval"] + 1, 0)])
    width_s = np.append(np.diff(from_ns) / NS, np.inf)

    def int32(x):
        return np.clip(x, big.min, big.max).astype(np.int32)

    return Bins(
        price_P=int32(edges["price"]),
        volume_V=int32(edges["volume"]),
        new_V=-np.diff(tail, prepend=1.0, append=0.0).astype(np.float32),
        from_I=(from_ns / NS).astype(np.float32),
        width_I=width_s.astype(np.float32),
        lot_size=np.int32(params.lot_size),
    )


def cell_rates(menu: Menu, book, before2_ticks: Array, bins: Bins) -> Rates:
    """The rates of all cells.

    Args:
      menu: what can come next; book: that it meets.
      before2_ticks: twice the anchor before the order.
      bins: of the tokenizer.
    """
    num_prices, num_volumes = len(bins.price_P) + 1, len(bins.new_V)

    def price_bin(price_ticks: Array) -> Array:
        return bin_of(2 * price_ticks - before2_ticks, bins.price_P)

    at_SE = price_bin(menu.price_ticks_SE)
    is_at_SPE = at_SE[:, None, :] == jnp.arange(num_prices)[None, :, None]
    new_SP = jnp.sum(jnp.where(is_at_SPE, menu.new_SE[:, None, :], 0.0), axis=-1)
    lots_SN = -(-book.qty_SN // bins.lot_size)
    volume_SN = bin_of(lots_SN, bins.volume_V)
    cell_SN = price_bin(book.price_ticks_SN) * num_volumes + volume_SN
    flat = jnp.zeros(num_prices * num_volumes).at[cell_SN].add(menu.cancel_SN)
    return Rates(new_SP, flat.reshape(num_prices, num_volumes))


def bin_of(value: Array, edges: Array) -> Array:
    """The number of edges below each value, int32."""
    edges = jnp.asarray(edges).reshape((-1,) + (1,) * value.ndim)
    return jnp.sum((value[None] > edges).astype(jnp.int32), axis=0)


def table(rates: Rates, bins: Bins) -> Array:
    """Rates of the cells, ``[type, price bin, volume bin]``."""
    new_SPV = rates.new_SP[:, :, None] * jnp.asarray(bins.new_V)[None, None, :]
    return _in_order({BUY: new_SPV[0], SELL: new_SPV[1], CANCEL: rates.cancel_PV})


def interval_log_prob(rate: Array, bins: Bins) -> Array:
    """Nats of each interval bin, ``[I]``, at a total rate a second."""
    inside_I = jnp.log(-jnp.expm1(-rate * bins.width_I))
    return inside_I - rate * bins.from_I


def token_scores(rates: Rates, bins: Bins, token_C: Array) -> TokenScores:
    """Log-probability of a token and entropy of the law, by field."""
    type_, price, volume, interval = token_C
    new_S, cancel_P = jnp.sum(rates.new_SP, axis=-1), jnp.sum(rates.cancel_PV, axis=-1)
    of_type = _in_order({BUY: new_S[0], SELL: new_S[1], CANCEL: jnp.sum(cancel_P)})
    total = jnp.sum(of_type)
    side = jnp.where(type_ == BUY, 0, 1)
    new_V = jnp.asarray(bins.new_V)
    is_new = type_ != CANCEL
    at_price = jnp.where(is_new, rates.new_SP[side, price], cancel_P[price])
    cell = jnp.where(
        is_new,
        rates.new_SP[side, price] * new_V[volume],
        rates.cancel_PV[price, volume],
    )
    wait_I = interval_log_prob(total, bins)
    chain = jnp.stack([total, of_type[type_], at_price, cell])
    share = jnp.where(chain[:-1] > 0, chain[1:] / chain[:-1], 0.0)
    log_prob = jnp.append(jnp.log(share), wait_I[interval])

    # Sums of r log r, from the total to the single cells.
    whole = xlogy(total, total)
    types = jnp.sum(xlogy(of_type, of_type))
    new_prices = jnp.sum(xlogy(rates.new_SP, rates.new_SP))
    prices = new_prices + jnp.sum(xlogy(cancel_P, cancel_P))
    sizes = jnp.sum(new_S) * jnp.sum(xlogy(new_V, new_V))
    cells = new_prices + sizes + jnp.sum(xlogy(rates.cancel_PV, rates.cancel_PV))
    levels = jnp.stack([whole, types, prices, cells])
    chance_I = jnp.exp(wait_I)
    wait = -jnp.sum(jnp.where(chance_I > 0, chance_I * wait_I, 0.0))
    entropy = jnp.append((levels[:-1] - levels[1:]) / total, wait)
    return TokenScores(log_prob, entropy)


def _in_order(by_type: dict[int, Array]) -> Array:
    """Arrays of the types, stacked as tokens number them."""
    return jnp.stack([by_type[type_] for type_ in sorted(by_type)])
