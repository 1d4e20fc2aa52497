"""Parameters of the population from real tapes, by matching moments (host).

The moments are those of `marsjax.synth.observed.measure`: rates of limit orders, market
orders and cancels, size, spread, live orders, and how far the mid moves in a second. No
formula gives them from the parameters, so markets are simulated, measured as the tapes
are, and each parameter is moved by the ratio of the moment that it moves most:

- all waits by the rate of messages, the share of market orders by theirs;
- the law of sizes and the makers' quotes by the mean size;
- the makers' spread (through k) and the distances of noise traders by the spread;
- the fundamental's volatility by the movement of the mid;
- the number of noise traders, once, by the live orders.

The best round is kept. Cancels are about as many as limit orders in this population,
whatever the parameters: agents take back what was not filled. Activity is flat over the
day, as moments over whole tapes are averages.
"""

import math
from dataclasses import replace

import jax
import numpy as np

from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.synth.agents.maker import optimal_spread
from marsjax.synth.agents.params import Params
from marsjax.synth.many import simulate_many
from marsjax.synth.markets import find_market
from marsjax.synth.observed import measure, observe_tape
from marsjax.synth.tape import to_tapes

LIMITS, MARKETS, CANCELS = (
    "limit orders (1/s)",
    "market orders (1/s)",
    "cancels (1/s)",
)
SIZE, SPREAD = "size of new orders (lots)", "spread (ticks)"
LIVE, MOVES = "live orders", "mid, ticks in a second"

FEWEST_NOISE, MOST_NOISE = 5, 100
OTHERS_LIVE = 12
"""Live orders of all but noise traders, of which each has about one."""
MOST_CHANGE = 3.0
"""A round moves a parameter by this factor at most."""


def calibrate(
    tapes: list[Tape],
    *,
    num_rounds: int = 6,
    num_markets: int = 8,
    num_orders: int = 2_000,
    seed: int = 0,
) -> tuple[Params, dict]:
    """Fit the population to tapes, all of them together.

    Args:
      tapes: of one instrument, or of like ones.
      num_rounds: simulations, each a move of the parameters.
      num_markets, num_orders: of each.
      seed: of their draws.

    Returns:
      the parameters of the best round, and a report: ``fit`` has rows of measure, real
      and simulated; ``parameters`` those that were moved; ``counts`` what the fit rests
      on.

    Raises:
      InputError: tapes without limit orders, or too short to measure.
    """
    if not tapes:
        raise InputError("no tapes to fit", "give at least one")
    real = measure(tapes)
    if min(real[LIMITS], real[SIZE], real[SPREAD]) <= 0:
        raise InputError("no limit orders to fit", "give tapes with more orders")
    mid = observe_tape(tapes[0]).first_mid_ticks
    num_noise = int(np.clip(real[LIVE] - OTHERS_LIVE, FEWEST_NOISE, MOST_NOISE))
    params = Params(
        num_noise=num_noise,
        mid_ticks=max(mid, 200),
        lot_size=tapes[0].lot_size,
        u_shape=0.0,
    )
    best = None
    for _ in range(num_rounds):
        simulated = _measured(params, num_markets, num_orders, seed)
        loss = _distance(real, simulated)
        if best is None or loss < best[0]:
            best = (loss, params, simulated)
        params = moved(params, real, simulated)
    _, params, simulated = best
    report = {
        "fit": [
            {"measure": name, "real": float(real[name]), "simulated": float(value)}
            for name, value in simulated.items()
        ],
        "parameters": {name: float(getattr(params, name)) for name in _MOVED},
        "counts": {
            "tapes": len(tapes),
            "rounds": num_rounds,
            "simulated_orders": num_markets * num_orders,
        },
    }
    return params, report


_WAITS = ("noise_wait_s", "value_wait_s", "momentum_wait_s", "maker_interval_s")
_MOVED = (
    *_WAITS,
    "num_noise",
    "noise_market_prob",
    "noise_offset_ticks",
    "stop_prob",
    "maker_lots",
    "maker_k",
    "fundamental_sigma",
)


def moved(params: Params, real: dict, simulated: dict) -> Params:
    """The parameters after a move by the ratio of each moment."""

    def ratio(name: str) -> float:
        value = real[name] / max(simulated[name], 1e-9)
        return float(np.clip(value, 1 / MOST_CHANGE, MOST_CHANGE))

    rates = [
        sum(m[name] for name in (LIMITS, MARKETS, CANCELS)) for m in (real, simulated)
    ]
    slower = float(np.clip(rates[1] / rates[0], 1 / MOST_CHANGE, MOST_CHANGE))
    shares = [m[MARKETS] / (m[LIMITS] + m[MARKETS]) for m in (real, simulated)]
    more = float(
        np.clip(shares[0] / max(shares[1], 1e-3), 1 / MOST_CHANGE, MOST_CHANGE)
    )
    wait_s = {name: getattr(params, name) * slower for name in _WAITS}
    longest_s = float(np.max(params.latency_s)) * (1 + params.latency_jitter)
    wait_s["maker_interval_s"] = max(wait_s["maker_interval_s"], 2 * longest_s)
    spread = float(optimal_spread(params))
    return replace(
        params,
        **wait_s,
        noise_market_prob=float(np.clip(params.noise_market_prob * more, 0.001, 0.9)),
        noise_offset_ticks=params.noise_offset_ticks * ratio(SPREAD) ** 0.5,
        noise_max_ticks=max(40, round(20 * real[SPREAD])),
        stop_prob=float(np.clip(params.stop_prob / ratio(SIZE), 1e-3, 0.99)),
        maker_lots=max(1, round(params.maker_lots * ratio(SIZE))),
        maker_k=_k_of_spread(params, spread * ratio(SPREAD)),
        fundamental_sigma=params.fundamental_sigma * ratio(MOVES),
    )


def _k_of_spread(params: Params, spread: float) -> float:
    """k at which the makers' optimal spread is this; the risk term is left alone."""
    risk = params.maker_gamma * params.maker_sigma**2 * params.maker_horizon_s
    exponent = max(spread - risk, 0.01) * params.maker_gamma / 2
    return params.maker_gamma / math.expm1(min(exponent, 50.0))


def _distance(real: dict, simulated: dict) -> float:
    """Sum of squared logarithms of the ratios."""
    return sum(
        math.log(max(real[name], 1e-6) / max(simulated[name], 1e-6)) ** 2
        for name in real
    )


def _measured(params: Params, num_markets: int, num_orders: int, seed: int) -> dict:
    market = find_market("agents")
    key = jax.random.key(seed)
    simulated = simulate_many(market, params, key, num_markets, num_orders)
    return measure(to_tapes(market, params, simulated, symbol="AGENTS"))
