"""The rules of one book as plain data: int32 scalars that ``vmap`` like the book."""

from enum import IntEnum

import jax.numpy as jnp
from flax import struct

from marsjax.book.integers import to_int32
from marsjax.types import MAX_PRICE_TICKS, Array, SelfTrade


class TieBreak(IntEnum):
    """How a call auction chooses among prices that trade the largest volume.

    Each rule narrows the range of prices that the ones before it left; a rule that has
    nothing to say leaves it as it is.
    """

    NONE = 0
    SURPLUS = 1  # the prices with the smallest surplus
    PRESSURE = 2  # all surplus bids: the highest price; all asks: the lowest
    REFERENCE = 3  # the price nearest the reference (else the last) price
    MIDDLE = 4  # the middle of the range, half a tick rounded up
    HIGHEST = 5
    LOWEST = 6


@struct.dataclass
class Rules:
    """What a book accepts; the defaults accept everything a plain book can.

    All fields are int32 scalars (``tie_breaks_R``: int32 ``[R]``), set through `rules`.

    Attributes:
      tick: prices must be its multiples.
      lot: quantities of new orders must be its multiples.
      odd_lot_sells: 1 if sells may break the lot rule (the rest of a holding).
      max_qty: largest quantity of a new order.
      low_ticks, high_ticks: the day's price limits, inclusive.
      collar_bps: in continuous trading a buy may not be priced further above, nor a
        sell further below, the best opposite price (else the best of its own side, else
        the last price) than this many hundredths of a per cent; 0: no collar. A market
        order matches up to the collar.
      collar_ticks: the collar is at least this wide.
      halt_bps: a trade further than this from the reference price does not happen but
        halts the market; 0: never.
      self_trade: :class:`marsjax.types.SelfTrade`. Owner 0 is everybody else and is
        never prevented.
      keep_priority: 1 if a modify that only lowers the quantity keeps its place in the
        queue, 0 if every modify is a cancel and a new order.
      tie_breaks_R: :class:`TieBreak` codes of a call auction, in order.
      band_bps: in an auction, pressure moves the price no further than this from the
        reference price; 0: no band.
      rest_market: 1 if what an auction leaves of a market order rests at the auction
        price, 0 if it expires.
    """

    tick: Array
    lot: Array
    odd_lot_sells: Array
    max_qty: Array
    low_ticks: Array
    high_ticks: Array
    collar_bps: Array
    collar_ticks: Array
    halt_bps: Array
    self_trade: Array
    keep_priority: Array
    tie_breaks_R: Array
    band_bps: Array
    rest_market: Array


NUM_TIE_BREAKS = 4

TIE_BREAKS = (
    TieBreak.SURPLUS,
    TieBreak.PRESSURE,
    TieBreak.REFERENCE,
    TieBreak.MIDDLE,
)


def rules(
    *,
    tick: int = 1,
    lot: int = 1,
    odd_lot_sells: bool = False,
    max_qty: int = 2**31 - 1,
    low_ticks: int = 1,
    high_ticks: int = MAX_PRICE_TICKS,
    collar_bps: int = 0,
    collar_ticks: int = 0,
    halt_bps: int = 0,
    self_trade: SelfTrade = SelfTrade.OFF,
    keep_priority: bool = True,
    tie_breaks: tuple[TieBreak, ...] = TIE_BREAKS,
    band_bps: int = 0,
    rest_market: bool = False,
) -> Rules:
    """Rules from plain values; see :class:`Rules` for what each means.

    Raises:
      ValueError: a value that no market could have.
    """
    if not 1 <= low_ticks <= high_ticks <= MAX_PRICE_TICKS:
        raise ValueError(f"price limits [{low_ticks}, {high_ticks}] make no range")
    if lot < 1 or max_qty < 1 or not 1 <= tick <= MAX_PRICE_TICKS:
        raise ValueError("tick, lot and max_qty must be at least 1, tick at most 2**28")
    for name, bps in (("collar", collar_bps), ("halt", halt_bps), ("band", band_bps)):
        if not 0 <= bps <= 10_000:
            raise ValueError(f"{name}_bps must lie in [0, 10000], not {bps}")
    if not 0 <= collar_ticks <= MAX_PRICE_TICKS:
        raise ValueError(f"collar_ticks must not be negative, nor {collar_ticks}")
    if len(tie_breaks) > NUM_TIE_BREAKS:
        raise ValueError(f"at most {NUM_TIE_BREAKS} tie-breaks, not {len(tie_breaks)}")
    codes = [int(TieBreak(code)) for code in tie_breaks]
    codes += [int(TieBreak.NONE)] * (NUM_TIE_BREAKS - len(codes))

    def scalar(value: int) -> Array:
        return jnp.asarray(to_int32(int(value)))

    return Rules(
        tick=scalar(tick),
        lot=scalar(lot),
        odd_lot_sells=scalar(odd_lot_sells),
        max_qty=scalar(max_qty),
        low_ticks=scalar(low_ticks),
        high_ticks=scalar(high_ticks),
        collar_bps=scalar(collar_bps),
        collar_ticks=scalar(collar_ticks),
        halt_bps=scalar(halt_bps),
        self_trade=scalar(SelfTrade(self_trade)),
        keep_priority=scalar(keep_priority),
        tie_breaks_R=jnp.asarray(to_int32(codes)),
        band_bps=scalar(band_bps),
        rest_market=scalar(rest_market),
    )
