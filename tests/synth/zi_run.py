"""One run of the zero-intelligence market that several tests look at."""

from functools import cache

import jax

from marsjax.synth.law import score_simulated
from marsjax.synth.many import make_start, simulate_many
from marsjax.synth.markets import MARKETS

ZI = MARKETS["zi"]
NUM_SLOTS = 64
NUM_MARKETS, NUM_ORDERS = 8, 2_000


def simulated(params=None, seed: int = 0, num_threads: int = 1):
    """Eight markets of 2,000 orders."""
    params = ZI.functions.Params() if params is None else params
    key = jax.random.key(seed)
    size = (NUM_MARKETS, NUM_ORDERS)
    options = {"num_slots": NUM_SLOTS, "num_threads": num_threads}
    return simulate_many(ZI, params, key, *size, **options)


@cache
def default_run():
    """Parameters and what eight markets did under them."""
    params = ZI.functions.Params()
    return params, simulated(params)


def opening(params=None):
    """The state that every market of a run starts from."""
    params = ZI.functions.Params() if params is None else params
    return make_start(ZI)(params, NUM_SLOTS)[0]


@cache
def jitted_step():
    """`step`, compiled once."""
    return jax.jit(ZI.functions.step)


def scores(params):
    """The default run under the law of any parameters."""
    return score_simulated(ZI, params, default_run()[1], num_slots=NUM_SLOTS)
