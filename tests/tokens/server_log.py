"""Events of a made-up computer centre: a domain that has nothing to do with markets.

Machines start, serve, fail and are repaired. What comes next depends on the load, and
how long it takes on the component: something that a model can learn and counts of
single events cannot.
"""

import numpy as np

from marsjax.tokens.schema import Binned, Categorical, EventSchema, Feature

KINDS = ("request", "error", "repair")
COMPONENTS = ("disk", "network", "memory", "fan", "power")

SERVERS = EventSchema(
    name="server events",
    fields=(
        Categorical("kind", KINDS),
        Categorical("component", COMPONENTS),
        Binned("duration_ms", 6, least=1),
        Binned("interval_ms", 4),
        Binned("drift", 4, symmetric=True),  # of the clock: either way alike
    ),
    features=(Feature("load", 1 / 8), Feature("clock", 1 / 4, sign=-1)),
    feature_bins=(Binned("queue", 5),),
)


def server_log(seed: int, count: int) -> tuple[dict, np.ndarray]:
    """Columns by field, int64 ``[count]``, and features ``[count, 2]``."""
    rng = np.random.default_rng(seed)
    load = np.clip(np.cumsum(rng.integers(-1, 2, count)), -8, 8)
    before = np.concatenate([[0], load[:-1]])
    kind = np.where(before > 2, 1, np.where(before < -2, 2, 0))
    component = (np.cumsum(rng.integers(0, 2, count)) + 2 * kind) % len(COMPONENTS)
    duration = 1 + rng.poisson(20 * (1 + component))
    drift = rng.integers(-50, 51, count)
    columns = {
        "kind": kind,
        "component": component,
        "duration_ms": duration,
        "interval_ms": rng.geometric(0.02, count),
        "drift": drift,
    }
    return columns, np.stack([load, np.clip(drift // 10, -5, 5)], axis=-1)
