"""A market of agents: noise, value and momentum traders, makers and executors."""

from marsjax.synth.agents.calibrate import calibrate
from marsjax.synth.agents.exchange import (
    REASONS,
    Ledger,
    exact_profit,
    profit,
)
from marsjax.synth.agents.executor import Parent
from marsjax.synth.agents.intervention import (
    Intervention,
    Metaorder,
    forcing,
    intervene,
    metaorder,
    removal,
)
from marsjax.synth.agents.opening import start
from marsjax.synth.agents.params import (
    Params,
    Schedule,
    Trader,
    check,
    slots_needed,
)
from marsjax.synth.agents.simulate import Effect, Path, effect, simulate
from marsjax.synth.agents.state import Memory, State
from marsjax.synth.agents.step import step

__all__ = [
    "REASONS",
    "Effect",
    "Intervention",
    "Ledger",
    "Memory",
    "Metaorder",
    "Params",
    "Parent",
    "Path",
    "Schedule",
    "State",
    "Trader",
    "calibrate",
    "check",
    "effect",
    "exact_profit",
    "forcing",
    "intervene",
    "metaorder",
    "profit",
    "removal",
    "simulate",
    "slots_needed",
    "start",
    "step",
]
