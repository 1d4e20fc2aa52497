"""Why the oracle refuses a message: stages of checks, the first that fails decides."""

from marsjax.types import MAX_PRICE_TICKS, Kind, Phase, SelfTrade, Status
from tests.oracle_book import Row, crosses, crosses_strictly

NEW = {Kind.LIMIT, Kind.IOC, Kind.COLLECT, Kind.MARKET, Kind.FOK}
NEW |= {Kind.POST_ONLY, Kind.POST_ONLY_SLIDE}
CHANGES = {Kind.CANCEL, Kind.MODIFY, Kind.MASS_CANCEL}
ACTS = NEW | CHANGES | {Kind.PHASE, Kind.UNCROSS}
ONLY_CONTINUOUS = {Kind.IOC, Kind.FOK, Kind.POST_ONLY, Kind.POST_ONLY_SLIDE}
NOT_TAKEN = {
    Phase.CONTINUOUS: set(),
    Phase.COLLECT: ONLY_CONTINUOUS,
    Phase.COLLECT_FINAL: ONLY_CONTINUOUS | CHANGES,
    Phase.HALTED: NEW | {Kind.MODIFY},
    Phase.CLOSED: NEW | CHANGES,
}


def why_not(oracle, row: Row) -> int:
    """Status bits of the first stage that refuses a message, 0 if none does."""
    if row.kind not in ACTS:
        return Status.BAD_KIND
    if row.kind in NOT_TAKEN[oracle.phase]:
        return Status.PHASE
    if row.kind == Kind.UNCROSS:
        return 0
    if reason := bad_fields(oracle, row):
        return reason
    if row.kind == Kind.MASS_CANCEL:
        owned = any(order.owner == row.owner for order in oracle.live.values())
        return 0 if owned else Status.NO_ORDERS
    if row.kind == Kind.CANCEL or row.kind == Kind.PHASE:
        return 0
    side = oracle.live[row.order_id].side if row.kind == Kind.MODIFY else row.side
    return (
        bad_rules(oracle, row, side)
        or outside_collar(oracle, row, side)
        or bad_match(oracle, row)
    )


def bad_fields(oracle, row: Row) -> int:
    """Values that no message may have, whatever the rules."""
    kind, reason = row.kind, 0
    is_new, is_priced = kind in NEW, kind in NEW or kind == Kind.MODIFY
    if is_priced:
        if kind != Kind.MARKET and not 1 <= row.price <= MAX_PRICE_TICKS:
            reason |= Status.BAD_PRICE
        if row.qty <= 0 or row.display < 0:
            reason |= Status.BAD_QTY
    if is_new:
        if row.side not in (0, 1):
            reason |= Status.BAD_SIDE
        if row.order_id < 0:
            reason |= Status.BAD_ID
        if row.order_id in oracle.live:
            reason |= Status.DUPLICATE_ID
    if kind == Kind.CANCEL and row.qty < 0:
        reason |= Status.BAD_QTY
    if kind in (Kind.CANCEL, Kind.MODIFY) and row.order_id not in oracle.live:
        reason |= Status.UNKNOWN_ID
    if kind == Kind.PHASE and (
        row.qty not in NOT_TAKEN or not 0 <= row.price <= MAX_PRICE_TICKS
    ):
        reason |= Status.BAD_QTY
    return reason


def bad_rules(oracle, row: Row, side: int) -> int:
    """Tick, lot, largest quantity and the day's price limits."""
    rules, reason = oracle.rules, 0
    if row.kind != Kind.MARKET:
        if row.price % rules.tick:
            reason |= Status.TICK
        if not rules.low_ticks <= row.price <= rules.high_ticks:
            reason |= Status.PRICE_LIMIT
    is_odd = row.qty % rules.lot and not (side == 1 and rules.odd_lot_sells)
    if is_odd or row.qty > rules.max_qty:
        reason |= Status.LOT
    return reason


def outside_collar(oracle, row: Row, side: int) -> int:
    """Whether a price is too far through the market, in continuous trading."""
    if oracle.phase != Phase.CONTINUOUS or oracle.rules.collar_bps == 0:
        return 0
    if row.kind in (Kind.MARKET, Kind.COLLECT) or is_in_place(oracle, row):
        return 0
    bound = collar_bound(oracle, side)
    is_far = row.price > bound if side == 0 else row.price < bound
    return Status.COLLAR if is_far else 0


def collar_bound(oracle, side: int) -> int:
    """The worst price that the collar lets an order of a side have."""
    base = best_limit(oracle, 1 - side) or best_limit(oracle, side) or oracle.last_price
    if base == 0 or oracle.rules.collar_bps == 0:
        return MAX_PRICE_TICKS if side == 0 else 1
    width = max(base * oracle.rules.collar_bps // 10_000, oracle.rules.collar_ticks)
    return min(base + width, MAX_PRICE_TICKS) if side == 0 else max(base - width, 1)


def best_limit(oracle, side: int) -> int:
    """Best price of a side; 0 if there is none or a market order comes first."""
    best = oracle.sides[side].best()
    return best.told_price if best is not None else 0


def is_in_place(oracle, row: Row) -> bool:
    """Whether a modify only lowers the quantity and keeps its place."""
    if row.kind != Kind.MODIFY or not oracle.rules.keep_priority:
        return False
    order = oracle.live[row.order_id]
    return row.price == order.price and row.qty <= order.qty


def bad_match(oracle, row: Row) -> int:
    """What may not match but would, or must be filled but cannot be."""
    if row.kind == Kind.POST_ONLY and oracle.maker(row.side, row.price) is not None:
        return Status.WOULD_MATCH
    if row.kind == Kind.POST_ONLY_SLIDE and slid_price(oracle, row) is None:
        return Status.WOULD_MATCH
    if row.kind == Kind.FOK and not is_fillable(oracle, row):
        return Status.NOT_FILLABLE
    return 0


def slid_price(oracle, row: Row) -> int | None:
    """The price a sliding post-only order rests at, if there is one."""
    maker, rules = oracle.maker(row.side, row.price), oracle.rules
    if maker is None:
        return row.price
    price = maker.price + (-rules.tick if row.side == 0 else rules.tick)
    low, high = max(rules.low_ticks, 1), min(rules.high_ticks, MAX_PRICE_TICKS)
    return price if low <= price <= high else None


def is_fillable(oracle, row: Row) -> bool:
    """Whether a fill-or-kill order would be filled whole."""
    limit, rules = row.price, oracle.rules
    if rules.halt_bps and oracle.reference:
        band = oracle.reference * rules.halt_bps // 10_000
        if row.side == 0:
            limit = min(limit, oracle.reference + band)
        else:
            limit = max(limit, oracle.reference - band)
    others = oracle.sides[1 - row.side]
    best = others.best()
    if best is None or best.is_market or oracle.is_halt(best.price):
        return False
    makers = [o for o in others if crosses(row.side, limit, o.price)]
    if rules.self_trade == SelfTrade.OFF or row.owner == 0:
        return sum(o.qty for o in makers) >= row.qty
    not_own = [o for o in makers if o.owner != row.owner]
    own = [o for o in makers if o.owner == row.owner]
    if rules.self_trade == SelfTrade.CANCEL_OLDEST or not own:
        return sum(o.qty for o in not_own) >= row.qty
    # All that is open at better prices, but only what is shown before the first
    # own order at its price: an iceberg there refills behind it.
    first = own[0]
    better = sum(o.qty for o in not_own if crosses_strictly(first, o))
    level = [o for o in not_own if o.price == first.price and o.seq < first.seq]
    return better + sum(o.displayed for o in level) >= row.qty
