"""Running a synthetic market with its law beside it, once for all tests of a file."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.data.tape import Tape, message_frame
from marsjax.synth import flow_law

OPEN_S = 34_200


@lru_cache
def runner(market, num_orders: int):
    """Markets ``[B]`` with the law of each event: jitted over keys."""

    def one(key, params, state):
        def body(state, t):
            new, (message, *time) = market.step(
                params, state, jax.random.fold_in(key, t)
            )
            wait = flow_law.elapsed(state.time_s, state.time_ns, *time)
            log_prob = market.log_prob(params, state, message, wait)
            entropy = market.event_entropy(params, state)
            hazard = market.hazard(params, state, wait)
            return new, (message, *time, log_prob, entropy, hazard)

        return jax.lax.scan(body, state, jnp.arange(num_orders))

    return jax.jit(jax.vmap(one, in_axes=(0, None, None)))


@lru_cache
def scorer(market):
    """Log-probabilities of given streams ``[B]`` under each of given laws ``[P]``."""

    def one(params, state, messages, time_s, time_ns):
        def body(state, row):
            message, *time = row
            wait = flow_law.elapsed(state.time_s, state.time_ns, *time)
            log_prob = market.log_prob(params, state, message, wait)
            return market.follow(params, state, message, *time), log_prob

        return jax.lax.scan(body, state, (messages, time_s, time_ns))[1]

    streams = jax.vmap(one, in_axes=(None, None, 0, 0, 0))
    return jax.jit(jax.vmap(streams, in_axes=(0, None, None, None, None)))


def stack(laws):
    """Parameters of several laws as one pytree with a leading axis."""
    return jax.tree.map(
        lambda *x: jnp.stack([jnp.asarray(v, jnp.float32) for v in x]), *laws
    )


def tape_of(seeds_T, messages_T, time_s_T, time_ns_T) -> Tape:
    """A market's messages as a tape."""
    both = jax.tree.map(lambda *x: np.concatenate(x), seeds_T, messages_T)
    pad = np.zeros(len(seeds_T.kind), np.int32)
    frame = message_frame(
        "X",
        None,
        time_s=np.concatenate([pad, time_s_T]) + OPEN_S,
        time_ns=np.concatenate([pad, time_ns_T]),
        **both._asdict(),
    )
    return Tape(
        name="X",
        symbol="X",
        date=None,
        messages=frame,
        tick_size=0.01,
        lot_size=100,
        sessions=((OPEN_S, 86_400),),
        source="test",
        seed_rows=len(pad),
    )
