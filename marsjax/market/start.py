"""Where a rollout starts: a real tape at a moment, or a synthetic opening."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.replay import replay_through
from marsjax.data.tape import Tape, to_messages
from marsjax.errors import InputError
from marsjax.lmm import OrderModel, make_sampling
from marsjax.lmm.trained import TrainedModel
from marsjax.market.state import Market, World
from marsjax.synth import synthetic_tape
from marsjax.tokens.clock import NS, session_seconds, to_trading_ns
from marsjax.tokens.decode import to_device
from marsjax.tokens.orders import encode
from marsjax.tokens.tape import ObservedTape, observed_orders, tape_features
from marsjax.tokens.views import view_of
from marsjax.types import Array

_TIME = ("time_s", "time_ns")


class Start(NamedTuple):
    """A market about to run, and where it came from.

    Attributes:
      model: the order model.
      world: what all markets of the rollout share.
      market: one market, unbatched.
      position: int32, orders in the model's history.
      tape: the tape it starts from; row: the first message that has not happened.
      observed: the tape's orders, before and after the start.
      history: orders the model has seen.
    """

    model: OrderModel
    world: World
    market: Market
    position: Array
    tape: Tape
    row: int
    observed: ObservedTape
    history: int

    @property
    def trading_s(self) -> float:
        """Trading seconds since the open."""
        return int(self.world.start_s) + int(self.world.start_ns) / NS


def roomy(book: mbook.Book) -> int:
    """Slots a side with room to grow: at least twice the live orders and 256 more.

    Slots that nobody needs cost time; powers of two, so that starts share
    compilations.
    """
    most = int((np.asarray(book.qty_SN) > 0).sum(axis=-1).max())
    return 1 << (2 * most + 255).bit_length()


def start_from_tape(
    trained: TrainedModel,
    tape: Tape,
    trading_s: float | None = None,
    *,
    num_slots: int | None = None,
    history: int | None = None,
    temperature: float | Sequence[float] = 1.0,
    top_k: int | Sequence[int] | None = None,
    top_p: float | Sequence[float] | None = None,
) -> Start:
    """Stand where a tape stood: its book, its clock and the model's memory of it.

    Args:
      trained: a model, as `marsjax.load` gives it.
      tape: a tape.
      trading_s: trading seconds since the open; ``None``: the end of the tape.
      num_slots: slots a side; by default see `roomy`.
      history: orders to show the model; by default all that can still reach it through
        its layers' windows.
      temperature: of the model's draws, a number or one a field.
      top_k: of each field only so many of the likeliest values are drawn, 0 for all; a
        number or one a field.
      top_p: of each field only the likeliest values that reach this share together; a
        number or one a field.

    Raises:
      InputError: no order before that moment, or none after the open.
    """
    model, params, tokenizer = trained
    sampling = make_sampling(model.config.field_names, temperature, top_k, top_p)
    frame = tape.messages
    row = len(frame)
    if trading_s is not None:
        wall = to_trading_ns(
            frame["time_s"].to_numpy(), frame["time_ns"].to_numpy(), tape.sessions
        )
        row = int(np.searchsorted(wall, round(trading_s * NS)))
    view = view_of(tokenizer.schema)
    result, book = replay_through(tape, row, look_fn=view.look_fn)
    observed = observed_orders(tape, result, view)
    seen = int(np.searchsorted(observed.row, row))
    if seen == 0:
        raise InputError(
            f"{tape.name} has no order before the start",
            "start later: the model needs at least one order of history",
        )
    try:
        fitted = mbook.with_slots(book, roomy(book) if num_slots is None else num_slots)
    except ValueError as error:
        raise InputError(str(error), "give more slots, or none to fit them") from None
    # Bits of the tape's own past are not the rollout's.
    fitted = fitted.replace(status=jnp.zeros((), jnp.uint32))

    if history is None:
        history = model.config.num_layers * model.config.window
    first = max(0, seen - history)
    tokens_L4 = encode(tokenizer, observed.raw)[first:seen].astype(np.int32)
    features_LF = tape_features(observed, tokenizer, tape.lot_size)[first:seen]
    cache, hidden_D, position = jax.jit(model.prefill)(
        params, jnp.asarray(tokens_L4), jnp.asarray(features_LF, jnp.int32)
    )
    last_ns = int(observed.trading_ns[seen - 1])
    start_ns = last_ns if trading_s is None else max(last_ns, round(trading_s * NS))
    market = Market(
        book=fitted,
        cache=cache,
        hidden_D=hidden_D,
        anchor2_ticks=jnp.int32(observed.seen.anchor2_ticks[seen - 1]),
        clock_s=jnp.int32(last_ns // NS),
        clock_ns=jnp.int32(last_ns % NS),
        next_id=jnp.int32(_next_id(to_messages(frame).order_id)),
        status=jnp.zeros((), jnp.uint32),
    )
    world = World(
        params=params,
        tokenizer=to_device(tokenizer),
        start_s=jnp.int32(start_ns // NS),
        start_ns=jnp.int32(start_ns % NS),
        open2_ticks=jnp.int32(observed.open2),
        session_s=jnp.int32(session_seconds(tape.sessions)),
        lot_size=jnp.int32(tape.lot_size),
        sampling=sampling,
    )
    return Start(model, world, market, position, tape, row, observed, seen - first)


def start_from_synthetic(
    trained: TrainedModel,
    seed: int,
    *,
    num_orders: int = 1_000,
    num_after: int = 1_000,
    **options,
) -> Start:
    """An opening drawn by the zero-intelligence market: its book and its history.

    Args:
      trained: a model, as `marsjax.load` gives it.
      seed: of the synthetic market.
      num_orders: its orders before the start.
      num_after: its orders after the start, to compare with.
      options: as of `start_from_tape`.
    """
    tape = synthetic_tape(seed, num_orders + num_after)
    row = tape.seed_rows + num_orders
    moment = [tape.messages[name][row : row + 1].to_numpy() for name in _TIME]
    trading_s = float(to_trading_ns(*moment, tape.sessions)[0]) / NS
    return start_from_tape(trained, tape, trading_s, **options)


def _next_id(order_ids: np.ndarray) -> int:
    """An id above all of the tape's, with room for two hundred million orders."""
    largest = int(order_ids.max(initial=0))
    if largest > np.iinfo(np.int32).max - 200_000_000:
        raise InputError(
            f"order ids up to {largest} leave no room for new ones",
            "number the tape's ids from 1",
        )
    return largest + 1
