"""marsjax: interactive order-level market simulation in JAX.

A Large Market Model proposes the next order, an exact exchange matches it, and both run
in one compiled loop over many markets. The names here are those most used; the rest is
in the subpackages.
"""

import sys

from marsjax.data import prepare_lobster, prepare_sse, read_store, read_tape
from marsjax.market import (
    Rollout,
    rollout,
    start_from_synthetic,
    start_from_tape,
    to_tapes,
)
from marsjax.synth import synthetic_tape
from marsjax.train.load import load
from marsjax.train.shipped import model_card, models

if "IPython" in sys.modules:  # in a notebook, a book draws itself
    from marsjax.plot.notebook import register

    register()

__all__ = [
    "Rollout",
    "load",
    "model_card",
    "models",
    "prepare_lobster",
    "prepare_sse",
    "read_store",
    "read_tape",
    "rollout",
    "start_from_synthetic",
    "start_from_tape",
    "synthetic_tape",
    "to_tapes",
]
