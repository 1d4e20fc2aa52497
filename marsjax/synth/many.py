"""Many markets at once, in parts, on all cores.

Market i draws from ``fold_in(key, i)`` and event t of it from ``fold_in(., t)``, so
that its bytes depend neither on how many markets run beside it, nor on the parts, nor
on the threads.

What an order of zero intelligence costs, 64 markets of 128 slots a side, CPU time on a
shared Xeon: 0.92 us. At least its random numbers (0.13 us) and its elementary actions
in the exchange (0.32 us, as `run_many` takes the same messages) are needed; the rest
reads every slot once to sum the rates of cancels, and draws.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from os import cpu_count
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.synth.markets import Market
from marsjax.types import Array, Message

PART = 2048
"""Most orders of a market in a device call."""


class Simulated(NamedTuple):
    """What markets did, as numpy int32 arrays.

    ``seeds_T``: the messages of the opening book, the same in every market.
    ``messages_BT``, ``time_s_BT``, ``time_ns_BT``: each market's, ``[B, T]``, time
    since the start. ``status_B``: status bits of the books at the end.
    """

    seeds_T: Message
    messages_BT: Message
    time_s_BT: np.ndarray
    time_ns_BT: np.ndarray
    status_B: np.ndarray


@lru_cache
def _make_part(market: Market, num_orders: int):
    """A jitted part for a batch of markets; their states are donated."""

    def part(keys_B: Array, params, state_B, first: Array):
        def one(key, state):
            return market.part(key, params, state, first, num_orders)

        return jax.vmap(one)(keys_B, state_B)

    return jax.jit(part, donate_argnums=2)


@lru_cache
def make_start(market: Market):
    """The market's `start`, jitted; the number of slots is static."""
    return jax.jit(market.functions.start, static_argnums=1)


def simulate_many(
    market: Market,
    params,
    key: Array,
    num_markets: int,
    num_orders: int,
    *,
    num_slots: int = 128,
    first_market: int = 0,
    num_threads: int | None = None,
    progress_fn: Callable[[int, int], None] = lambda done, total: None,
) -> Simulated:
    """Run ``num_markets`` markets of ``num_orders`` orders each.

    Args:
      market: which (`marsjax.synth.markets`).
      params: its parameters, the same for all.
      key: of all randomness.
      num_markets, num_orders: B and T.
      num_slots: slots a side of each book.
      first_market: number of the first of them.
      num_threads: groups of markets that run side by side; by default one a core, and
        one on an accelerator.
      progress_fn: told how many orders are done, of how many.
    """
    if num_threads is None:
        num_threads = (cpu_count() or 1) if jax.default_backend() == "cpu" else 1
    num_threads = min(num_threads, num_markets)
    # Groups of one size and parts of one size share a compilation; what they make
    # beyond the markets and orders asked for is dropped.
    size = -(-num_markets // num_threads)
    num_parts = -(-num_orders // PART)
    length = -(-num_orders // num_parts)
    part = _make_part(market, length)
    state, seeds_T = make_start(market)(params, num_slots)
    done = 0

    def begin(group: int):
        index_B = first_market + group * size + np.arange(size)
        keys_B = jax.vmap(lambda i: jax.random.fold_in(key, i))(index_B)
        state_B = jax.tree.map(
            lambda x: jnp.array(jnp.broadcast_to(x, (size, *x.shape))), state
        )
        return keys_B, state_B

    def advance(keys_B, state_B, p: int):
        nonlocal done
        state_B, out = part(keys_B, params, state_B, jnp.int32(p * length))
        out = jax.tree.map(np.asarray, out)
        done += size * length
        progress_fn(min(done, num_markets * num_orders), num_markets * num_orders)
        return state_B, out

    def run(keys_B, state_B, out):
        outs = [out]
        for p in range(1, num_parts):
            state_B, out = advance(keys_B, state_B, p)
            outs.append(out)
        whole = jax.tree.map(lambda *x: np.concatenate(x, axis=1), *outs)
        whole = jax.tree.map(lambda x: x[:, :num_orders], whole)
        return whole, np.asarray(state_B.book.status)

    def run_group(group: int):
        keys_B, state_B = begin(group)
        return run(keys_B, *advance(keys_B, state_B, 0))

    # The first part compiles before the threads begin.
    keys_B, state_B = begin(0)
    state_B, out = advance(keys_B, state_B, 0)
    with ThreadPoolExecutor(num_threads) as pool:
        jobs = [pool.submit(run, keys_B, state_B, out)]
        jobs += [pool.submit(run_group, g) for g in range(1, num_threads)]
        results = [job.result() for job in jobs]
    (messages, time_s, time_ns), status_B = jax.tree.map(
        lambda *x: np.concatenate(x)[:num_markets], *results
    )
    seeds_T = jax.tree.map(np.asarray, seeds_T)
    return Simulated(seeds_T, messages, time_s, time_ns, status_B)
