"""The price of a call auction, tick by tick.

Every price at which orders could trade is tried: how much would be bought and sold
there? Orders are ``(price, quantity)``, price ``None`` for a market order.
"""

from marsjax.book.rules import TieBreak
from marsjax.types import MAX_PRICE_TICKS

MAX_TICKS = 10_000  # wider ranges are tried around the prices of orders only


def candidates(prices: list[int], rules, reference: int) -> list[int]:
    """Prices that an auction may choose, all on the tick grid, ascending."""
    tick = rules.tick
    if prices:
        low, high = min(prices), max(prices)
    elif rules.low_ticks > 1 and rules.high_ticks < MAX_PRICE_TICKS:
        low, high = rules.low_ticks, rules.high_ticks
    elif reference > 0:
        low = high = reference
    else:
        return []
    low, high = -(-low // tick), high // tick
    if high - low <= MAX_TICKS:
        return [tick * i for i in range(low, high + 1)]
    near = {price // tick + step for price in prices for step in (-1, 0, 1, 2)}
    return [tick * i for i in sorted(near | {low, high}) if low <= i <= high]


def auction_price(bids: list, asks: list, rules, reference: int) -> tuple[int, int]:
    """Price and volume of a call auction; ``(0, 0)`` where nothing crosses.

    Args:
      bids, asks: the orders.
      rules: with ``tick``, ``low_ticks``, ``high_ticks``, ``tie_breaks``, ``band_bps``.
      reference: the reference price, 0 for none.
    """

    demand, supply = by_price(bids), by_price(asks)

    def bought(price):
        return sum(q for p, q in demand.items() if p is None or p >= price)

    def sold(price):
        return sum(q for p, q in supply.items() if p is None or p <= price)

    prices = [price for price in (*demand, *supply) if price is not None]
    table = [(p, bought(p), sold(p)) for p in candidates(prices, rules, reference)]
    volume = max((min(b, s) for _, b, s in table), default=0)
    if volume == 0:
        return 0, 0
    surplus = {p: b - s for p, b, s in table if min(b, s) == volume}
    low, high = min(surplus), max(surplus)
    for rule in rules.tie_breaks:
        if low == high:
            break
        surplus = {p: d for p, d in surplus.items() if low <= p <= high}
        low, high = narrow(rule, surplus, rules, reference)
    return low, volume


def by_price(orders: list) -> dict:
    out = {}
    for price, qty in orders:
        out[price] = out.get(price, 0) + qty
    return out


def narrow(rule: int, surplus: dict, rules, reference: int) -> tuple[int, int]:
    """One tie-break: the lowest and highest price that it leaves.

    Args:
      surplus: price -> bids less asks there, of the prices that are left; the lowest
        and the highest are among them.
    """
    low, high = min(surplus), max(surplus)
    tick = rules.tick
    if rule == TieBreak.SURPLUS:
        least = min(abs(d) for d in surplus.values())
        kept = [p for p, d in surplus.items() if abs(d) == least]
        return min(kept), max(kept)
    if rule == TieBreak.PRESSURE and surplus[high] > 0:
        upper, _ = band(rules, reference)
        price = max(low, min(high, upper // tick * tick))
    elif rule == TieBreak.PRESSURE and surplus[low] < 0:
        _, lower = band(rules, reference)
        price = min(high, max(low, -(-lower // tick) * tick))
    elif rule == TieBreak.REFERENCE and reference > 0:
        nearest = (2 * reference + tick) // (2 * tick) * tick  # ties go up
        price = max(low, min(high, nearest))
    elif rule == TieBreak.MIDDLE:
        price = (low + high + tick) // (2 * tick) * tick
    elif rule == TieBreak.HIGHEST:
        price = high
    elif rule == TieBreak.LOWEST:
        price = low
    else:
        return low, high
    return price, price


def band(rules, reference: int) -> tuple[int, int]:
    """How far pressure may move the price: the highest and the lowest."""
    if rules.band_bps == 0 or reference == 0:
        return 2 * MAX_PRICE_TICKS, 0
    width = -(-reference * rules.band_bps // 10_000)
    return reference + width, reference - width
