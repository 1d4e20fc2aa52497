"""From a book and the events that follow it to a ladder and its steps (host)."""

from typing import NamedTuple

import numpy as np

from marsjax.book import ladder as of
from marsjax.book.occupied import num_rows, tree_of
from marsjax.book.slots import INT32_MAX, is_limit_price
from marsjax.book.state import Book
from marsjax.types import Event, EventKind, Kind, Message, Status

# Of a modified order that enters anew: it has left its place, and the rest is refused.
_REFUSED_REST = Status.BOOK_FULL | Status.TOTAL_QTY | Status.SEQUENCE | Status.HALT

_FEWEST_ROWS = 3  # 32,768 levels: fewer would hardly be faster, and compile anew

_CODE = np.zeros(max(EventKind) + 1, np.int32)
for _kind, _code in {
    EventKind.REST: of.REST,
    EventKind.FILL: of.TRADE,
    EventKind.DECREMENT: of.TRADE,
    EventKind.AUCTION_FILL: of.TRADE,
    EventKind.CANCEL: of.CANCEL,
    EventKind.REPLACE: of.REPLACE,
    # Nothing of it rests; of orders in the book, only market orders that an auction
    # leaves expire.
    EventKind.EXPIRE: of.TAKE_OUT,
}.items():
    _CODE[_kind] = _code


class Block(NamedTuple):
    """Arguments of `marsjax.book.ladder.follow`, numpy."""

    ladder: of.Ladder
    rows_AV: np.ndarray
    num_steps: np.int32


def block_of(
    book: Book, messages_T: Message, events: Event, message_index: np.ndarray
) -> Block:
    """What a ladder needs to follow a block of messages.

    Args:
      book: before them.
      messages_T: the block, numpy ``[T]``.
      events, message_index: as `marsjax.book.run` gives them for the block.
    """
    names = ("price_ticks", "qty", "hidden", "display", "order_id")
    fields = [np.asarray(book.field(name)) for name in names]
    side_M, slot_M = np.nonzero(fields[1] > 0)
    price_M, qty_M, hidden_M, display_M, id_M = (x[side_M, slot_M] for x in fields)
    price_M = np.where(is_limit_price(price_M), price_M, 0)

    steps, id_A, price_A = _steps(messages_T, events, message_index)
    rests = np.isin(steps.code, (of.REST, of.REST_AGAIN, of.REPRICE))
    prices = np.unique(np.concatenate([price_M, price_A[rests]]))
    prices = prices[np.searchsorted(prices, 1) :]

    def level(price: np.ndarray) -> np.ndarray:
        found = of.MARGIN + np.searchsorted(prices, price)
        return np.where(price > 0, found, -1)

    ids, order = np.unique(np.concatenate([id_M, id_A]), return_inverse=True)
    order_M, order_A = np.split(order, [len(id_M)])
    live_MF = np.stack([level(price_M), qty_M, hidden_M, display_M, side_M], axis=-1)
    order_IF = np.zeros((_padded(len(ids), 2 * len(messages_T.kind)), 5), np.int32)
    order_IF[order_M] = live_MF
    steps = steps._replace(order=order_A, level=level(np.where(rests, price_A, 0)))

    rows = max(num_rows(len(prices) + 2 * of.MARGIN + 1), _FEWEST_ROWS)
    price_P = np.full(32**rows, INT32_MAX, np.int32)
    price_P[: of.MARGIN] = -INT32_MAX
    price_P[of.MARGIN : of.MARGIN + len(prices)] = prices
    qty_SP = np.zeros((2, len(price_P)), np.int32)
    np.add.at(qty_SP, (side_M, live_MF[:, 0]), np.where(price_M > 0, qty_M, 0))
    ladder = of.Ladder(
        price_P,
        qty_SP,
        tree_of(qty_SP > 0),
        order_IF,
        np.asarray(book.last_price_ticks),
    )
    num = len(steps.code)
    rows_AV = np.zeros((_padded(num, 2 * len(messages_T.kind)), len(steps)), np.int32)
    rows_AV[:num] = np.stack(steps, axis=-1)
    return Block(ladder, rows_AV, np.int32(num))


def _padded(num: int, fewest: int) -> int:
    """The power of two times ``fewest`` that holds so many."""
    return fewest << max(0, (-(-num // fewest) - 1).bit_length())


def _steps(
    messages_T: Message, events: Event, message_index: np.ndarray
) -> tuple[of.Step, np.ndarray, np.ndarray]:
    """Steps, their orders' ids and the prices where they come to rest.

    A message without an event is a step that does nothing. One that modifies an order
    and lets it enter anew begins with a step that takes it out: no event tells of that.
    """
    num = len(messages_T.kind)
    is_first = np.diff(message_index, prepend=-1) > 0
    first = message_index[is_first]
    has_none = np.ones(num, bool)
    has_none[first] = False
    kind, reason = events.kind[is_first], events.reason[is_first]
    enters_anew = (messages_T.kind[first] == Kind.MODIFY) & (kind != EventKind.REPLACE)
    enters_anew &= (kind != EventKind.REJECT) | ((reason & _REFUSED_REST) != 0)
    silent = np.flatnonzero(has_none)
    taken = first[enters_anew]

    message_kind = messages_T.kind[message_index]
    code = _CODE[events.kind]
    rests = events.kind == EventKind.REST
    code[rests & (message_kind == Kind.MODIFY)] = of.REST_AGAIN
    code[rests & (message_kind == Kind.UNCROSS)] = of.REPRICE
    is_trade = events.kind == EventKind.FILL
    is_trade |= (events.kind == EventKind.UNCROSS) & (events.qty > 0)
    by_maker = events.maker_id >= 0
    zeros = np.zeros(len(code), np.int32)
    display = messages_T.display_qty
    steps = of.Step(
        code=code,
        order=zeros,
        side=events.side,
        level=zeros,
        qty=events.qty,
        refill_qty=events.refill_qty,
        display=zeros if display is None else display[message_index],
        last_ticks=np.where(is_trade, events.price_ticks, 0),
        message=message_index,
    )
    order_id = np.where(by_maker, events.maker_id, events.order_id)
    columns = (*steps, order_id, events.price_ticks)
    if len(silent) or len(taken):
        extra = np.zeros((len(columns), len(silent) + len(taken)), np.int32)
        extra[0] = np.repeat((of.NOTHING, of.TAKE_OUT), (len(silent), len(taken)))
        extra[of.Step._fields.index("message")] = message = np.append(silent, taken)
        extra[-2] = np.append(np.zeros_like(silent), messages_T.order_id[taken])
        at = np.searchsorted(message_index, message)
        columns = [np.insert(x, at, y) for x, y in zip(columns, extra, strict=True)]
    return of.Step(*columns[:-2]), columns[-2], columns[-1]
