"""A venue as data: the schedule of its day, its rules and its fees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from marsjax.book.fees import Fees, fees
from marsjax.book.rules import Rules, rules
from marsjax.book.sessions import Schedule
from marsjax.types import MAX_PRICE_TICKS


@dataclass(frozen=True)
class Venue:
    """A kind of market.

    Attributes:
      name: such as ``"SSE"``.
      tick_value: what a tick is worth, such as ``"0.01 CNY"``.
      schedule: the day.
      rule_values, fee_values: arguments of `marsjax.book.rules.rules` and
        `marsjax.book.fees.fees`.
      limit_bps: daily price limits this far from the previous close; 0: none.
      next_day_sells: whether shares bought today can be sold only tomorrow (T+1).
    """

    name: str
    tick_value: str
    schedule: Schedule
    rule_values: Mapping[str, Any] = field(hash=False)
    fee_values: Mapping[str, Any] = field(hash=False)
    limit_bps: int = 0
    next_day_sells: bool = False

    def __post_init__(self):
        for name in ("rule_values", "fee_values"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def rules(
        self, *, previous_close_ticks: int | None = None, **overrides: Any
    ) -> Rules:
        """The venue's rules for one day of one instrument.

        Args:
          previous_close_ticks: sets the day's price limits; None (a first day, or a
            venue without limits) sets none. A book should start the day with it as its
            last price: that is what collars and auction ties turn to before a trade.
          **overrides: any argument of `marsjax.book.rules.rules`.
        """
        values = dict(self.rule_values)
        if previous_close_ticks is not None and self.limit_bps:
            tick = overrides.get("tick", values.get("tick", 1))
            limits = price_limits(previous_close_ticks, self.limit_bps, tick)
            values["low_ticks"], values["high_ticks"] = limits
        return rules(**{**values, **overrides})

    def fees(self, **overrides: Any) -> Fees:
        """The venue's fees; overrides are arguments of `marsjax.book.fees.fees`."""
        return fees(**{**self.fee_values, **overrides})


def price_limits(
    previous_close_ticks: int, limit_bps: int, tick: int = 1
) -> tuple[int, int]:
    """Lowest and highest price of a day, each rounded half up to the tick, exactly.

    Where that is less than a tick away they are one tick away, and none is below one
    tick (SSE Trading Rules, daily price limits).

    >>> price_limits(2149, 1000)
    (1934, 2364)
    """
    if not 1 <= previous_close_ticks <= MAX_PRICE_TICKS:
        raise ValueError(
            f"no price limits follow from a close of {previous_close_ticks}"
        )

    def rounded(bps: int) -> int:
        grid = 10_000 * tick
        return (2 * previous_close_ticks * bps + grid) // (2 * grid) * tick

    low = min(rounded(10_000 - limit_bps), previous_close_ticks - tick)
    high = max(rounded(10_000 + limit_bps), previous_close_ticks + tick)
    return max(low, tick), min(high, MAX_PRICE_TICKS)
