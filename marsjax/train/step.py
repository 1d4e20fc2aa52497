"""One optimiser step: loss, gradients summed over small groups of windows, update."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from marsjax.config import Config
from marsjax.lmm import OrderModel, Params
from marsjax.train.mesh import gathered, num_shards, split, split_batch
from marsjax.train.optimiser import learning_rate, make_optimiser
from marsjax.train.sampler import Batch
from marsjax.types import Array


class TrainState(NamedTuple):
    """All that training changes. ``step``: int32, updates made so far.

    ``ema`` is the running mean of the parameters, or None where it is off.
    """

    step: Array
    params: Params
    ema: Params | None
    opt_state: optax.OptState

    @property
    def eval_params(self) -> Params:
        """The parameters to evaluate and to keep."""
        return self.params if self.ema is None else self.ema


def init_state(config: Config) -> TrainState:
    """The state before the first step, a function of the seed."""
    params = init_params(OrderModel(config.model), jax.random.key(config.train.seed))
    ema = None if config.train.ema_decay is None else jax.tree.map(jnp.copy, params)
    opt_state = make_optimiser(config.train).init(params)
    return TrainState(jnp.int32(0), params, ema, opt_state)


def begin_with(state: TrainState, params: Params) -> TrainState:
    """A first state with other parameters than those drawn."""
    ema = None if state.ema is None else jax.tree.map(jnp.copy, params)
    return state._replace(params=params, ema=ema)


init_params = jax.jit(OrderModel.init, static_argnums=0)


def loss_fn(
    params: Params, model: OrderModel, batch: Batch, key: Array
) -> tuple[Array, Array]:
    """Mean negative log-likelihood.

    Returns:
      Nats an order, and nats of each field ``[C]``, which add up to it.
    """

    def window(tokens_LC, features_LF, key_window):
        tokens_LC = tokens_LC.astype(jnp.int32)
        hidden_LD = model.apply(params, tokens_LC[:-1], features_LF, key=key_window)
        return model.log_prob(params, hidden_LD, tokens_LC[1:])

    keys = jax.random.split(key, len(batch.tokens))
    if len(keys) == 1:
        # Alone it needs no vmap, whose gradients of matrices sum over two axes: on a
        # CPU the compiler transposes for that, which takes longer than the products.
        nats_BLC = window(*jax.tree.map(lambda x: x[0], (*batch, keys)))[None]
    else:
        nats_BLC = jax.vmap(window)(*batch, keys)
    nats_C = -nats_BLC.mean(axis=(0, 1))
    return nats_C.sum(), nats_C


def gradients(
    params: Params, config: Config, batch: Batch, key: Array
) -> tuple[Array, Params]:
    """Nats of each field ``[C]`` and the gradient of their sum.

    The windows go ``micro_batch`` at a time, or in the next smaller groups of one size:
    on a CPU what one or a few of them need stays in its caches, which is faster than
    one large batch. Of several devices each has a part of every group, one window at
    least.
    """
    model = OrderModel(config.model)
    size = len(batch.tokens)
    shards = num_shards()
    most = max(min(config.train.micro_batch or size, size), shards)
    sizes = range(most - most % shards, 0, -shards)
    group = next(n for n in sizes if size % n == 0)
    groups = size // group

    def grad_fn(part, key):
        whole = gathered(params)
        grads, nats_C = jax.grad(loss_fn, has_aux=True)(whole, model, part, key)
        return nats_C, split(grads)

    if groups == 1:
        return grad_fn(batch, key)

    def add(total, part):
        return jax.tree.map(jnp.add, total, grad_fn(*part)), None

    parts = jax.tree.map(lambda x: x.reshape(groups, group, *x.shape[1:]), batch)
    parts = split_batch(parts, axis=1)
    nats_C = jnp.zeros(len(config.model.field_sizes))
    zero = (nats_C, jax.tree.map(jnp.zeros_like, params))
    total, _ = jax.lax.scan(add, zero, (parts, jax.random.split(key, groups)))
    return jax.tree.map(lambda x: x / groups, total)


@lru_cache(maxsize=4)
def make_train_step(config: Config) -> Callable:
    """``step_fn(state, batch) -> (state, metrics)``, jitted; ``state`` is donated.

    Metrics, float32 scalars: ``loss`` (nats an order, before the update), one a field,
    ``grad_norm`` (before clipping), ``learning_rate``.
    """
    optimiser = make_optimiser(config.train)
    schedule, decay = learning_rate(config.train), config.train.ema_decay

    def step_fn(state: TrainState, batch: Batch) -> tuple[TrainState, dict]:
        key = jax.random.fold_in(jax.random.key(config.train.seed), state.step)
        nats_C, grads = gradients(state.params, config, batch, key)
        updates, opt_state = optimiser.update(grads, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        ema = state.ema
        if decay is not None:
            # The mean follows closely at first, so that it forgets where it began.
            keep = jnp.minimum(decay, (1 + state.step) / (10 + state.step))
            ema = jax.tree.map(lambda a, b: keep * a + (1 - keep) * b, ema, params)
        metrics = {
            "loss": nats_C.sum(),
            **dict(zip(config.model.field_names, nats_C, strict=True)),
            "grad_norm": optax.tree.norm(grads),
            "learning_rate": jnp.asarray(schedule(state.step), jnp.float32),
        }
        return split(TrainState(state.step + 1, params, ema, opt_state)), metrics

    return jax.jit(step_fn, donate_argnums=0)
