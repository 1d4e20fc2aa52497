"""What one market holds, what all markets of a rollout share, what a step records."""

from typing import NamedTuple

from flax import struct

from marsjax import book as mbook
from marsjax.lmm import Cache, Params, Sampling
from marsjax.tokens.decode import DeviceTokenizer
from marsjax.types import Array


class World(NamedTuple):
    """What every market of a rollout shares; never batched.

    ``start_s``, ``start_ns``: trading time of the start; nothing is sent before it.
    ``open2_ticks``: twice the anchor at the open of the day. ``session_s``: length of
    the trading day, trading seconds. ``lot_size``: shares a lot. ``sampling``: how
    orders are drawn.
    """

    params: Params
    tokenizer: DeviceTokenizer
    start_s: Array
    start_ns: Array
    open2_ticks: Array
    session_s: Array
    lot_size: Array
    sampling: Sampling


@struct.dataclass
class Market:
    """One market; int32 but for the model's own state.

    Attributes:
      book: the exchange.
      cache: the model's keys and values of the last orders.
      hidden_D: the model's state after the last order.
      anchor2_ticks: twice the price that the next order is measured from.
      clock_s, clock_ns: trading time of the last order.
      next_id: id of the next order.
      status: uint32 sticky bits of the market; the book keeps its own.
    """

    book: mbook.Book
    cache: Cache
    hidden_D: Array
    anchor2_ticks: Array
    clock_s: Array
    clock_ns: Array
    next_id: Array
    status: Array


class Record(NamedTuple):
    """One step of one market; int32.

    The message as sent (``kind`` is ``NONE`` once the session is over), its trading
    time, the shares that traded at once, the event and reason it ended with, and the
    best quotes after it (0 for an empty side).
    """

    kind: Array
    side: Array
    price_ticks: Array
    qty: Array
    order_id: Array
    owner: Array
    clock_s: Array
    clock_ns: Array
    traded_qty: Array
    last_event: Array
    reason: Array
    bid_ticks: Array
    ask_ticks: Array
