"""Executors: metaorders cut into child orders by a schedule.

Child orders are immediate-or-cancel orders that reach some ticks behind the best; what
one could not fill, the next one catches up. TWAP and VWAP act every interval from the
start on, each time up to what should be done by the end of that interval; should some
be left after the end, they go on until all is done. POV has no end: it acts when its
share of the volume since the start, its own included, is a lot ahead of what it did.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.book.checks import basis_points
from marsjax.synth.agents.clock import NEVER, Time, after, is_before, seconds_between
from marsjax.synth.agents.params import Params, Schedule
from marsjax.synth.agents.profile import cumulative, day_fraction
from marsjax.synth.agents.sight import Sight
from marsjax.synth.agents.wish import Draws, Wish, take
from marsjax.types import Array


class Parent(NamedTuple):
    """A metaorder; int32 scalars, or ``[E]`` each.

    ``schedule``: :class:`Schedule`. ``qty``: shares, 0 for none; ``done``: shares
    filled so far. ``bps``: share of volume. ``start_volume``: the market's volume at
    the start, -1 before it. ``child_qty``: of the POV child order in flight.
    """

    schedule: Array
    side: Array
    qty: Array
    done: Array
    start_s: Array
    start_ns: Array
    duration_s: Array
    interval_s: Array
    bps: Array
    start_volume: Array
    child_qty: Array

    @property
    def start(self) -> Time:
        return Time(self.start_s, self.start_ns)


def target_qty(params: Params, parent: Parent, time: Time) -> Array:
    """Shares that TWAP or VWAP should have done by the end of the interval."""
    elapsed_s = seconds_between(parent.start, time) + parent.interval_s
    share = elapsed_s / parent.duration_s
    first = day_fraction(params, parent.start)
    spans = (elapsed_s / params.day_s, parent.duration_s / params.day_s)
    begun = cumulative(params, first)
    part, whole = (cumulative(params, first + span) - begun for span in spans)
    share = jnp.where(parent.schedule == Schedule.VWAP, part / whole, share)
    wanted = jnp.round(parent.qty * jnp.minimum(share, 1.0)).astype(jnp.int32)
    # Beyond 2**24 shares a float32 is off by a few; the end is exact.
    return jnp.where(share >= 1, parent.qty, jnp.minimum(wanted, parent.qty))


def decide(params: Params, sight: Sight, parent: Parent, look: Time) -> Wish:
    """The child order; at least a share, and no more than is left."""
    child = target_qty(params, parent, look) - parent.done
    child = jnp.where(parent.schedule == Schedule.POV, parent.child_qty, child)
    left = jnp.maximum(parent.qty - parent.done, 1)
    qty = jnp.clip(child, 1, left)
    return take(sight, parent.side, qty, params.reach_ticks)


def next_parent(
    params: Params, parent: Parent, now: Time, draws: Draws, is_guest: Array
) -> Parent:
    """The metaorder itself, or where it is done and no guest's, a new one."""
    lots = 1 + jnp.floor(-jnp.log(draws.size) * params.executor_lots)
    start = after(now, -jnp.log(draws.wait) * params.executor_gap_s)
    fresh = Parent(
        schedule=parent.schedule,
        side=(draws.side < 0.5).astype(jnp.int32),
        qty=lots.astype(jnp.int32) * params.lot_size,
        done=jnp.int32(0),
        start_s=start.s,
        start_ns=start.ns,
        duration_s=jnp.asarray(params.executor_duration_s, jnp.int32),
        interval_s=jnp.asarray(params.executor_interval_s, jnp.int32),
        bps=jnp.asarray(params.executor_bps, jnp.int32),
        start_volume=jnp.int32(-1),
        child_qty=jnp.int32(0),
    )
    renews = (parent.done >= parent.qty) & ~is_guest
    return jax.tree.map(lambda x, y: jnp.where(renews, x, y), fresh, parent)


def next_look(parent: Parent, look: Time) -> Time:
    """When the executor decides again; never, if that is for the volume to say."""
    waits = (parent.schedule == Schedule.POV) | (parent.done >= parent.qty)
    begins = parent.start_volume < 0
    s = jnp.where(begins, parent.start_s, look.s + parent.interval_s)
    ns = jnp.where(begins, parent.start_ns, look.ns)
    return Time(jnp.where(waits, NEVER, s), jnp.where(waits, 0, ns))


def begin(parent_E: Parent, now: Time, volume_before: Array) -> Parent:
    """Metaorders whose start has come remember the volume until then."""
    begins_E = (parent_E.start_volume < 0) & ~is_before(now, parent_E.start)
    return parent_E._replace(
        start_volume=jnp.where(begins_E, volume_before, parent_E.start_volume)
    )


def due_by_volume(
    params: Params, parent_E: Parent, volume: Array
) -> tuple[Array, Array]:
    """Whether POV should act, and with how many shares, ``[E]`` each."""
    left_E = parent_E.qty - parent_E.done
    share_E = basis_points(volume - parent_E.start_volume, parent_E.bps)
    child_E = jnp.minimum(share_E - parent_E.done, left_E)
    is_due_E = (parent_E.schedule == Schedule.POV) & (parent_E.start_volume >= 0)
    is_due_E &= (left_E > 0) & (child_E >= jnp.minimum(params.lot_size, left_E))
    return is_due_E, child_E
