"""The true log-likelihood of any stream under a market whose law is known.

A stream is replayed: the law gives the log density of each event in the state before
it, and the event, given and not drawn, then changes the state. The mean of its negative
is the cross entropy of the stream in nats an order; for a stream of the market itself
it estimates the entropy, as does the mean of `event_entropy` with less noise. Both
count the waiting time in seconds: in another unit u they differ by log(u / s).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.tape import Tape, in_session, to_messages
from marsjax.synth.many import Simulated, make_start
from marsjax.synth.markets import Market
from marsjax.types import Array, Kind, Message, Status

PART = 1024
"""Events of a market in a device call."""


class Scores(NamedTuple):
    """Of each event: float32 ``[B, T]`` or ``[T]``, numpy.

    ``log_prob``: log density of the event given the state before it, nats.
    ``entropy``: the law's entropy in that state, nats.
    """

    log_prob: np.ndarray
    entropy: np.ndarray


class Estimate(NamedTuple):
    """A mean over orders and its standard error."""

    mean: float
    error: float


def follow(params, state, message: Message, time_s: Array, time_ns: Array):
    """The state after a given event, for markets whose state is a book and a clock."""
    del params
    book, _ = mbook.submit(state.book, message, max_events=None)
    is_new = (message.kind == Kind.LIMIT) | (message.kind == Kind.IOC)
    after = jnp.where(is_new, message.order_id + 1, 0)
    return state._replace(
        book=book,
        time_s=time_s,
        time_ns=time_ns,
        next_id=jnp.maximum(state.next_id, after),
    )


@lru_cache
def _make_part(market: Market):
    """A jitted part of many streams, from states and events to states and scores."""
    functions = market.functions
    follow_fn = getattr(functions, "follow", follow)

    def one(params, state, event_T):
        def body(state, event):
            message, wait_s, time_s, time_ns = event
            log_prob = functions.log_prob(params, state, message, wait_s)
            entropy = functions.event_entropy(params, state)
            state = follow_fn(params, state, message, time_s, time_ns)
            return state, (log_prob, entropy)

        return jax.lax.scan(body, state, event_T)

    return jax.jit(jax.vmap(one, in_axes=(None, 0, 0)))


@lru_cache
def _make_opening():
    """A jitted function from a book and messages to the book after them."""

    def opening(book, seeds_T):
        def body(book, m):
            return mbook.submit(book, m, max_events=None)[0], None

        return jax.lax.scan(body, book, seeds_T)[0]

    return jax.jit(opening)


def score(
    market: Market,
    params,
    seeds_T: Message,
    messages_BT: Message,
    time_s_BT: np.ndarray,
    time_ns_BT: np.ndarray,
    *,
    num_slots: int = 128,
    progress_fn: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Log density and entropy of every event of B streams from one opening book.

    Args:
      market: one that `has_law`.
      params: of the law.
      seeds_T: messages that make the opening book.
      messages_BT: the events, ``[B, T]``.
      time_s_BT, time_ns_BT: their times since the start of the market.
      num_slots: slots a side of the books.
      progress_fn: told how many events are done, of how many.

    Raises:
      ValueError: the market has no known law, or a book was full.
    """
    if not market.has_law:
        raise ValueError(f"the law of {market.title} is not known")
    num_markets, num_orders = time_s_BT.shape
    state, own_seeds_T = make_start(market)(params, num_slots)
    if not _are_equal(seeds_T, own_seeds_T):
        book = _make_opening()(mbook.init(num_slots), seeds_T)
        book = book.replace(last_price_ticks=state.book.last_price_ticks)
        ids = np.asarray(seeds_T.order_id)
        next_id = jnp.int32(ids.max(initial=0) + 1)
        state = state._replace(book=book, next_id=next_id)
    state_B = jax.tree.map(
        lambda x: jnp.broadcast_to(x, (num_markets, *x.shape)), state
    )
    time_BT = np.asarray(time_s_BT, np.int64) * NS + time_ns_BT
    start_B1 = np.full((num_markets, 1), int(state.time_s) * NS + int(state.time_ns))
    wait_BT = np.diff(time_BT, axis=1, prepend=start_B1) * 1e-9
    event_BT = (messages_BT, wait_BT.astype(np.float32), time_s_BT, time_ns_BT)
    # Parts of one size share a compilation; rows beyond the end do nothing.
    num_parts = max(1, -(-num_orders // PART))
    length = -(-num_orders // num_parts)
    spare = num_parts * length - num_orders
    event_BT = jax.tree.map(lambda x: np.pad(x, ((0, 0), (0, spare))), event_BT)
    run, outs = _make_part(market), []
    for p in range(num_parts):
        rows = slice(p * length, (p + 1) * length)
        part_BT = jax.tree.map(lambda x, rows=rows: x[:, rows], event_BT)
        state_B, out = run(params, state_B, part_BT)
        outs.append(jax.tree.map(np.asarray, out))
        done = min((p + 1) * length, num_orders)
        progress_fn(num_markets * done, num_markets * num_orders)
    if (np.asarray(state_B.book.status) & int(Status.BOOK_FULL)).any():
        raise ValueError(f"a book of {num_slots} slots a side was full: use more slots")
    whole = jax.tree.map(lambda *x: np.concatenate(x, axis=1)[:, :num_orders], *outs)
    return Scores(*whole)


def score_simulated(
    market: Market, params, simulated: Simulated, *, num_slots: int = 128, **options
) -> Scores:
    """`score` of what `simulate_many` made."""
    return score(market, params, *simulated[:4], num_slots=num_slots, **options)


def score_tape(
    market: Market, params, tape: Tape, *, num_slots: int = 128, **options
) -> Scores:
    """`score` of a tape's events in continuous trading, ``[T]``.

    Rows before its first session, such as an opening auction's, only make the book;
    time is trading time, so that a lunch break is no wait.
    """
    frame = tape.messages
    messages = to_messages(frame)
    times = (frame[name].to_numpy() for name in ("time_s", "time_ns"))
    clock = to_trading_ns(*times, tape.sessions)
    begins = tape.seed_rows + int(np.argmax(in_session(tape)[tape.seed_rows :]))
    head, tail = (
        jax.tree.map(lambda x, part=part: x[part], messages)
        for part in (slice(None, begins), slice(begins, None))
    )
    time_s, time_ns = np.divmod(clock[begins:], NS)
    as_one = jax.tree.map(lambda x: x.astype(np.int32)[None], (tail, time_s, time_ns))
    scores = score(market, params, head, *as_one, num_slots=num_slots, **options)
    return jax.tree.map(lambda x: x[0], scores)


def estimate(values_BT: np.ndarray, num_blocks: int = 64) -> Estimate:
    """Mean and standard error of a series of orders that follow each other.

    Orders near each other are alike, so that the error is that of the means of blocks:
    whole markets, or parts of them where there are fewer than ``num_blocks``.
    """
    values_BT = np.atleast_2d(np.asarray(values_BT, np.float64))
    num_markets, num_orders = values_BT.shape
    parts = min(max(1, -(-num_blocks // num_markets)), num_orders)
    blocks = np.array_split(values_BT, parts, axis=1)
    means = np.concatenate([block.mean(axis=1) for block in blocks])
    error = means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
    return Estimate(float(values_BT.mean()), float(error))


def _are_equal(a: Message, b: Message) -> bool:
    pairs = zip(a[:6], b[:6], strict=True)
    return all(np.array_equal(np.asarray(x), np.asarray(y)) for x, y in pairs)
