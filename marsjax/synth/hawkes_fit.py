"""Fitting the Hawkes market to tapes, on the host."""

from collections import Counter
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy.stats import kstest

from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.synth.flow_fit import stop_prob
from marsjax.synth.flow_levels import Levels, distance
from marsjax.synth.flow_tape import CANCEL, LIMIT, MARKET, spread_ties, walk
from marsjax.synth.hawkes_mle import Flow, fit_hawkes
from marsjax.synth.hawkes_params import (
    NUM_TYPES,
    TYPES,
    Params,
    branching_ratio,
    check,
    spectral_radius,
)

MOST_RADIUS = 0.98
"""A fit nearer to instability than this is shrunk, its mean rates kept."""


class _Seen(NamedTuple):
    """What one session of a tape shows, a row an event."""

    time_T: list
    type_T: list
    num_TS: list  # live orders of the flow before it, a side
    far_T: list  # distance; 0 of a market order
    lots_T: list
    near_CK: list  # of cancels: live orders of their side by distance


def calibrate(
    tapes: list[Tape],
    *,
    num_distances: int = 10,
    num_decays: int = 2,
    depth_orders: float | None = None,
) -> tuple[Params, dict]:
    """Fit the market to tapes by maximum likelihood.

    The flow is that of orders placed within ``num_distances`` ticks of the opposite
    best, and of their cancels; the rest is counted in the report. Orders of one time
    stamp are spread over the clock's step.

    Args:
      tapes: of one instrument, real or simulated.
      num_distances: K.
      num_decays: M.
      depth_orders: as in `Params`; by default nine tenths of the time a side has
        fewer. A scale to measure cancels by, which only a deeper book could tell.

    Returns:
      parameters, and a report: fitted values with standard errors (of base and
      offspring given the decay rates), goodness of fit of the waiting times, and what
      was left out.

    Raises:
      InputError: the tapes lack events of some type.
    """
    left_out, seen = Counter(), []
    for tape in tapes:
        seen += _see(tape, num_distances, left_out)
    type_T = np.concatenate([np.array(x.type_T, int) for x in seen] or [[]]).astype(int)
    count_I = np.bincount(type_T, minlength=NUM_TYPES)
    if count_I.min() < 20:
        few = TYPES[int(count_I.argmin())]
        raise InputError(
            f"{count_I.min()} events of type {few} are too few for a fit",
            "give tapes of more orders",
        )
    num_TS = np.concatenate([np.array(x.num_TS) for x in seen])
    if depth_orders is None:
        depth_orders = max(1.0, float(np.quantile(num_TS, 0.9)))
    flows, num_tied, steps = [], 0, []
    for x in seen:
        flow, tied, step = _flow(x, depth_orders)
        flows.append(flow)
        num_tied += tied
        steps.append(step)
    wait_T = np.concatenate([flow.wait_T for flow in flows])
    start_M = np.geomspace(1 / np.median(wait_T), 0.1 / wait_T.mean(), num_decays)
    step = max(min((s for s in steps if s > 0), default=0.0), 1e-6)
    fit = fit_hawkes(flows, start_M, most=1 / step)

    far_T = np.concatenate([x.far_T for x in seen])
    lots_T = np.concatenate([x.lots_T for x in seen])
    near_CK = np.concatenate([np.array(x.near_CK) for x in seen])
    is_limit_T, is_cancel_T = type_T < MARKET, type_T >= CANCEL
    far_K = np.bincount(far_T[is_limit_T], minlength=num_distances + 1)[1:]
    own_C = np.minimum(far_T[is_cancel_T], num_distances)
    weight_K, weight_se_K = _choice(near_CK, own_C)
    stops = [
        stop_prob(lots_T[is_limit_T]),
        stop_prob(lots_T[(type_T >= MARKET) & ~is_cancel_T]),
    ]
    shape = (NUM_TYPES, num_decays, NUM_TYPES)
    base_I, offspring_MII = fit.row_IF[:, 0], fit.row_IF[:, 1:].reshape(shape)
    params = Params(
        base_I=jnp.asarray(np.maximum(base_I, 1e-6), jnp.float32),
        offspring_MII=jnp.asarray(offspring_MII.swapaxes(0, 1), jnp.float32),
        decay_M=jnp.asarray(fit.decay_M, jnp.float32),
        distance_weight_K=jnp.asarray(np.maximum(far_K, 1e-3) / far_K.sum()),
        cancel_weight_K=jnp.asarray(weight_K, jnp.float32),
        depth_orders=depth_orders,
        limit_stop_prob=stops[0][0],
        market_stop_prob=stops[1][0],
        mid_ticks=_last_mid(tapes),
        lot_size=int(tapes[0].lot_size),
        opening_orders=max(1, round(0.8 * depth_orders / num_distances)),
    )
    radius = spectral_radius(params)
    if radius > MOST_RADIUS:
        params = _shrunk(params, count_I / wait_T.sum(), radius)
    check(params)
    ks = kstest(fit.residual_T, "expon")
    report = {
        "events": dict(zip(TYPES, count_I.tolist(), strict=True)),
        "left_out": dict(left_out),
        "tied_times": num_tied,
        "seconds": float(wait_T.sum()),
        "log_likelihood": float(fit.log_likelihood),
        "spectral_radius": spectral_radius(params),
        "spectral_radius_unshrunk": radius,
        "base": _told(base_I, fit.se_IF[:, 0]),
        "offspring": _told(
            offspring_MII.swapaxes(0, 1),
            fit.se_IF[:, 1:].reshape(shape).swapaxes(0, 1),
        ),
        "decay": _told(fit.decay_M, fit.decay_se_M),
        "distance_weight": _told(far_K / far_K.sum(), np.sqrt(far_K) / far_K.sum()),
        "cancel_weight": _told(weight_K, weight_se_K),
        "limit_stop_prob": _told(*map(np.array, stops[0])),
        "market_stop_prob": _told(*map(np.array, stops[1])),
        "depth_orders": float(depth_orders),
        "residuals": {
            "mean": float(fit.residual_T.mean()),
            "ks_statistic": float(ks.statistic),
            "ks_p_value": float(ks.pvalue),
        },
    }
    return params, report


