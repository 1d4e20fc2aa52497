"""Windows made as arrays: random but sound, or written down by hand."""

import numpy as np

from marsjax.eval.windows import (
    ASK,
    BID,
    CANCEL,
    LIMIT,
    MARKET,
    NUM_LEVELS,
    Windows,
)

NS = 1_000_000_000
OPEN_S = 9 * 3600 + 1800


def make_windows(
    num_windows: int = 8,
    length: int = 200,
    seed: int = 0,
    *,
    memory: float = 0.8,
    spread_ticks: float = 2.0,
    gap_ms: float = 50.0,
    lot: int = 100,
    start_seed: int | None = None,
) -> Windows:
    """Windows with ten levels a side and messages that fit them.

    The mid is a walk, the spread geometric, and gaps, types and sides have memory.

    Args:
      num_windows, length: B and T.
      seed: of everything but the books before the first message.
      memory: chance that a message repeats the side and type of the one before, and
        persistence of the logarithm of the gaps; 0 is none.
      spread_ticks: mean spread, at least 1.
      gap_ms: median gap.
      lot: quantities are multiples of this.
      start_seed: of the books before the first message; ``seed`` by default.
    """
    rng = np.random.default_rng(seed)
    start_rng = np.random.default_rng(seed if start_seed is None else start_seed)
    shape = (num_windows, length)
    first_price, first_qty = _books(
        np.full((num_windows, 1), 10_000.0), start_rng, spread_ticks, lot
    )
    step = rng.choice([-1, 0, 1], size=shape, p=[0.1, 0.8, 0.1])
    bid = first_price[:, 0, BID, :1] + np.cumsum(step, axis=1)
    price, qty = _books(bid, rng, spread_ticks, lot)
    is_new = rng.random(shape) >= memory
    is_new[:, 0] = True
    new_type = rng.choice([LIMIT, MARKET, CANCEL], size=shape, p=[0.5, 0.1, 0.4])
    from_T = np.maximum.accumulate(np.where(is_new, np.arange(length), 0), axis=1)
    type_ = np.take_along_axis(new_type, from_T, axis=1)
    side = np.take_along_axis(rng.integers(0, 2, size=shape), from_T, axis=1)
    before = np.concatenate([first_price, price[:, :-1]], axis=1)
    rows, times = np.indices(shape)
    at = np.minimum(rng.geometric(0.5, size=shape), NUM_LEVELS) - 1
    of_limit = price[rows, times, side, at]
    of_cancel = before[rows, times, side, at]
    of_market = before[rows, times, 1 - side, 0]
    sent = lot * rng.integers(1, 10, size=shape)
    noise = rng.normal(size=shape)
    for t in range(1, length):
        old, new = memory, (1 - memory**2) ** 0.5
        noise[:, t] = old * noise[:, t - 1] + new * noise[:, t]
    time = np.cumsum(np.int64(1e6 * gap_ms * np.exp(noise)), axis=1)
    time += np.int64(1e9 * 600 * np.arange(num_windows))[:, None]
    age = rng.integers(0, 10**9, size=shape)
    group = [f"MADE/2024-01-{1 + b % 4:02d}" for b in range(num_windows)]
    return Windows(
        type_BT=type_.astype(np.int8),
        side_BT=side.astype(np.int8),
        price_ticks_BT=np.select(
            [type_ == LIMIT, type_ == CANCEL], [of_limit, of_cancel], of_market
        ).astype(np.int32),
        qty_BT=sent.astype(np.int32),
        traded_BT=np.where(type_ == MARKET, sent, 0).astype(np.int32),
        time_ns_BT=time,
        clock_s_BT=(OPEN_S + time // NS).astype(np.int32),
        age_ns_BT=np.where(type_ == CANCEL, age, -1),
        level_price_BTSK=price,
        level_qty_BTSK=qty,
        first_price_BSK=first_price[:, 0],
        first_qty_BSK=first_qty[:, 0],
        group_B=np.array(group, dtype=str),
        tape_B=np.array(group, dtype=str),
        row_B=np.arange(num_windows) * length,
        tick_size_B=np.full(num_windows, 0.01),
        lot_size_B=np.full(num_windows, lot),
    )


def _books(bid_BT, rng, spread_ticks: float, lot: int) -> tuple:
    """Ten levels a side around given best bids, with gaps between some of them."""
    spread = rng.geometric(1 / spread_ticks, size=bid_BT.shape)
    gaps = rng.geometric(0.8, size=(*bid_BT.shape, 2, NUM_LEVELS))
    gaps[..., 0] = 0
    away = np.cumsum(gaps, axis=-1)
    best = np.stack([bid_BT, bid_BT + spread], axis=-1)[..., None]
    sign = np.array([-1, 1])[None, None, :, None]
    qty = lot * rng.integers(1, 30, size=away.shape)
    return (best + sign * away).astype(np.int32), qty.astype(np.int32)


def blank_windows(num_windows: int, length: int) -> Windows:
    """Windows of padding with empty books, to write into by hand."""
    flat, book = (num_windows, length), (num_windows, length, 2, NUM_LEVELS)
    return Windows(
        type_BT=np.zeros(flat, np.int8),
        side_BT=np.zeros(flat, np.int8),
        price_ticks_BT=np.zeros(flat, np.int32),
        qty_BT=np.zeros(flat, np.int32),
        traded_BT=np.zeros(flat, np.int32),
        time_ns_BT=np.zeros(flat, np.int64),
        clock_s_BT=np.zeros(flat, np.int32),
        age_ns_BT=np.full(flat, -1, np.int64),
        level_price_BTSK=np.zeros(book, np.int32),
        level_qty_BTSK=np.zeros(book, np.int32),
        first_price_BSK=np.zeros((num_windows, 2, NUM_LEVELS), np.int32),
        first_qty_BSK=np.zeros((num_windows, 2, NUM_LEVELS), np.int32),
        group_B=np.full(num_windows, "HAND/2024-01-01"),
        tape_B=np.full(num_windows, "HAND"),
        row_B=np.zeros(num_windows, np.int64),
        tick_size_B=np.full(num_windows, 0.01),
        lot_size_B=np.ones(num_windows, np.int64),
    )


def hand_window(messages: list, books: list, first: tuple | None = None) -> Windows:
    """One window, written down.

    Args:
      messages: (type, side, price, qty, traded, time_s, age_s or None) each.
      books: the book after each: (bids, asks), lists of (price, qty), best first.
      first: the book before the first message; empty by default.
    """
    out = blank_windows(1, len(messages))
    for t, (type_, side, price, qty, traded, time_s, age_s) in enumerate(messages):
        out.type_BT[0, t], out.side_BT[0, t] = type_, side
        out.price_ticks_BT[0, t], out.qty_BT[0, t] = price, qty
        out.traded_BT[0, t] = traded
        out.time_ns_BT[0, t] = round(time_s * 1e9)
        out.clock_s_BT[0, t] = OPEN_S + int(time_s)
        out.age_ns_BT[0, t] = -1 if age_s is None else round(age_s * 1e9)
        _write(out.level_price_BTSK[0, t], out.level_qty_BTSK[0, t], books[t])
    if first is not None:
        _write(out.first_price_BSK[0], out.first_qty_BSK[0], first)
    return out


def _write(price_SK, qty_SK, book) -> None:
    for side in (BID, ASK):
        for k, (price, qty) in enumerate(book[side]):
            price_SK[side, k], qty_SK[side, k] = price, qty
