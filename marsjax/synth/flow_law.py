"""Elementary laws of an order flow: draws from uniforms, log-probabilities, entropies.

A draw takes one uniform in ``[0, 1)``, so that a step makes all its random bits in one
call. Uniforms have 24 bits or so; the stated laws hold to that precision.

A market gives the same bytes in a batch of any size. The compiler is free to sum in any
order, to fuse a product with a sum, which rounds once and not twice, and to divide by
what all markets share through its reciprocal, and does so as the batch suggests. So
sums of floats are written out (`ordered_sums`), products are rounded before they are
added (`rounded`), reciprocals are written as such, and weights are integers
(`integer_weights`), whose sums are exact.
"""

import jax
import jax.numpy as jnp
from jax.scipy.special import entr, xlog1py, xlogy

from marsjax.data.clock import NS
from marsjax.types import Array


def add_time(time_s: Array, time_ns: Array, wait_s: Array) -> tuple[Array, Array]:
    """``(seconds, nanoseconds)`` after a wait in float seconds, cut to nanoseconds."""
    whole = jnp.floor(wait_s)
    ns = time_ns + ((wait_s - whole) * NS).astype(jnp.int32)
    carry = ns // NS
    return time_s + whole.astype(jnp.int32) + carry, ns - carry * NS


def time_between(
    from_s: Array, from_ns: Array, to_s: Array, to_ns: Array
) -> tuple[Array, Array]:
    """``(seconds, nanoseconds)``, the nanoseconds in [0, 1e9)."""
    ns = to_ns - from_ns
    borrow = (ns < 0).astype(jnp.int32)
    return to_s - from_s - borrow, ns + borrow * NS


def elapsed(from_s: Array, from_ns: Array, to_s: Array, to_ns: Array) -> Array:
    """Seconds between two times, float32."""
    seconds, ns = time_between(from_s, from_ns, to_s, to_ns)
    return seconds + rounded(ns * jnp.float32(1e-9))


def clock_uniforms(seconds: Array, ns: Array, num: int) -> Array:
    """Uniforms in [0, 1), ``[num]``, that are a function of a time alone.

    A waiting time has far more digits than its law resolves: hashed (the finaliser of
    MurmurHash3), they are as good as independent coins, and who knows the time knows
    how they fell.
    """

    def mixed(x: Array) -> Array:
        x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
        x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
        return x ^ (x >> 16)

    salt_n = jnp.arange(1, num + 1, dtype=jnp.uint32) * jnp.uint32(0x9E3779B9)
    word = mixed(seconds.astype(jnp.uint32) + jnp.uint32(0x7F4A7C15))
    word_n = mixed(mixed(word ^ ns.astype(jnp.uint32)) ^ salt_n)
    return (word_n >> 8).astype(jnp.float32) * 2.0**-24


def rounded(x: Array) -> Array:
    """Non-negative floats, no longer to be fused with what is done to them next.

    The bits of a non-negative float are a non-negative integer, which no compiler knows
    of this one.
    """
    bits = jax.lax.bitcast_convert_type(x, jnp.int32)
    return jax.lax.bitcast_convert_type(jnp.maximum(bits, 0), jnp.float32)


def integer_weights(weight_n: Array) -> Array:
    """Weights as whole numbers of the 1,023rd part of the largest; 0 stays 0.

    Float32 holds the sums of 16,384 of them exactly, so that they have no order.
    """
    weight_n = jnp.asarray(weight_n, jnp.float32)
    whole_n = jnp.maximum(jnp.round(1023 * weight_n / jnp.max(weight_n)), 1.0)
    return jnp.where(weight_n > 0, whole_n, 0.0)


def ordered_sums(x_n: Array) -> list[Array]:
    """Inclusive sums along the first axis, in its order; a few numbers."""
    sums = [x_n[0]]
    for i in range(1, x_n.shape[0]):
        sums.append(sums[-1] + x_n[i])
    return sums


def prefix_sums(weight_n: Array) -> tuple[Array, Array]:
    """Inclusive sums ``[n]`` of integer weights and the last of them, for small n.

    One masked sum: under ``vmap`` it is one kernel, which a scan of log n steps is not.
    """
    n = weight_n.shape[0]
    upto_nn = jnp.tril(jnp.ones((n, n), bool))
    sum_n = jnp.sum(jnp.where(upto_nn, weight_n[None, :], 0.0), axis=-1)
    return sum_n, sum_n[-1]


def pick(sum_n: Array, u: Array) -> Array:
    """An index in proportion to its weight, never one of weight zero.

    Args:
      sum_n: inclusive sums of the weights.
      u: uniform in [0, 1).
    """
    total = sum_n[-1]
    # The second condition: rounding may take the target up to the total.
    is_before_n = (sum_n <= u * total) & (sum_n < total)
    return jnp.sum(is_before_n.astype(jnp.int32))


def exponential(u: Array) -> Array:
    """A standard exponential variable."""
    return -jnp.log1p(-u)


def entropy(prob_n: Array) -> Array:
    """Entropy of a discrete law, nats."""
    return jnp.sum(entr(prob_n))


def entropy_of_weights(weight_n: Array) -> Array:
    """Entropy of the law in proportion to weights; 0 where all are zero."""
    total = jnp.sum(weight_n)
    safe = jnp.where(total > 0, total, 1.0)
    return jnp.where(total > 0, entropy(weight_n / safe), 0.0)


def geometric(u: Array, stop_prob: Array) -> Array:
    """1, 2, ... with ``P(n > k) = (1 - stop_prob)**k``; int32."""
    return 1 + jnp.floor(jnp.log1p(-u) / jnp.log1p(-stop_prob)).astype(jnp.int32)


def geometric_log_prob(n: Array, stop_prob: Array) -> Array:
    """Nats; -inf below 1."""
    log_prob = jnp.log(stop_prob) + xlog1py(n - 1.0, -stop_prob)
    return jnp.where(n >= 1, log_prob, -jnp.inf)


def size_log_prob(qty: Array, lot_size: Array, stop_prob: Array) -> Array:
    """Log probability of a geometric size in shares, nats; -inf unless whole lots."""
    lots = qty // lot_size
    value = geometric_log_prob(lots, stop_prob)
    return jnp.where(lots * lot_size == qty, value, -jnp.inf)


def geometric_entropy(stop_prob: Array) -> Array:
    """Nats."""
    go_on = 1.0 - stop_prob
    return -(xlogy(go_on, go_on) + xlogy(stop_prob, stop_prob)) / stop_prob
