"""The true log-likelihood of any stream under a market whose law is known.

A stream is replayed: the law gives the log density of each event in the state before
it, and the event, given and not drawn, then changes the state. The mean of its negative
is the cross entropy of the stream in nats an order; for a stream of the market itself
it estimates the entropy, as does the mean of `event_entropy` with less noise. Both
count the waiting time in seconds: in another unit u they differ by log(u / s).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.replay import replay_messages
from marsjax.data.tape import Tape, in_session, to_messages
from marsjax.synth.many import Simulated, make_start, plain
from marsjax.synth.markets import Market
from marsjax.synth.opening import Opening, opening_messages, states_of
from marsjax.types import Array, Kind, Message, Status

FEWEST, PART = 128, 1024
"""Events of a market in a device call, a power of two."""


class Scores(NamedTuple):
    """Of each event: float32 ``[B, T]`` or ``[T]``, numpy.

    ``log_prob``: log density of the event given the state before it, nats.
    ``entropy``: the law's entropy in that state, nats. ``hazard``: the total intensity
    of events over the wait before it; under the law exponential with mean 1 and
    independent (random time change), so that its law is a test of fit.
    """

    log_prob: np.ndarray
    entropy: np.ndarray
    hazard: np.ndarray


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
            hazard = functions.hazard(params, state, wait_s)
            state = follow_fn(params, state, message, time_s, time_ns)
            return state, Scores(log_prob, entropy, hazard)

        return jax.lax.scan(body, state, event_T)

    return jax.jit(jax.vmap(one, in_axes=(None, 0, 0)))


def score(
    market: Market,
    params,
    openings: Opening | Sequence[Opening],
    messages_BT: Message,
    time_s_BT: np.ndarray,
    time_ns_BT: np.ndarray,
    *,
    num_slots: int = 128,
    progress_fn: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Law of every event of B streams.

    Args:
      market: one that `has_law`.
      params: of the law.
      openings: what each stream starts from, or what all do. Where only a book is
        given that is not the market's own, the rest of the state is as its own start
        has it, but for what the book tells: the reference price of the queue-reactive
        market stands at the book's mid.
      messages_BT: the events, ``[B, T]``.
      time_s_BT, time_ns_BT: their times since the start of the market.
      num_slots: slots a side of the books.
      progress_fn: told how many events are done, of how many.

    Raises:
      ValueError: the market has no known law, or a book was full.
    """
    if not market.has_law:
        raise ValueError(f"the law of {market.title} is not known")
    return walk(
        market,
        params,
        _make_part(market),
        openings,
        (messages_BT, time_s_BT, time_ns_BT),
        num_slots=num_slots,
        progress_fn=progress_fn,
    )


def walk(
    market: Market,
    params,
    part_fn: Callable,
    openings: Opening | Sequence[Opening],
    stream_BT: tuple,
    *,
    num_slots: int,
    progress_fn: Callable[[int, int], None],
):
    """What a function of parts of streams says of all events of B streams, numpy.

    Args:
      part_fn: ``(params, state_B, (message, wait_s, time_s, time_ns, *more))``, each of
        the events ``[B, t]``, to the states after them and a tree of ``[B, t, ...]``.
      stream_BT: messages, seconds and nanoseconds as `score` takes them, and more
        arrays ``[B, T, ...]`` for ``part_fn``.
      market, params, openings, num_slots, progress_fn: as `score` takes them.

    Raises:
      ValueError: a book was full.
    """
    messages_BT, time_s_BT, time_ns_BT, *more_BT = stream_BT
    num_markets, num_orders = time_s_BT.shape
    if isinstance(openings, Opening):
        openings = [openings] * num_markets
    params = plain(params)
    state, _ = make_start(market)(params, num_slots)
    state_B = states_of(market, params, state, openings)
    time_BT = np.asarray(time_s_BT, np.int64) * NS + time_ns_BT
    start_B1 = np.full((num_markets, 1), int(state.time_s) * NS + int(state.time_ns))
    wait_BT = np.diff(time_BT, axis=1, prepend=start_B1) * 1e-9
    event_BT = (messages_BT, wait_BT.astype(np.float32), time_s_BT, time_ns_BT)
    event_BT += tuple(more_BT)
    # Parts of few sizes share compilations; rows beyond the end do nothing.
    num_parts = max(1, -(-num_orders // PART))
    length = max(FEWEST, 1 << (-(-num_orders // num_parts) - 1).bit_length())
    spare = num_parts * length - num_orders

    def padded(x):
        return np.pad(x, ((0, 0), (0, spare)) + ((0, 0),) * (x.ndim - 2))

    event_BT = jax.tree.map(padded, event_BT)
    outs = []
    for p in range(num_parts):
        rows = slice(p * length, (p + 1) * length)
        part_BT = jax.tree.map(lambda x, rows=rows: x[:, rows], event_BT)
        state_B, out = part_fn(params, state_B, part_BT)
        outs.append(jax.tree.map(np.asarray, out))
        done = min((p + 1) * length, num_orders)
        progress_fn(num_markets * done, num_markets * num_orders)
    if (np.asarray(state_B.book.status) & int(Status.BOOK_FULL)).any():
        raise ValueError(f"a book of {num_slots} slots a side was full: use more slots")
    return jax.tree.map(lambda *x: np.concatenate(x, axis=1)[:, :num_orders], *outs)


def score_simulated(market: Market, params, simulated: Simulated, **options) -> Scores:
    """`score` of what `simulate_many` made."""
    return score(market, params, *simulated[:4], **options)


def score_tape(
    market: Market, params, tape: Tape, *, rest: dict | None = None, **options
) -> Scores:
    """`score` of a tape's events in continuous trading, ``[T]``.

    Rows before its first session, such as an opening auction's, only make the book;
    time is trading time, so that a lunch break is no wait.

    Args:
      market, params, options: as `score` takes them.
      tape: real or simulated.
      rest: what of the opening the tape does not tell (`Opening`); of a synthetic tape
        it is in the store's ``synth.json`` (`marsjax.synth.truth.Truth.rests`).
    """
    opening, _, stream_T = stream_of(tape, rest)
    stream_1T = jax.tree.map(lambda x: x[None], stream_T)
    scores = score(market, params, opening, *stream_1T, **options)
    return jax.tree.map(lambda x: x[0], scores)


def stream_of(tape: Tape, rest: dict | None = None) -> tuple[Opening, int, tuple]:
    """A tape's continuous trading as `score` takes it, of one market; int32.

    Returns:
      what it starts from, its first row, and messages, seconds and nanoseconds of
      trading time, ``[T]`` each.
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
    if (head.kind != Kind.COLLECT).any():
        book = replay_messages(head).book
        head = opening_messages(book)
        rest = {"last_price_ticks": int(book.last_price_ticks), **(rest or {})}
    stream_T = (tail, *np.divmod(clock[begins:], NS))
    stream_T = jax.tree.map(lambda x: x.astype(np.int32), stream_T)
    return Opening(head, rest), begins, stream_T


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
