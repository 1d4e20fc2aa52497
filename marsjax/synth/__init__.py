"""Synthetic markets whose laws are known exactly (`marsjax.synth.markets`)."""

from marsjax.synth.many import Simulated, simulate_many
from marsjax.synth.markets import MARKETS, Market, find_market
from marsjax.synth.tape import synthetic_tape
from marsjax.synth.zero_intelligence import Params as ZIParams
from marsjax.synth.zero_intelligence import State as ZIState
from marsjax.synth.zero_intelligence import simulate, start, step

__all__ = [
    "MARKETS",
    "Market",
    "Simulated",
    "ZIParams",
    "ZIState",
    "find_market",
    "simulate",
    "simulate_many",
    "start",
    "step",
    "synthetic_tape",
]
