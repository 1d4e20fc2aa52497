"""What a market starts from: its book, and what the book does not tell (host)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.book import Book, init, with_slots
from marsjax.book.slots import FIELDS
from marsjax.synth.markets import Market
from marsjax.types import Kind, Message

_OF_ALL = ("book", "time_s", "time_ns", "next_id")


class Opening(NamedTuple):
    """Where a market starts, at time 0.

    ``seeds_T``: the ``COLLECT`` messages that make its book, numpy. ``rest``: what of
    the state these do not tell, as far as it is known: ``last_price_ticks``, and of a
    market with a law the fields of its state beside a book, a clock and the next id,
    such as what the past of a Hawkes flow excites.
    """

    seeds_T: Message
    rest: dict[str, Any] | None = None


def opening_messages(book: Book) -> Message:
    """``COLLECT`` messages that rebuild a book, oldest order first; numpy."""
    qty = np.asarray(book.qty_SN).reshape(-1)
    live = np.flatnonzero(qty > 0)
    live = live[np.argsort(np.asarray(book.seq_SN).reshape(-1)[live])]
    return Message(
        kind=np.full(len(live), int(Kind.COLLECT), np.int32),
        side=(live // book.num_slots).astype(np.int32),
        price_ticks=np.asarray(book.price_ticks_SN).reshape(-1)[live],
        qty=qty[live],
        order_id=np.asarray(book.order_id_SN).reshape(-1)[live],
        owner=np.asarray(book.owner_SN).reshape(-1)[live],
    )


def book_of(seeds_T: Message, num_slots: int) -> Book:
    """The book that ``COLLECT`` messages make, where the exchange would put each order.

    Raises:
      ValueError: a side has more orders than slots.
    """
    side_T = np.asarray(seeds_T.side)
    num = max(len(side_T), 1)
    columns = {
        name: np.asarray(getattr(seeds_T, name))
        for name in ("price_ticks", "qty", "order_id", "owner")
    }
    columns["seq"] = np.arange(len(side_T))
    order_S1FT = np.zeros((2, 1, len(FIELDS), num), np.int32)
    for name, values in columns.items():
        for side in range(2):
            at = (side, 0, FIELDS.index(name), slice(len(side_T)))
            order_S1FT[at] = np.where(side_T == side, values, 0)
    total_S = order_S1FT[:, 0, FIELDS.index("qty")].sum(axis=-1)
    book = init(num_slots).replace(
        order_SCFW=order_S1FT,
        total_qty_S=jnp.asarray(total_S, jnp.int32),
        next_seq=jnp.array(len(side_T), jnp.int32),
    )
    return with_slots(book, num_slots)


def openings_of(market: Market, state_B: Any) -> tuple[Opening, ...]:
    """What each of a batch of running markets would start from, now.

    Args:
      market: which; of one whose law is not known only the book is told.
      state_B: states with a leading axis, numpy.
    """
    openings = []
    for b in range(len(state_B.time_s)):
        state = jax.tree.map(lambda x, b=b: x[b], state_B)
        rest = {"last_price_ticks": int(state.book.last_price_ticks)}
        for name in _own_fields(market, state):
            rest[name] = getattr(state, name)
        openings.append(Opening(opening_messages(state.book), rest))
    return tuple(openings)


def states_of(
    market: Market, params: Any, state: Any, openings: Sequence[Opening]
) -> Any:
    """The states that markets start from, with a leading axis; numpy.

    What is not known of a state is as the market's own start has it; for a book that
    is not its own, as its ``adopt`` says, if it has one.

    Args:
      market, params: which.
      state: of its own start.
      openings: what each of B markets starts from.

    Raises:
      ValueError: a book does not fit the slots of the state's.
    """
    made: dict[int, Any] = {}
    for opening in openings:
        if id(opening) not in made:
            made[id(opening)] = jax.tree.map(
                np.asarray, _state_of(market, params, state, opening)
            )
    states = [made[id(opening)] for opening in openings]
    return jax.tree.map(lambda *x: np.stack(x), *states)


def _state_of(market: Market, params: Any, state: Any, opening: Opening) -> Any:
    rest = opening.rest or {}
    book = book_of(opening.seeds_T, state.book.num_slots)
    if not rest and np.array_equal(book.order_SCFW, np.asarray(state.book.order_SCFW)):
        return state
    last = rest.get("last_price_ticks", state.book.last_price_ticks)
    ids = np.asarray(opening.seeds_T.order_id)
    state = state._replace(
        book=book.replace(last_price_ticks=jnp.asarray(last, jnp.int32)),
        next_id=jnp.int32(ids.max(initial=0) + 1),
    )
    names = _own_fields(market, state)
    adopt = getattr(market.functions, "adopt", None)
    if adopt is not None and not all(name in rest for name in names):
        state = adopt(params, state)
    own = {
        name: np.asarray(rest[name], np.asarray(getattr(state, name)).dtype)
        for name in names
        if name in rest
    }
    return state._replace(**own)


def _own_fields(market: Market, state: Any) -> list[str]:
    if not market.has_law:
        return []
    return [name for name in state._fields if name not in _OF_ALL]
