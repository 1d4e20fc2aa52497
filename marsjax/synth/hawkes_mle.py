"""Maximum likelihood of a Hawkes flow whose intensities the book takes in shares.

Given the decay rates the log-likelihood of each type's row ``(base_i, offspring_i)``
is its own concave function; the decay rates climb the profile, whose gradient is the
partial one at the best rows (envelope theorem). Ozaki, "Maximum likelihood estimation
of Hawkes' self-exciting point processes", Annals of the Institute of Statistical
Mathematics 31, 1979, for the recursions.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize


class Flow(NamedTuple):
    """Events of one stretch of time, of T events from the second on.

    ``wait_T``: seconds since the one before. ``type_T``: of the event. ``before_T``:
    type of the one before. ``share_TI``: of each intensity that the book takes before
    the event.
    """

    wait_T: np.ndarray
    type_T: np.ndarray
    before_T: np.ndarray
    share_TI: np.ndarray


class Fit(NamedTuple):
    """``row_IF``: base and offspring of each type, F = 1 + M * I in order of (m, j)."""

    row_IF: np.ndarray
    se_IF: np.ndarray
    decay_M: np.ndarray
    decay_se_M: np.ndarray
    log_likelihood: float
    residual_T: np.ndarray


class _Features(NamedTuple):
    at_TF: np.ndarray  # intensity per unit of a row, at the event
    over_TF: np.ndarray  # its integral over the wait
    d_at_TF: np.ndarray  # derivatives by the decay rate of the feature
    d_over_TF: np.ndarray


def fit_hawkes(flows: list[Flow], start_M: np.ndarray, most: float) -> Fit:
    """Fit base, offspring and decay rates.

    Args:
      flows: the past is empty at the start of each.
      start_M: decay rates to start from, a second.
      most: largest decay rate, such as one over the clock's step.
    """
    num_types = flows[0].share_TI.shape[1]
    type_T = np.concatenate([flow.type_T for flow in flows])
    share_TI = np.concatenate([flow.share_TI for flow in flows])
    num_decays = len(start_M)
    rows = [None] * num_types

    def profile(log_decay_M: np.ndarray) -> tuple[float, np.ndarray]:
        decay_M = np.exp(log_decay_M)
        x = _features(flows, decay_M)
        value, slope_M = 0.0, np.zeros(num_decays)
        for i in range(num_types):
            is_i_T = type_T == i
            at, over_F = x.at_TF[is_i_T], share_TI[:, i] @ x.over_TF
            rows[i] = _best_row(at, over_F, rows[i])
            value += np.log(at @ rows[i]).sum() - over_F @ rows[i]
            d_over_F = share_TI[:, i] @ x.d_over_TF
            d_F = (x.d_at_TF[is_i_T] / (at @ rows[i])[:, None]).sum(0) - d_over_F
            slope_M += (d_F * rows[i])[1:].reshape(num_decays, -1).sum(1)
        return -value, -slope_M * decay_M

    bounds = [(np.log(1e-4), np.log(most))] * num_decays
    start = np.clip(np.log(start_M), *bounds[0])
    options = {"maxiter": 40, "ftol": 1e-9}
    best = minimize(
        profile, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    order = np.argsort(-best.x)
    log_decay_M = best.x[order]
    value, _ = profile(log_decay_M)
    # Curvature of the profile, by differences of its gradient.
    step, curve_MM = 1e-2, np.zeros((num_decays, num_decays))
    for m in range(num_decays):
        move = step * np.eye(num_decays)[m]
        curve_MM[m] = profile(log_decay_M + move)[1] - profile(log_decay_M - move)[1]
    curve_MM /= 2 * step
    profile(log_decay_M)
    decay_M = np.exp(log_decay_M)
    decay_se_M = decay_M * _root_of_inverse((curve_MM + curve_MM.T) / 2)

    x = _features(flows, decay_M)
    row_IF = np.array(rows)
    se_IF = np.full_like(row_IF, np.nan)
    for i in range(num_types):
        at = x.at_TF[type_T == i]
        free = row_IF[i] > 1e-6
        scaled = at[:, free] / (at @ row_IF[i])[:, None]
        se_IF[i, free] = _root_of_inverse(scaled.T @ scaled)
    residual_T = ((x.over_TF @ row_IF.T) * share_TI).sum(1)
    share = np.log(np.maximum(share_TI[np.arange(len(type_T)), type_T], 1e-300)).sum()
    return Fit(row_IF, se_IF, decay_M, decay_se_M, share - value, residual_T)


def _best_row(at_NF: np.ndarray, over_F: np.ndarray, start_F) -> np.ndarray:
    """The row of largest likelihood: its base positive, its offspring not negative.

    Projected Newton steps (Bertsekas, SIAM Journal on Control and Optimization 20(2),
    1982): coordinates held at their bound stay out of the linear system.
    """
    least_F = np.r_[1e-8, np.zeros(len(over_F) - 1)]
    if start_F is None:
        start_F = np.full(len(over_F), 0.3 / len(over_F))
        start_F[0] = 0.5 * len(at_NF) / over_F[0]

    def loss(row_F: np.ndarray) -> float:
        return over_F @ row_F - np.log(at_NF @ row_F).sum()

    row_F = np.maximum(start_F, least_F + 1e-6)
    value = loss(row_F)
    for _ in range(100):
        scaled_NF = at_NF / (at_NF @ row_F)[:, None]
        slope_F = over_F - scaled_NF.sum(0)
        free = (row_F > least_F) | (slope_F < 0)
        curve = scaled_NF[:, free].T @ scaled_NF[:, free]
        curve += 1e-10 * np.trace(curve) * np.eye(free.sum())
        move_F = np.zeros_like(row_F)
        move_F[free] = np.linalg.solve(curve, slope_F[free])
        for scale in 0.5 ** np.arange(30):
            new_F = np.maximum(row_F - scale * move_F, least_F)
            if (new_value := loss(new_F)) <= value:
                break
        else:
            return row_F
        gain, row_F, value = value - new_value, new_F, new_value
        if gain < 1e-9 * (1 + abs(value)):
            break
    return row_F


def _root_of_inverse(matrix: np.ndarray) -> np.ndarray:
    """Standard errors from an information matrix; NaN where it tells nothing."""
    return np.sqrt(np.where((d := np.diag(np.linalg.pinv(matrix))) > 0, d, np.nan))


def _features(flows: list[Flow], decay_M: np.ndarray) -> _Features:
    parts = [_flow_features(flow, decay_M) for flow in flows]
    return _Features(*(np.concatenate(x) for x in zip(*parts, strict=True)))


def _flow_features(flow: Flow, decay_M: np.ndarray) -> _Features:
    """With A the decayed number of past events just after the last one, and d A."""
    num, num_types = flow.share_TI.shape
    shape = (len(decay_M), num_types)
    left_TM = np.exp(-flow.wait_T[:, None] * decay_M[None, :])
    after_TMI, d_after_TMI = np.zeros((2, num, *shape))
    now, d_now = np.zeros((2, *shape))
    for t, wait in enumerate(flow.wait_T.tolist()):
        left = left_TM[t, :, None]
        now[:, flow.before_T[t]] += 1
        after_TMI[t], d_after_TMI[t] = now, d_now
        d_now = left * (d_now - wait * now)
        now = left * now
    left_TM1, wait_T11 = left_TM[:, :, None], flow.wait_T[:, None, None]
    decay_M1 = decay_M[:, None]
    at = left_TM1 * after_TMI
    d_at = left_TM1 * (d_after_TMI - wait_T11 * after_TMI)
    over = (1 - left_TM1) * after_TMI
    d_over = wait_T11 * at + (1 - left_TM1) * d_after_TMI

    def with_base(base_T: np.ndarray, x_TMI: np.ndarray) -> np.ndarray:
        return np.concatenate([base_T[:, None], x_TMI.reshape(num, -1)], axis=1)

    one_T, zero_T = np.ones(num), np.zeros(num)
    return _Features(
        with_base(one_T, decay_M1 * at),
        with_base(flow.wait_T, over),
        with_base(zero_T, at + decay_M1 * d_at),
        with_base(zero_T, d_over),
    )
