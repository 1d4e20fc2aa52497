"""One run of the zero-intelligence market that several tests look at.

In groups of eight markets and parts of 2,000 orders, so that all share a compilation.
"""

from functools import cache

import jax

from marsjax.synth.law import score_simulated
from marsjax.synth.many import make_start, plain, simulate_many
from marsjax.synth.markets import MARKETS

ZI = MARKETS["zi"]
NUM_SLOTS = 64
NUM_MARKETS, NUM_ORDERS = 8, 2_000


def simulated(params=None, seed: int = 0, size=(NUM_MARKETS, NUM_ORDERS), **options):
    """Eight markets of 2,000 orders, or so many."""
    params = ZI.functions.Params() if params is None else params
    options = {"num_slots": NUM_SLOTS, "num_threads": 1, **options}
    return simulate_many(ZI, params, jax.random.key(seed), *size, **options)


@cache
def default_run():
    """Parameters and what eight markets did under them."""
    params = ZI.functions.Params()
    return params, simulated(params)


def opening(params=None):
    """The state that every market of a run starts from."""
    params = ZI.functions.Params() if params is None else params
    return make_start(ZI)(plain(params), NUM_SLOTS)[0]


@cache
def jitted_step():
    """`step`, compiled once."""
    return jax.jit(ZI.functions.step)


def scores(params, run=None):
    """The default run, or another, under the law of any parameters."""
    run = default_run()[1] if run is None else run
    return score_simulated(ZI, params, run, num_slots=NUM_SLOTS)
