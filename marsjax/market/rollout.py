"""Many markets: groups of fixed size through one compiled chunk of steps.

Markets are run in groups that share one compiled program, whatever their number, and
market i draws from ``fold_in(key, i)``. A market's integers therefore do not depend on
how many others run beside it. On a CPU a group that fits the cache is also faster than
one big batch; on an accelerator make the group as large as memory allows.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.lmm import OrderModel
from marsjax.market.quotes import spread_and_mid
from marsjax.market.start import Start
from marsjax.market.state import Market, Record, World
from marsjax.market.step import step
from marsjax.types import Array

GROUP_SIZE = 16


class Rollout(NamedTuple):
    """What a rollout did; numpy, B markets and T steps.

    ``records``: each ``[B, T]``. ``status``: ``[B]`` sticky bits of market and book.
    ``market_ids``: ``[B]``.
    """

    records: Record
    status: np.ndarray
    market_ids: np.ndarray

    @property
    def mid_ticks(self) -> np.ndarray:
        """Mid after each order, ``[B, T]``; NaN where the book was one-sided."""
        return spread_and_mid(self.records.bid_ticks, self.records.ask_ticks)[1]


@partial(
    jax.jit, static_argnames=("model", "num_steps"), donate_argnames=("markets_B",)
)
def run_chunk(
    model: OrderModel,
    world: World,
    markets_B: Market,
    keys_B: Array,
    first_step: Array,
    position: Array,
    *,
    num_steps: int,
) -> tuple[Market, Record]:
    """``num_steps`` steps of a group of markets.

    Args:
      model, world: shared.
      markets_B: the group, every leaf with leading axis B (donated).
      keys_B: the markets' keys; step t of a market uses ``fold_in(key, t)``.
      first_step: int32, step number of the first step.
      position: int32, orders in the model's history before it.
      num_steps: static.

    Returns:
      the group, and records ``[num_steps, B]``.
    """

    def body(markets_B, t):
        keys_now_B = jax.vmap(jax.random.fold_in, (0, None))(keys_B, first_step + t)
        one = partial(step, model, world)
        # Position is shared, so that the cache is written in place.
        return jax.vmap(one, (0, None, 0))(markets_B, position + t, keys_now_B)

    return jax.lax.scan(body, markets_B, jnp.arange(num_steps, dtype=jnp.int32))


def rollout(
    start: Start,
    key: Array,
    *,
    num_markets: int | None = None,
    num_orders: int,
    market_ids: np.ndarray | None = None,
    group_size: int = GROUP_SIZE,
    chunk_size: int = 250,
    progress_fn: Callable[[int, int], None] | None = None,
) -> Rollout:
    """Run markets from one start.

    Args:
      start: see `marsjax.market.start`.
      key: typed key of the whole rollout.
      num_markets: how many; or name them by ``market_ids``.
      num_orders: steps of each market; memory on the device does not grow with it.
      market_ids: which markets; market i is the same whoever runs beside it.
      group_size: markets a device call; part of what fixes the floats' rounding.
      chunk_size: steps a device call.
      progress_fn: called with orders done and orders in all.
    """
    if market_ids is None:
        if num_markets is None:
            raise ValueError("give num_markets or market_ids")
        market_ids = np.arange(num_markets)
    ids = np.asarray(market_ids, np.int32)
    if not len(ids) or num_orders < 1:
        raise ValueError("a rollout needs at least one market and one order")
    padding = -len(ids) % group_size
    padded = np.concatenate([ids, np.repeat(ids[-1:], padding)])
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.asarray(padded))
    chunk_size = min(chunk_size, num_orders)
    num_chunks = -(-num_orders // chunk_size)
    total = num_orders * len(ids)

    groups, status = [], []
    for first in range(0, len(padded), group_size):
        markets_B = jax.tree.map(
            lambda x: jnp.repeat(jnp.asarray(x)[None], group_size, axis=0), start.market
        )
        real = min(group_size, len(ids) - first)
        chunks = []
        for chunk in range(num_chunks):
            done = chunk * chunk_size
            markets_B, records = run_chunk(
                start.model,
                start.world,
                markets_B,
                keys[first : first + group_size],
                jnp.int32(done),
                start.position + done,
                num_steps=chunk_size,
            )
            chunks.append(jax.tree.map(lambda x, n=real: np.asarray(x)[:, :n], records))
            if progress_fn is not None:
                steps = min(done + chunk_size, num_orders)
                progress_fn(first * num_orders + real * steps, total)
        joined = jax.tree.map(lambda *xs: np.concatenate(xs)[:num_orders].T, *chunks)
        groups.append(joined)
        bits = np.asarray(markets_B.status | markets_B.book.status)
        status.append(bits[:real])
    return Rollout(
        records=jax.tree.map(lambda *xs: np.concatenate(xs), *groups),
        status=np.concatenate(status),
        market_ids=ids,
    )
