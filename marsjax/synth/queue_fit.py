"""Fitting the queue-reactive market to tapes, on the host.

Intensities are counts over exposure by queue and size, the maximum likelihood of Model
I (Huang, Lehalle, Rosenbaum 2015, section 2.3), both sides pooled. Sizes count average
event sizes, rounded up. The reference price is the mid where the spread is odd, else
the half tick beside the mid that is nearer to the last reference (section 2.2).
"""

from collections import Counter
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.synth.flow_levels import Levels
from marsjax.synth.flow_tape import CANCEL, LIMIT, FlowEvent, walk
from marsjax.synth.queue_params import Params, check, stationary_law
from marsjax.types import Side


class _Seen(NamedTuple):
    """Rows of all tapes; the book before each event, and the wait before it.

    ``class_T``: 0 limit, 1 market, 2 cancel. ``queue_T``: of the event, K if beyond.
    """

    wait_T: list
    class_T: list
    side_T: list
    queue_T: list
    qty_T: list
    shares_TSK: list
    far_T: list  # live orders beyond the queues, both sides


class _Moves:
    """Counts how often the reference could follow the mid, and how often it did."""

    def __init__(self):
        self.ref = self.quotes = None
        self.waiting = 0  # the way it may go, until the spread is odd again
        self.could = self.did = 0
        self.directions: list[int] = []

    def see(self, bid: int, ask: int, has_first: tuple[bool, bool]) -> None:
        """The quotes after an event, and whether the first queues have orders."""
        if not (bid and ask):
            return
        if self.ref is None:
            self.ref = (bid + ask - 1) // 2
        rise = 0 if self.quotes is None else bid + ask - sum(self.quotes)
        self.quotes = (bid, ask)
        if not self.waiting:
            way = (rise > 0 and not has_first[1]) - (rise < 0 and not has_first[0])
            self.waiting, self.could = way, self.could + (way != 0)
        mid2, new = bid + ask, self.ref
        if mid2 % 2:
            new = (mid2 - 1) // 2
        elif self.ref not in (mid2 // 2 - 1, mid2 // 2):
            new = mid2 // 2 - (self.ref < mid2 // 2)
        if new != self.ref:
            self.directions.append(1 if new > self.ref else -1)
        if self.waiting and mid2 % 2:
            self.did += (new - self.ref) * self.waiting > 0
            self.waiting = 0
        self.ref = new


def calibrate(
    tapes: list[Tape],
    *,
    num_queues: int = 3,
    most: int = 40,
    theta_reinit: float = 0.0,
) -> tuple[Params, dict]:
    """Fit the market to tapes.

    Args:
      tapes: of one instrument, real or simulated, best of a large tick.
      num_queues: K.
      most: largest size of a queue, at most; sizes beyond count as the largest.
      theta_reinit: as in `Params`; messages alone do not tell it. Drawing queues anew
        takes messages, dozens for a move, which no real tape shows: so by default only
        the queue that enters the window is.

    Returns:
      parameters, and a report: counts, exposure in seconds, rates with standard errors
      (the root of the count over the exposure), how often the reference followed the
      mid, and what was left out. Counts and exposure of sizes above 10 are those of a
      bin of like ones; a size never seen has the rates of the next smaller.

    Raises:
      InputError: there are no orders, or none of some kind, in the queues.
    """
    left_out, moves = Counter(), _Moves()
    seen = _Seen(*([] for _ in _Seen._fields))
    for tape in tapes:
        _see(tape, num_queues, left_out, moves, seen)
    queue_T, class_T = np.array(seen.queue_T, int), np.array(seen.class_T, int)
    is_near_T = queue_T < num_queues
    if not is_near_T.any() or min(np.bincount(class_T[is_near_T], minlength=3)) < 20:
        raise InputError(
            "too few orders of some kind in the queues", "give tapes of more orders"
        )
    unit = float(np.array(seen.qty_T)[is_near_T].mean())
    size_TSK = np.ceil(np.array(seen.shares_TSK) / unit - 1e-9).astype(int)
    wait_T = np.array(seen.wait_T)
    largest = int(min(most, max(2, np.quantile(size_TSK, 0.999))))
    size_TSK = np.minimum(size_TSK, largest)

    exposure_KQ = np.zeros((num_queues, largest + 1))
    counts = {c: np.zeros_like(exposure_KQ) for c in range(3)}
    side_T = np.array(seen.side_T, int)
    for k in range(num_queues):
        for side in range(2):
            np.add.at(exposure_KQ[k], size_TSK[:, side, k], wait_T)
        for c, count_KQ in counts.items():
            is_it_T = (queue_T == k) & (class_T == c)
            at = size_TSK[is_it_T, side_T[is_it_T], k]
            np.add.at(count_KQ[k], at, 1)
    bin_Q = _bins(largest)
    exposure_KQ = _pooled(exposure_KQ, bin_Q)
    rates, ses, held = {}, {}, 0
    for c, count_KQ in counts.items():
        counts[c] = _pooled(count_KQ, bin_Q)
        rates[c], ses[c], filled = _rates(counts[c], exposure_KQ)
        held += filled
    num_far = float((np.array(seen.far_T) * wait_T).sum())
    far_cancels = int(((class_T == 2) & ~is_near_T).sum())
    num_could = max(moves.could, 1)
    theta = moves.did / num_could
    params = Params(
        limit_rate_KQ=jnp.asarray(rates[0], jnp.float32),
        cancel_rate_KQ=jnp.asarray(rates[2], jnp.float32),
        market_rate_Q=jnp.asarray(rates[1][0], jnp.float32),
        theta=theta,
        theta_reinit=theta_reinit,
        far_cancel_rate=far_cancels / num_far if num_far > 0 else 0.05,
        unit_qty=max(1, round(unit)),
        mid_ticks=(moves.ref or 0) + 1,
        lot_size=int(tapes[0].lot_size),
    )
    mean_K = np.asarray(stationary_law(params)) @ np.arange(largest + 1)
    params = params.replace(opening_orders=max(1, int(mean_K.mean())))
    check(params)
    turns = np.diff(moves.directions) != 0
    report = {
        "events": int(is_near_T.sum()),
        "beyond_the_queues": int((~is_near_T).sum()),
        "left_out": dict(left_out),
        "seconds": float(wait_T.sum()),
        "unit_qty": unit,
        "exposure_s": exposure_KQ.tolist(),
        "far_cancel_rate": float(params.far_cancel_rate),
        "theta": {
            "value": theta,
            "se": float(np.sqrt(theta * (1 - theta) / num_could)),
            "occasions": moves.could,
        },
        "theta_reinit": {"value": theta_reinit, "fitted": False},
        "reference_moves": len(moves.directions),
        "mean_reversion": float((~turns).sum() / max(2 * turns.sum(), 1)),
        "sizes_never_seen": held,
        "stationary_mean_size": mean_K.tolist(),
    }
    for c, name in enumerate(("limit", "market", "cancel")):
        report[f"{name}_rate"] = {
            "value": rates[c].tolist(),
            "se": ses[c].tolist(),
            "count": counts[c].astype(int).tolist(),
        }
    return params, report


def _see(
    tape: Tape, num_queues: int, left_out: Counter, moves: _Moves, seen: _Seen
) -> None:
    """Add the events of a tape."""
    last: FlowEvent | None = None
    for event, book in walk(tape, left_out):
        bid, ask, ref = event.bid, event.ask, moves.ref
        if ref is not None:
            has_first = (ref in book.levels[0], ref + 1 in book.levels[1])
            moves.see(bid, ask, has_first)
        else:
            moves.see(bid, ask, (True, True))
        if moves.ref is None:
            left_out["before the first two-sided book"] += 1
            continue
        if last is not None and last.session == event.session:
            _add(event, book, event.time_s - last.time_s, moves.ref, num_queues, seen)
        last = event


def _add(
    event: FlowEvent, book: Levels, wait: float, ref: int, num_queues: int, seen: _Seen
) -> None:
    """Add one event, with the queues around a reference before it."""
    levels = [
        [
            book.levels[side].get(ref - k if side == Side.BUY else ref + 1 + k, (0, 0))
            for k in range(num_queues)
        ]
        for side in range(2)
    ]
    near = sum(level[0] for row in levels for level in row)
    side, class_ = event.side, event.type_ - event.side
    if class_ in (LIMIT, CANCEL):
        away = event.price_ticks - ref
        queue = -away if side == Side.BUY else away - 1
    else:  # a market order's queue is the one it meets
        side = 1 - event.side
        best = event.bid if side == Side.BUY else event.ask
        queue = ref - best if side == Side.BUY else best - ref - 1
        queue = queue if queue == 0 else num_queues
    seen.wait_T.append(wait)
    seen.class_T.append(class_ // 2)
    seen.side_T.append(side)
    seen.queue_T.append(queue if 0 <= queue < num_queues else num_queues)
    seen.qty_T.append(event.qty)
    seen.shares_TSK.append([[level[1] for level in row] for row in levels])
    seen.far_T.append(book.num[0] + book.num[1] - near)


def _rates(count_KQ: np.ndarray, exposure_KQ: np.ndarray):
    """Rates, standard errors, and how many were taken from the next smaller size.

    A rate that was never seen to happen is a hundredth of the mean rate, so that no
    queue is stuck.
    """
    is_seen_KQ = exposure_KQ > 0
    safe_KQ = np.where(is_seen_KQ, exposure_KQ, 1.0)
    rate_KQ = count_KQ / safe_KQ
    mean_K1 = (count_KQ.sum(1) / exposure_KQ.sum(1))[:, None]
    rate_KQ = np.maximum(rate_KQ, 0.01 * mean_K1)
    for q in range(1, rate_KQ.shape[1]):
        rate_KQ[:, q] = np.where(is_seen_KQ[:, q], rate_KQ[:, q], rate_KQ[:, q - 1])
    se_KQ = np.where(is_seen_KQ, np.sqrt(np.maximum(count_KQ, 1)) / safe_KQ, np.nan)
    return rate_KQ, se_KQ, int((~is_seen_KQ).sum())


def _bins(largest: int) -> np.ndarray:
    """The bin of each size: its own up to 10, from there on wider by a tenth each."""
    edges = [*range(11)]
    while edges[-1] <= largest:
        edges.append(edges[-1] + max(1, edges[-1] // 10))
    return np.searchsorted(edges, np.arange(largest + 1), side="right") - 1


def _pooled(x_KQ: np.ndarray, bin_Q: np.ndarray) -> np.ndarray:
    """Sums over the sizes of each bin, at each of its sizes."""
    sums_BK = np.zeros((bin_Q[-1] + 1, len(x_KQ)))
    np.add.at(sums_BK, bin_Q, x_KQ.T)
    return sums_BK[bin_Q].T
