"""Times as (seconds, nanoseconds): exact, and ordered without 64-bit integers."""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax.data.clock import NS
from marsjax.types import Array

NEVER = 2**31 - 1
"""The second of what does not happen."""


class Time(NamedTuple):
    """Seconds and the nanoseconds within that second, int32 of one shape."""

    s: Array
    ns: Array


def after(time: Time, wait_s: Array) -> Time:
    """The time after a wait in float seconds, to the precision of a float32."""
    whole = jnp.floor(wait_s)
    part_ns = ((wait_s - whole) * NS).astype(jnp.int32)
    return _carry(time.s + whole.astype(jnp.int32), time.ns + part_ns)


def after_ns(time: Time, wait_ns: Array) -> Time:
    """The time after less than a second, exactly."""
    return _carry(time.s, time.ns + wait_ns)


def arrival(look: Time, delay_ns: Array) -> Time:
    """When a message of a decision arrives; never, if the decision never comes."""
    due = after_ns(look, delay_ns)
    comes = look.s != NEVER
    return Time(jnp.where(comes, due.s, NEVER), jnp.where(comes, due.ns, 0))


def _carry(s: Array, ns: Array) -> Time:
    over = (ns >= NS).astype(jnp.int32)
    return Time(s + over, ns - over * NS)


def is_before(a: Time, b: Time) -> Array:
    """Whether ``a`` is strictly earlier than ``b``."""
    return (a.s < b.s) | ((a.s == b.s) & (a.ns < b.ns))


def either(condition: Array, one: Time, other: Time) -> Time:
    """``one`` where the condition holds, else ``other``."""
    return Time(
        jnp.where(condition, one.s, other.s), jnp.where(condition, one.ns, other.ns)
    )


def seconds_between(start: Time, end: Time) -> Array:
    """``end - start`` in float seconds."""
    whole = (end.s - start.s).astype(jnp.float32)
    return whole + (end.ns - start.ns).astype(jnp.float32) * 1e-9


def first_of(time_A: Time) -> tuple[Array, Time]:
    """Index of the earliest time, the lowest at a tie, and that time."""
    s = jnp.min(time_A.s)
    ns_A = jnp.where(time_A.s == s, time_A.ns, NS)
    ns = jnp.min(ns_A)
    num = ns_A.shape[0]
    index_A = jnp.arange(num, dtype=jnp.int32)
    return jnp.min(jnp.where(ns_A == ns, index_A, num - 1)), Time(s, ns)
