"""A message in flight, and the stages that it goes through."""

from typing import NamedTuple

from marsjax.book.search import zeros
from marsjax.types import MAX_PRICE_TICKS, Array

IDLE = 0  # no message in flight: the next one is to be read
MATCHING = 1  # an order matches, and then rests or expires
EXPIRING = 2  # self-trade prevention took the maker and takes the order too
CANCELLING = 3  # a mass cancel goes on
BIDS, ASKS = 4, 5  # an auction fills the bids, then the asks
LEFTOVER = 6  # an auction deals with the market orders it could not fill

MARKET_BUY, MARKET_SELL = MAX_PRICE_TICKS + 1, 0
"""Prices of market orders that wait for an auction: the best rank of their side."""


class Pending(NamedTuple):
    """What is left of the message in flight; all int32 scalars.

    ``price_ticks`` is the limit fixed when the message came, or the auction's price;
    ``qty`` what is left to match, or of this side of the auction; ``volume`` all that
    the auction trades.
    """

    stage: Array
    qty: Array
    side: Array
    owner: Array
    price_ticks: Array
    display: Array
    volume: Array


def nothing_pending() -> Pending:
    """No message in flight."""
    # Each field its own array: donated buffers must not be shared.
    return Pending(*zeros(len(Pending._fields)))
