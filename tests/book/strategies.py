"""What hypothesis draws: rules and rows, as the oracle takes them."""

from hypothesis import strategies as st

from marsjax.book.rules import TieBreak
from marsjax.types import MAX_PRICE_TICKS, Kind, Phase, SelfTrade
from tests.book.streams import EVERYTHING, PLAIN
from tests.oracle import OracleRules

INT32_MAX = 2**31 - 1
UNCROSS = (int(Kind.UNCROSS), 0, 0, 0, 0, 0, 0)
OPEN = (int(Kind.PHASE), 0, 0, int(Phase.CONTINUOUS), 0, 0, 0)


def often(value, *others):
    """Half the time the first value."""
    return st.sampled_from([value] * len(others) + list(others))


def weighted(kinds):
    return st.sampled_from([int(k) for k, n in kinds.items() for _ in range(n)])


rules = st.builds(
    OracleRules,
    tick=often(1, 2, 5),
    lot=often(1, 2),
    odd_lot_sells=st.booleans(),
    max_qty=often(INT32_MAX, 8),
    low_ticks=often(1, 96),
    high_ticks=often(MAX_PRICE_TICKS, 104),
    collar_bps=often(0, 200, 500),
    collar_ticks=often(0, 3),
    halt_bps=often(0, 200, 400),
    self_trade=st.sampled_from(list(SelfTrade)),
    keep_priority=st.booleans(),
    tie_breaks=st.lists(st.sampled_from(list(TieBreak)), max_size=4).map(tuple),
    band_bps=often(0, 100, 330, 500),
    rest_market=st.booleans(),
)

any_row = st.tuples(
    weighted(EVERYTHING),
    st.sampled_from([0, 1] * 6 + [2, -1]),
    st.sampled_from([*range(95, 106)] * 2 + [0, -5, 1, 2**28, 2**28 + 1]),
    st.sampled_from([1, 2, 3, 4, 6, 8] * 2 + [0, -1, 2**31 - 4, 2**31 - 1]),
    st.sampled_from([*range(10)] * 2 + [-1]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 0, 1, 2, 3, -1]),
)
"""Whatever comes: most of it is refused for one reason or another."""

control = st.tuples(
    st.sampled_from([int(Kind.PHASE)] * 2 + [int(Kind.UNCROSS)]),
    st.just(0),
    st.sampled_from([0, 0, 99, 100, 101]),
    st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5]),
    st.just(0),
    st.just(0),
    st.just(0),
)
order = st.tuples(
    weighted({Kind.LIMIT: 10, Kind.MARKET: 3, Kind.CANCEL: 2, Kind.MODIFY: 4}),
    st.integers(0, 1),
    st.integers(95, 105),
    st.sampled_from([2, 4, 6, 8, 3]),
    st.integers(0, 14),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 2, 4]),
)
"""Mostly good orders."""

market_order = st.tuples(
    st.just(int(Kind.MARKET)),
    st.integers(0, 1),
    st.just(0),
    st.sampled_from([2, 4, 6]),
    st.integers(0, 14),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1]),
)
tie_rules = st.builds(
    OracleRules,
    tick=st.sampled_from([1, 2, 5]),
    tie_breaks=st.lists(
        st.sampled_from([*TieBreak, TieBreak.PRESSURE, TieBreak.REFERENCE]),
        min_size=1,
        max_size=3,
    ).map(tuple),
    band_bps=st.sampled_from([0, 330, 640, 1_000]),
    rest_market=st.booleans(),
)
tied_order = st.tuples(
    weighted({Kind.LIMIT: 4, Kind.MARKET: 1}),
    st.integers(0, 1),
    st.sampled_from([90, 100, 110, 120]),  # on the grid of each tick
    st.sampled_from([3, 3, 5]),
    st.integers(0, 14),
    st.just(0),
    st.just(0),
)
"""Few prices and quantities: many prices of the same volume."""

small_auction = st.builds(
    lambda reference, orders: [
        (int(Kind.PHASE), 0, reference, int(Phase.COLLECT), 0, 0, 0),
        *orders,
        UNCROSS,
        (int(Kind.MASS_CANCEL), 0, 0, 0, 0, 0, 0),
    ],
    st.integers(85, 125),
    st.lists(tied_order, min_size=3, max_size=6),
)

resting_ask = st.tuples(
    st.just(int(Kind.LIMIT)),
    st.just(1),
    st.integers(100, 102),
    st.integers(1, 6),
    st.integers(0, 30),
    st.integers(0, 3),
    st.integers(0, 3),
)
fill_or_kill_bid = st.tuples(
    st.just(int(Kind.FOK)),
    st.just(0),
    st.integers(100, 103),
    st.integers(1, 14),
    st.integers(31, 60),
    st.integers(0, 3),
    st.just(0),
)

extreme_rules = st.builds(
    OracleRules,
    tick=often(1, 7, 2**14, 2**28),
    lot=often(1, 1000, INT32_MAX),
    odd_lot_sells=st.booleans(),
    collar_bps=often(0, 1, 9_999, 10_000),
    collar_ticks=often(0, MAX_PRICE_TICKS),
    halt_bps=often(0, 1, 9_999, 10_000),
    self_trade=st.sampled_from(list(SelfTrade)),
    tie_breaks=st.permutations(list(TieBreak)).map(lambda codes: tuple(codes[:4])),
    band_bps=often(0, 1, 9_999, 10_000),
    rest_market=st.booleans(),
)
extreme_prices = [1, 2, 9_999, 2**14, 2**27 + 2**14, 7 * 2**25, 2**28 - 1, 2**28]
extreme_order = st.tuples(
    weighted(PLAIN | {Kind.LIMIT: 20, Kind.MARKET: 8, Kind.FOK: 7}),
    st.integers(0, 1),
    st.sampled_from(extreme_prices),
    st.sampled_from([1, 1000, 2**30, INT32_MAX - 2**30, INT32_MAX]),
    st.integers(0, 6),
    st.integers(0, 2),
    st.sampled_from([0, 2**28, 2**29, INT32_MAX]),  # few refills
)
