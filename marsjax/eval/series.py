"""The series whose distributions are compared: 21 of LOB-Bench, and 3 given another.

After Nagy et al., LOB-Bench (ICML 2025); https://github.com/peernagy/lob_bench
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from marsjax.eval import book_series as book
from marsjax.eval import flow_series as flow
from marsjax.eval import order_series as order
from marsjax.eval.windows import ASK, BID, CANCEL, LIMIT, Windows, spread_ticks

SeriesFn = Callable[[Windows], np.ndarray]


class Series(NamedTuple):
    """A quantity that a window has many values of.

    Attributes:
      name: what it is called in reports.
      unit: its unit.
      meaning: one sentence.
      value_fn: windows -> float64 ``[B, n]``, NaN where there is no value.
      is_discrete: each value is a bin of its own.
      condition_fn: windows -> float64 ``[B, n]``; values are compared within groups of
        it. None: all together.
      condition: what it is given, in words.
      is_condition_discrete: each value of the condition is a group, else its deciles.
      is_missing_worst: to have no value where the reference has some is as far away as
        can be; otherwise it is no answer, such as where windows are too short.
    """

    name: str
    unit: str
    meaning: str
    value_fn: SeriesFn
    is_discrete: bool = False
    condition_fn: SeriesFn | None = None
    condition: str = ""
    is_condition_discrete: bool = False
    is_missing_worst: bool = True

    @property
    def family(self) -> str:
        """Family of its scores in a report."""
        return "marginal" if self.condition_fn is None else "conditional"


def _of_side(side: int) -> tuple[Series, ...]:
    word = "ask" if side == ASK else "bid"
    orders = "sell" if side == ASK else "buy"
    at_best = partial(book.volume_at_best, side=side)
    of_levels = partial(book.volume_of_levels, side=side)
    out = [
        Series(f"volume at the best {word}", "shares", "Shares at the best.", at_best),
        Series(
            f"volume of ten {word} levels",
            "shares",
            "Shares of the ten best levels together; fewer where there are fewer.",
            of_levels,
        ),
    ]
    for type_, what in ((LIMIT, "limit orders"), (CANCEL, "cancels")):
        which = f"{orders} {what}" if type_ == LIMIT else f"{what} of {orders} orders"
        out += [
            Series(
                f"depth of {which}",
                "ticks",
                "Distance of the price from the mid after the message.",
                partial(order.depth, type_=type_, side=side),
            ),
            Series(
                f"level of {which}",
                "level",
                "Level of the price on its side, 1 the best; those beyond ten left "
                "out.",
                partial(order.level, type_=type_, side=side),
                is_discrete=True,
            ),
        ]
    return tuple(out)


def _given(direction: int, words: str) -> Series:
    return Series(
        f"order-flow imbalance before {words}",
        "shares a message",
        f"Order-flow imbalance where the next message brings {words}.",
        partial(flow.flow_imbalance_given, direction=direction),
    )


SPREAD = Series(
    "spread", "ticks", "Best ask less best bid.", spread_ticks, is_discrete=True
)

IMBALANCE = Series(
    "imbalance",
    "1",
    "Volume at the best bid less that at the best ask, over their sum.",
    book.imbalance,
)

UNCONDITIONAL = (
    SPREAD,
    IMBALANCE,
    Series(
        "log inter-arrival time",
        "log ms",
        "Logarithm of the time since the message before; 0 counts as 1e-9 ms.",
        order.log_gap,
    ),
    Series(
        "log time to cancel",
        "log s",
        "Logarithm of the time from an order of the window to its cancel; 0 counts as "
        "1e-9 s.",
        order.log_life,
    ),
    *_of_side(ASK),
    *_of_side(BID),
    Series(
        "volume per minute",
        "shares a minute",
        "Sixty times the shares traded in a second, over seconds with a trade.",
        flow.volume_per_minute,
    ),
    Series(
        "order-flow imbalance",
        "shares a message",
        f"Mean over {flow.IMBALANCE_MESSAGES} messages of what each added to the best "
        "bid less what it added to the best ask.",
        flow.mean_flow_imbalance,
    ),
    _given(1, "a higher mid"),
    _given(0, "the same mid"),
    _given(-1, "a lower mid"),
)
"""The 21 of LOB-Bench."""

CONDITIONAL = (
    Series(
        "volume at the best ask given the spread",
        "shares",
        "Shares at the best ask, within groups of the spread.",
        partial(book.volume_at_best, side=ASK),
        condition_fn=spread_ticks,
        condition="the spread",
    ),
    Series(
        "spread given the hour",
        "ticks",
        "Best ask less best bid, within each hour of the clock.",
        spread_ticks,
        is_discrete=True,
        condition_fn=book.hour,
        condition="the hour",
        is_condition_discrete=True,
    ),
    Series(
        "spread given the volatility",
        "ticks",
        "Best ask less best bid, within deciles of the window's volatility.",
        spread_ticks,
        is_discrete=True,
        condition_fn=book.volatility,
        condition="the volatility",
    ),
)
"""The 3 of LOB-Bench that are given another quantity."""

LOB_BENCH = UNCONDITIONAL + CONDITIONAL
