"""The market: the order model and the exchange in one compiled loop.

One step: the model draws an order, the order is grounded in the live book (a price on
tick, a cancel of an order that is there), the exchange matches it, and what really
happened goes back into the model's cache. Everything is for one market; `rollout` runs
many under ``vmap``.
"""

from marsjax.market.record import to_tapes
from marsjax.market.rollout import Rollout, rollout
from marsjax.market.start import Start, start_from_synthetic, start_from_tape
from marsjax.market.state import Market, Record, World
from marsjax.market.step import step

__all__ = [
    "Market",
    "Record",
    "Rollout",
    "Start",
    "World",
    "rollout",
    "start_from_synthetic",
    "start_from_tape",
    "step",
    "to_tapes",
]
