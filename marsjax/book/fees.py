"""Fees of a trade, exact: rates of its value and prices of a share, by role.

Cash counts in units of one tick times one share. A fee is a whole number of them: each
of its parts (of the value, of the shares, stamp duty) is rounded towards zero. So an
order that is filled in pieces never costs more than it would at once at its limit,
which is what a check before the trade can promise.
"""

from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
from flax import struct

from marsjax.book import wide
from marsjax.book.wide import RATE_ONE, Wide
from marsjax.types import Array

Number = int | float | str | Decimal | Fraction


@struct.dataclass
class Fees:
    """What trading costs; int32 scalars in hundred-millionths, set through `fees`.

    A negative one is a rebate. ``*_e8`` are parts of the value traded;
    ``*_per_share_e8`` are parts of a tick for each share. The auction's are those of
    both sides of a call auction; the duty is the seller's, on top of the role's fee.
    """

    maker_e8: Array
    taker_e8: Array
    auction_e8: Array
    stamp_duty_e8: Array
    maker_per_share_e8: Array
    taker_per_share_e8: Array
    auction_per_share_e8: Array


def fees(
    *,
    maker: Number = 0,
    taker: Number = 0,
    auction: Number | None = None,
    stamp_duty: Number = 0,
    maker_per_share: Number = 0,
    taker_per_share: Number = 0,
    auction_per_share: Number | None = None,
) -> Fees:
    """Fees from plain numbers; the default charges nothing.

    Args:
      maker, taker, auction, stamp_duty: fractions of the value: ``"0.0005"`` (or
        ``0.0005``) is 0.05 %. The auction's fee is the taker's unless given.
      maker_per_share, taker_per_share, auction_per_share: ticks a share: ``"0.3"`` is
        0.30 cents where a tick is a cent.

    Raises:
      ValueError: not a multiple of 1e-8, or outside ``[-1, 1]``.

    >>> int(fees(stamp_duty="0.0005").stamp_duty_e8)
    50000
    """
    if auction is None:
        auction = taker
    if auction_per_share is None:
        auction_per_share = taker_per_share
    return Fees(
        maker_e8=_rate(maker),
        taker_e8=_rate(taker),
        auction_e8=_rate(auction),
        stamp_duty_e8=_rate(stamp_duty),
        maker_per_share_e8=_rate(maker_per_share),
        taker_per_share_e8=_rate(taker_per_share),
        auction_per_share_e8=_rate(auction_per_share),
    )


def charge(
    value: Wide, qty: Array, rate_e8: Array, per_share_e8: Array, duty_e8: Array
) -> Wide:
    """What is charged on ``value`` (ticks x shares) of ``qty`` shares.

    Each part is rounded towards zero; negative if the rebates are more than the rest.
    """
    per_share = wide.multiply_rate(wide.from_int32(qty), per_share_e8)
    of_value = wide.multiply_rate(value, rate_e8)
    return wide.add(wide.add(of_value, per_share), wide.multiply_rate(value, duty_e8))


def most(fees: Fees) -> tuple[Array, Array]:
    """The highest rate of the value, and price of a share, that any role pays."""
    rate = jnp.maximum(jnp.maximum(fees.maker_e8, fees.taker_e8), fees.auction_e8)
    per_share = jnp.maximum(
        jnp.maximum(fees.maker_per_share_e8, fees.taker_per_share_e8),
        fees.auction_per_share_e8,
    )
    return jnp.maximum(rate, 0), jnp.maximum(per_share, 0)


def _rate(value: Number) -> Array:
    # The shortest decimal of a float is what was meant by it.
    scaled = Fraction(str(value)) * RATE_ONE
    if scaled.denominator != 1 or abs(scaled) > RATE_ONE:
        raise ValueError(
            f"a fee must be a multiple of 1e-8 within [-1, 1], not {value}"
        )
    return jnp.asarray(int(scaled), jnp.int32)
