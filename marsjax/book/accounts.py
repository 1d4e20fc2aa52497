"""Accounts: the cash and shares of owners, and what may be sold today.

The exchange knows owners, not accounts. An account stands behind it, and `apply` books
an event's trades; before it stands `marsjax.book.checked`. Cash counts in ticks times
shares and is exact (`marsjax.book.wide`).
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import struct

from marsjax.book import wide
from marsjax.book.fees import Fees, charge
from marsjax.book.integers import to_int32
from marsjax.book.wide import Wide
from marsjax.types import Array, Event, EventKind, Side


@struct.dataclass
class Accounts:
    """The accounts of owners 1 to A - 1; row 0 is everybody else's, and unlimited.

    An owner without a row of its own counts as everybody else, so that cash and shares
    are conserved over all rows: cash and `fees_paid` together never change, nor do the
    positions. Row 0 starts at zero; its shares wrap around beyond an int32.

    Attributes:
      cash_A: `Wide`, ticks x shares.
      position_A: int32 shares held, negative if sold short.
      sellable_A: int32 shares that may be sold today, open sells included; without
        meaning for an account that may sell short.
      can_short_A: int32, 1 if the account may sell what it does not hold.
      next_day_sells: int32 ``[]``, 1 if shares bought today may be sold only after
        `new_day` (T+1).
      fees_paid: `Wide` ``[]``, what all accounts were charged, less their rebates.
      status: uint32 ``[]`` sticky :class:`marsjax.types.Status` bits.
    """

    cash_A: Wide
    position_A: Array
    sellable_A: Array
    can_short_A: Array
    next_day_sells: Array
    fees_paid: Wide
    status: Array

    @property
    def num_accounts(self) -> int:
        """Rows, A, that of everybody else included."""
        return self.position_A.shape[-1]


def open_accounts(
    cash: Sequence[int],
    positions: Sequence[int] | None = None,
    *,
    can_short: bool | Sequence[bool] = False,
    next_day_sells: bool = False,
) -> Accounts:
    """Accounts of the owners 1, 2, ... (host).

    Args:
      cash: of each owner, ticks x shares.
      positions: shares of each owner, all sellable; none by default.
      can_short: for all owners, or of each.
      next_day_sells: T+1, as `marsjax.book.venue.Venue.next_day_sells`.

    Raises:
      ValueError: not one position, or one ``can_short``, for each owner.
      OverflowError: cash beyond 64 bits or a position beyond int32.
    """
    num = len(cash)
    positions = [0] * num if positions is None else list(positions)
    shorts = [can_short] * num if isinstance(can_short, bool) else list(can_short)
    if not len(positions) == len(shorts) == num:
        raise ValueError(f"{num} owners need as many positions and can_short")
    # Each field its own array: donated buffers must not be shared.
    return Accounts(
        cash_A=wide.from_int([0, *cash]),
        position_A=jnp.array(to_int32([0, *positions])),
        sellable_A=jnp.array(to_int32([0, *positions])),
        can_short_A=jnp.array(to_int32([1, *(int(short) for short in shorts)])),
        next_day_sells=jnp.array(to_int32(int(next_day_sells))),
        fees_paid=wide.zeros(),
        status=jnp.zeros((), jnp.uint32),
    )


def row_of(accounts: Accounts, owner: Array) -> Array:
    """The row of an owner: 0 for one that has none of its own."""
    has_row = (owner >= 1) & (owner < accounts.num_accounts)
    return jnp.where(has_row, owner, 0)


def row_cash(accounts: Accounts, row: Array) -> Wide:
    """The cash of one row."""
    return jax.tree.map(lambda x_A: x_A[row], accounts.cash_A)


def apply(accounts: Accounts, fees: Fees, event: Event) -> Accounts:
    """The accounts after one event of the exchange; only trades change them.

    A fill moves cash and shares between the acting order's owner, who pays the taker's
    fee, and the maker; an auction fill is one order's side of a trade with the auction.
    A seller also pays stamp duty.
    """
    return apply_all(accounts, fees, jax.tree.map(lambda x: x[None], event))


def apply_all(accounts: Accounts, fees: Fees, events_E: Event) -> Accounts:
    """`apply` of ``[E]`` events, at most 2**15, all at once: sums know no order."""
    is_fill_E = events_E.kind == EventKind.FILL
    is_auction_E = events_E.kind == EventKind.AUCTION_FILL
    # Both sides of every trade, those of the acting orders (takers) first: M = 2 E.
    owner_M = jnp.concatenate([events_E.owner, events_E.maker_owner])
    is_buy_M = jnp.concatenate([events_E.side, 1 - events_E.side]) == Side.BUY
    price_ticks_M = jnp.concatenate([events_E.price_ticks] * 2)
    qty_M = jnp.concatenate(
        [
            jnp.where(is_fill_E | is_auction_E, events_E.qty, 0),
            jnp.where(is_fill_E, events_E.qty, 0),
        ]
    )

    def by_role(auction: Array, taker: Array, maker: Array) -> Array:
        takers_E = jnp.where(is_auction_E, auction, taker)
        return jnp.concatenate([takers_E, jnp.full_like(takers_E, maker)])

    value_M = wide.multiply(price_ticks_M, qty_M)
    fee_M = charge(
        value_M,
        qty_M,
        by_role(fees.auction_e8, fees.taker_e8, fees.maker_e8),
        by_role(
            fees.auction_per_share_e8, fees.taker_per_share_e8, fees.maker_per_share_e8
        ),
        jnp.where(is_buy_M, 0, fees.stamp_duty_e8),
    )
    cash_M = wide.where(is_buy_M, wide.negate(value_M), value_M)
    cash_M = wide.subtract(cash_M, fee_M)
    shares_M = jnp.where(is_buy_M, qty_M, -qty_M)
    keeps_M = is_buy_M & (accounts.next_day_sells == 1)

    row_M1 = row_of(accounts, owner_M)[:, None]
    is_row_MA = row_M1 == jnp.arange(accounts.num_accounts)[None, :]

    def by_row(x_M: Array) -> Array:
        return jnp.where(is_row_MA, x_M[:, None], jnp.zeros((), x_M.dtype))

    def shares_by_row(x_M: Array) -> Array:
        return jnp.sum(by_row(x_M), axis=0, dtype=jnp.int32)

    cash_A = wide.total(jax.tree.map(by_row, cash_M))
    sellable_M = jnp.where(keeps_M, 0, shares_M)
    return accounts.replace(
        cash_A=wide.add(accounts.cash_A, cash_A),
        position_A=accounts.position_A + shares_by_row(shares_M),
        sellable_A=accounts.sellable_A + shares_by_row(sellable_M),
        fees_paid=wide.add(accounts.fees_paid, wide.total(fee_M)),
    )


def new_day(accounts: Accounts) -> Accounts:
    """The accounts on the next day: all that is held may be sold."""
    return accounts.replace(sellable_A=jnp.array(accounts.position_A))


def worth(accounts: Accounts, price_ticks: Array) -> Wide:
    """Cash and shares at a price, ``[A]``, ticks x shares."""
    price_A = jnp.broadcast_to(price_ticks, accounts.position_A.shape)
    return wide.add(accounts.cash_A, wide.multiply(price_A, accounts.position_A))
