"""Synthetic markets whose laws are known exactly."""

from marsjax.synth.tape import synthetic_tape
from marsjax.synth.zero_intelligence import ZIParams, ZIState, simulate, start, step

__all__ = ["ZIParams", "ZIState", "simulate", "start", "step", "synthetic_tape"]