def _told(value: np.ndarray, se: np.ndarray) -> dict:
    return {"value": np.asarray(value).tolist(), "se": np.asarray(se).tolist()}


def _see(tape: Tape, num_distances: int, left_out: Counter) -> list[_Seen]:
    """Each session's events, of orders placed near the touch."""
    seen: dict[int, _Seen] = {}
    near: tuple[dict, dict] = ({}, {})  # live orders of the flow: id to price
    newest = None  # its last order, in `near` from the next event on if it rests
    for event, book in walk(tape, left_out):
        if not seen:
            _adopt(book, event.ref_bid, event.ref_ask, num_distances, near)
        if newest is not None and newest[1] in book.orders:
            near[newest[0]][newest[1]] = newest[2]
        newest = None
        for order_id in book.gone:
            near[0].pop(order_id, None)
            near[1].pop(order_id, None)
        book.gone.clear()
        side, class_ = event.side, event.type_ - event.side
        far = event.distance
        if class_ == LIMIT and not 1 <= far <= num_distances:
            left_out["limit order too far from the touch"] += 1
            continue
        if class_ == CANCEL and event.order_id not in near[side]:
            left_out["cancel of an order placed too far from the touch"] += 1
            continue
        of = seen.setdefault(event.session, _Seen([], [], [], [], [], []))
        of.time_T.append(event.time_s)
        of.type_T.append(event.type_)
        of.num_TS.append([len(near[0]), len(near[1])])
        of.far_T.append(0 if class_ == MARKET else far)
        of.lots_T.append(max(1, -(-event.qty // tape.lot_size)))
        if class_ == CANCEL:
            price_N = np.fromiter(near[side].values(), int)
            far_N = distance(side, price_N, event.ref_bid, event.ref_ask)
            far_N = np.clip(far_N, 1, num_distances)
            of.near_CK.append(np.bincount(far_N, minlength=num_distances + 1)[1:])
        else:
            newest = (side, event.order_id, event.price_ticks)
    return list(seen.values())


def _adopt(book: Levels, bid: int, ask: int, num_distances: int, near) -> None:
    """The opening book's orders near the touch belong to the flow."""
    for order_id, (side, price, _) in book.orders.items():
        if distance(side, price, bid, ask) <= num_distances:
            near[side][order_id] = price


def _flow(seen: _Seen, depth_orders: float) -> tuple[Flow, int, float]:
    time_T, num_tied, step = spread_ties(np.array(seen.time_T))
    type_T, num_TS = np.array(seen.type_T), np.array(seen.num_TS)[1:]
    share_TI = np.ones((len(num_TS), NUM_TYPES))
    share_TI[:, MARKET:CANCEL] = num_TS[:, ::-1] > 0
    share_TI[:, CANCEL:] = np.minimum(num_TS / depth_orders, 1)
    # A tape may show what the flow's own orders do not explain.
    own_T = np.arange(len(num_TS)), type_T[1:]
    share_TI[own_T] = np.maximum(share_TI[own_T], 1 / depth_orders)
    return Flow(np.diff(time_T), type_T[1:], type_T[:-1], share_TI), num_tied, step


def _choice(near_CK: np.ndarray, own_C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a choice among live orders, of mean 1, by maximum likelihood.

    Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics
    32(1), 2004.
    """
    chosen_K = np.bincount(own_C, minlength=near_CK.shape[1] + 1)[1:].astype(float)
    weight_K = np.ones(near_CK.shape[1])
    for _ in range(200):
        offered_K = (near_CK / (near_CK @ weight_K)[:, None]).sum(0)
        weight_K = np.maximum(chosen_K, 1e-3) / np.maximum(offered_K, 1e-9)
        weight_K /= weight_K.mean()
    return weight_K, weight_K / np.sqrt(np.maximum(chosen_K, 1))


def _last_mid(tapes: list[Tape]) -> int:
    """A price to open at: of the last limit order of the last tape."""
    price = tapes[-1].messages["price_ticks"].to_numpy()
    return int(price[price > 0][-1])


def _shrunk(params: Params, rate_I: np.ndarray, radius: float) -> Params:
    """Offspring scaled to `MOST_RADIUS`, base raised to keep the mean rates."""
    offspring_MII = params.offspring_MII * (MOST_RADIUS / radius)
    params = params.replace(offspring_MII=offspring_MII)
    base_I = rate_I - np.asarray(branching_ratio(params)) @ rate_I
    return params.replace(
        base_I=jnp.asarray(np.maximum(base_I, 1e-3 * rate_I), jnp.float32)
    )
