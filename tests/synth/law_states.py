"""A state of each market with a menu, made without running it, once for all tests."""

from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from marsjax.synth.many import make_start, plain
from marsjax.synth.markets import Market, find_market
from marsjax.synth.opening import Opening, states_of
from marsjax.types import Kind, Message, Side


class Here(NamedTuple):
    """A market, its parameters and a state."""

    market: Market
    params: Any
    state: Any


@cache
def state_of(name: str) -> Here:
    """With orders on seven prices a side, some beyond the queues that are modelled.

    Of several sizes in zero intelligence.
    """
    rng = np.random.default_rng(1)
    side = np.repeat([0, 1], 25).astype(np.int32)
    far = rng.integers(1, 8, 50).astype(np.int32)
    lots = rng.geometric(0.5, 50) if name == "zi" else np.ones(50)
    seeds_T = Message(
        kind=np.full(50, Kind.COLLECT, np.int32),
        side=side,
        price_ticks=np.where(side == Side.BUY, 10_000 - far, 9_999 + far),
        qty=(100 * lots).astype(np.int32),
        order_id=np.arange(1, 51, dtype=np.int32),
        owner=np.zeros(50, np.int32),
    )
    market = find_market(name)
    params = plain(market.functions.Params())
    state, _ = make_start(market)(params, 128)
    state_B = states_of(market, params, state, [Opening(seeds_T)])
    return Here(market, params, jax.tree.map(lambda x: x[0], state_B))
