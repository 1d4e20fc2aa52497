"""Hand-written messages and events, short enough to write many of them."""

from marsjax.types import EventKind, Kind, Phase
from tests.oracle import Oracle, OracleRules

BUY, SELL = 0, 1
INT32_MAX = 2**31 - 1


def start(*rows, capacity=None, phase=Phase.CONTINUOUS, reference=0, **options):
    """An oracle that has taken some messages (each of which it must accept)."""
    oracle = Oracle(capacity, OracleRules(**options), reference=reference)
    for row in rows:
        events = oracle.submit(*row)
        assert all(event[0] != EventKind.REJECT for event in events), row
    oracle.phase = phase
    return oracle


def limit(side, price, qty, order_id, owner=0, display=0):
    return (Kind.LIMIT, side, price, qty, order_id, owner, display)


def reason(events):
    """The reason of a message's one event, a reject."""
    ((kind, _, maker_id, price, _, reason, refill),) = events
    assert (kind, maker_id, price, refill) == (EventKind.REJECT, -1, None, 0)
    return reason


def rest(order_id, price, qty):
    return (EventKind.REST, order_id, -1, price, qty, 0, 0)


def fill(order_id, maker_id, price, qty, refill=0):
    return (EventKind.FILL, order_id, maker_id, price, qty, 0, refill)


def expire(order_id, price, qty, reason=0):
    return (EventKind.EXPIRE, order_id, -1, price, qty, reason, 0)


def cancel(order_id, price, qty, reason=0):
    return (EventKind.CANCEL, order_id, -1, price, qty, reason, 0)


def reject(order_id, qty, reason):
    return (EventKind.REJECT, order_id, -1, None, qty, reason, 0)


def auction_fill(order_id, price, qty, refill=0):
    return (EventKind.AUCTION_FILL, order_id, -1, price, qty, 0, refill)


def uncrossed(price, qty):
    return (EventKind.UNCROSS, -1, -1, price, qty, 0, 0)


def queue(oracle, side):
    """A side as (id, price, displayed, hidden), best first."""
    return [(o.order_id, o.price, o.displayed, o.hidden) for o in oracle.orders(side)]
