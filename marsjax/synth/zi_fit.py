"""Zero-intelligence parameters of real tapes: section 3 of the paper.

Arrivals at distance i over trading time give ``lambda(i)``, orders that reach the
opposite best give the market rate, cancels at distance i over the time that orders
spent there give ``theta(i)``. The paper fits ``k / i**alpha`` by least squares; here
it is by maximum likelihood of the Poisson counts, which weighs each distance by what is
known of it and gives standard errors. Sizes are geometric, fitted by their mean.

Standard errors are those of the Poisson law. Real orders come in bursts, so that on
real tapes they are too small.
"""

import jax.numpy as jnp
import numpy as np

from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.synth.flow_fit import stop_prob
from marsjax.synth.observed import CANCEL, LIMIT, MARKET, OTHER, observe_tape
from marsjax.synth.zi_params import Params

COVERED = 0.95
"""Share of limit orders within ``num_distances``; those beyond are counted and told."""
MOST_DISTANCES = 100


def calibrate(
    tapes: list[Tape],
    *,
    num_distances: int | None = None,
    num_cancel_rates: int = 5,
) -> tuple[Params, dict]:
    """Fit the market to tapes, all of them together (host).

    Args:
      tapes: of one instrument, or of like ones.
      num_distances: limit orders arrive within so many ticks; by default as many as
        cover 95 % of them, 100 at most.
      num_cancel_rates: K, distances with a cancel rate of their own.

    Returns:
      the parameters, and a report: ``fit`` has rows of parameter, value and standard
      error; ``distances`` counts, observed and fitted rates by distance; ``counts``
      what the fit rests on and leaves out.

    Raises:
      InputError: a tape has no limit order to fit.
    """
    flows = [observe_tape(tape, num_cancel_rates) for tape in tapes]
    seconds = sum(flow.seconds for flow in flows)
    what = np.concatenate([flow.what for flow in flows])
    distance = np.concatenate([flow.distance for flow in flows])
    at = distance[what == LIMIT]
    if not len(at) or seconds <= 0:
        raise InputError("no limit orders to fit", "give tapes with more orders")
    if num_distances is None:
        covered = int(np.quantile(at, COVERED, method="higher"))
        num_distances = min(covered, MOST_DISTANCES)
    count_i = np.bincount(at[at <= num_distances], minlength=num_distances + 1)[1:]
    (k, alpha), errors = _power_law(count_i, 2 * seconds)

    num_market = int((what == MARKET).sum())
    cancelled = np.clip(distance[what == CANCEL], 1, num_cancel_rates) - 1
    cancel_K = np.bincount(cancelled, minlength=num_cancel_rates)
    exposure_K = sum(flow.held_s @ flow.live_TK for flow in flows)
    theta_K, theta_error_K = _cancel_rates(cancel_K, exposure_K)

    lots = np.concatenate(
        [
            np.ceil(flow.qty[flow.qty > 0] / tape.lot_size)
            for flow, tape in zip(flows, tapes, strict=True)
        ]
    )
    stop, stop_error = stop_prob(lots)
    params = Params(
        limit_k=float(k),
        limit_alpha=float(alpha),
        market_rate=num_market / (2 * seconds),
        cancel_rate_K=jnp.asarray(theta_K, jnp.float32),
        stop_prob=stop,
        mid_ticks=max(flows[0].first_mid_ticks, num_distances + 2),
        lot_size=tapes[0].lot_size,
        num_distances=num_distances,
    )
    rows = [
        ("limit_k", k, errors[0]),
        ("limit_alpha", alpha, errors[1]),
        ("market_rate", params.market_rate, np.sqrt(num_market) / (2 * seconds)),
        *(
            (f"cancel_rate({i + 1})", theta_K[i], theta_error_K[i])
            for i in range(num_cancel_rates)
        ),
        ("stop_prob", stop, stop_error),
    ]
    report = {
        "fit": [
            {"parameter": name, "value": float(value), "standard_error": _or_none(e)}
            for name, value, e in rows
        ],
        "distances": [
            {
                "distance": i + 1,
                "orders": int(count_i[i]),
                "rate": float(count_i[i] / (2 * seconds)),
                "fitted": float(k * (i + 1.0) ** -alpha),
            }
            for i in range(num_distances)
        ],
        "counts": {
            "tapes": len(tapes),
            "trading_seconds": float(seconds),
            "limit_orders": len(at),
            "limit_orders_beyond": int((at > num_distances).sum()),
            "market_orders": num_market,
            "cancels": int(cancel_K.sum()),
            "left_out": int((what == OTHER).sum()),
        },
    }
    return params, report


def _power_law(count_i: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """k and alpha of Poisson counts with means ``seconds * k / i**alpha``, and errors.

    Newton's method on ``(log k, alpha)``, in which the likelihood is concave.
    """
    num = len(count_i)
    if num == 1:
        k = count_i[0] / seconds
        return np.array([k, 0.0]), np.array([np.sqrt(count_i[0]) / seconds, np.nan])
    design = np.stack([np.ones(num), -np.log(np.arange(1, num + 1))], axis=1)
    x = np.array([np.log(count_i.mean() / seconds), 0.0])
    for _ in range(100):
        mean_i = seconds * np.exp(np.clip(design @ x, -50, 50))
        fisher = design.T @ (mean_i[:, None] * design)
        move = np.linalg.solve(fisher, design.T @ (count_i - mean_i))
        x = x + np.clip(move, -1, 1)
        if np.abs(move).max() < 1e-10:
            break
    error = np.sqrt(np.diag(np.linalg.inv(fisher)))
    return np.array([np.exp(x[0]), x[1]]), np.array([np.exp(x[0]) * error[0], error[1]])


def _cancel_rates(
    cancel_K: np.ndarray, exposure_K: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rates and errors; a distance at which no order stood has the rate of all."""
    pooled = cancel_K.sum() / max(exposure_K.sum(), 1e-9)
    seen_K = np.maximum(exposure_K, 1e-9)
    is_seen_K = exposure_K > 0
    rate_K = np.where(is_seen_K, cancel_K / seen_K, pooled)
    return rate_K, np.where(is_seen_K, np.sqrt(cancel_K) / seen_K, np.nan)


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
