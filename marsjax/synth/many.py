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
from threading import Event
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.data.clock import NS
from marsjax.synth.markets import Market
from marsjax.synth.opening import Opening, openings_of
from marsjax.types import Array, Message

PART = 2048
"""Most orders of a market in a device call."""


class Simulated(NamedTuple):
    """What markets did, as numpy int32 arrays.

    ``openings``: what each market started from. ``messages_BT``, ``time_s_BT``,
    ``time_ns_BT``: each market's, ``[B, T]``, time since its opening. ``status_B``:
    status bits of the books at the end.
    """

    openings: tuple[Opening, ...]
    messages_BT: Message
    time_s_BT: np.ndarray
    time_ns_BT: np.ndarray
    status_B: np.ndarray

    @property
    def seeds_T(self) -> Message:
        """Messages of the first market's opening book: of all, without a burn-in."""
        return self.openings[0].seeds_T


@lru_cache
def _make_part(market: Market, num_orders: int):
    """A jitted part for a batch of markets; their states are donated."""

    def part(keys_B: Array, params, state_B, first: Array):
        def one(key, state):
            return market.functions.simulate(key, params, state, num_orders, first)

        return jax.vmap(one)(keys_B, state_B)

    return jax.jit(part, donate_argnums=2)


@lru_cache
def make_start(market: Market):
    """The market's `start`, jitted; the number of slots is static."""
    return jax.jit(market.functions.start, static_argnums=1)


def plain(params: Any) -> Any:
    """Parameters as float32 and int32, so that all of a market share compilations."""

    def one(x):
        x = np.asarray(x)
        return x.astype(np.float32 if x.dtype.kind == "f" else np.int32)

    return jax.tree.map(one, params)


def simulate_many(
    market: Market,
    params,
    key: Array,
    num_markets: int,
    num_orders: int,
    *,
    num_slots: int = 128,
    burn_in: int = 0,
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
      burn_in: at least so many orders of each market come before, and are left out
        (`burnt`): its opening is then the book after them.
      first_market: number of the first of them.
      num_threads: groups of markets that run side by side; by default one a core, and
        one on an accelerator.
      progress_fn: told how many orders are done, of how many, burn-in included.
    """
    if num_threads is None:
        num_threads = (cpu_count() or 1) if jax.default_backend() == "cpu" else 1
    num_threads = min(num_threads, num_markets)
    # Groups of one size and parts of one size share a compilation; what they make
    # beyond the markets and orders asked for is dropped.
    size = -(-num_markets // num_threads)
    length = _length(burn_in or num_orders)
    num_before, num_parts = -(-burn_in // length), -(-num_orders // length)
    total = num_markets * (num_before * length + num_orders)
    part = _make_part(market, length)
    params = plain(params)
    state, seeds_T = make_start(market)(params, num_slots)
    same = Opening(jax.tree.map(np.asarray, seeds_T))
    is_compiled = Event()
    done = 0

    def advance(keys_B, state_B, p: int):
        nonlocal done
        state_B, out = part(keys_B, params, state_B, jnp.int32(p * length))
        out = None if p < num_before else jax.tree.map(np.asarray, out)
        state_B = jax.block_until_ready(state_B)
        is_compiled.set()
        done += size * length
        progress_fn(min(done, total), total)
        return state_B, out

    def run_group(group: int):
        index_B = first_market + group * size + np.arange(size)
        keys_B = jax.vmap(lambda i: jax.random.fold_in(key, i))(index_B)
        state_B = jax.tree.map(
            lambda x: jnp.asarray(np.broadcast_to(x, (size, *x.shape)).copy()), state
        )
        for p in range(num_before):
            state_B, _ = advance(keys_B, state_B, p)
        openings = (same,) * size
        if num_before:
            openings = openings_of(market, jax.tree.map(np.asarray, state_B))
        start_B = (np.asarray(state_B.time_s), np.asarray(state_B.time_ns))
        outs = []
        for p in range(num_before, num_before + num_parts):
            state_B, out = advance(keys_B, state_B, p)
            outs.append(out)
        whole = jax.tree.map(
            lambda *x: np.concatenate(x, axis=1)[:, :num_orders], *outs
        )
        times = _since(*start_B, *whole[1:])
        return openings, (whole[0], *times, np.asarray(state_B.book.status))

    def run_when_compiled(group: int):
        if group:
            is_compiled.wait()
        try:
            return run_group(group)
        finally:
            is_compiled.set()

    with ThreadPoolExecutor(num_threads) as pool:
        groups = list(pool.map(run_when_compiled, range(num_threads)))
    openings = [opening for group, _ in groups for opening in group]
    whole = jax.tree.map(
        lambda *x: np.concatenate(x)[:num_markets], *(out for _, out in groups)
    )
    return Simulated(tuple(openings[:num_markets]), *whole)


def burnt(burn_in: int) -> int:
    """Orders of a market that a burn-in leaves out: whole parts."""
    if not burn_in:
        return 0
    length = _length(burn_in)
    return -(-burn_in // length) * length


def _length(num_orders: int) -> int:
    """Orders of a part, of which so many orders have the fewest."""
    return -(-num_orders // max(1, -(-num_orders // PART)))


def _since(start_s_B, start_ns_B, time_s_BT, time_ns_BT) -> tuple[np.ndarray, ...]:
    """Seconds and nanoseconds since a start."""
    start_B = start_s_B.astype(np.int64) * NS + start_ns_B
    time_BT = time_s_BT.astype(np.int64) * NS + time_ns_BT - start_B[:, None]
    return tuple(x.astype(np.int32) for x in np.divmod(time_BT, NS))
