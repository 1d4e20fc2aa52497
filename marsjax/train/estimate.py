"""What a run will need, before it is begun: memory, arithmetic and time.

The training step is compiled for shapes alone, with one layer and with two. What a
further layer adds to the buffers is the same every time, so that those of any number
follow without compiling, let alone making, a large model.
"""

import dataclasses
import math
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from marsjax.config import Config
from marsjax.lmm import num_params
from marsjax.train.flops import matrix_entries, train_flops
from marsjax.train.mesh import mesh_sizes, specs
from marsjax.train.peak import Peak, find_peak
from marsjax.train.sampler import Batch
from marsjax.train.step import init_state, make_train_step

MOST_SECONDS = 4.0
"""A step of two layers that takes longer is not timed."""

UTILISATION = 0.4
"""Assumed of a step that is not timed: what large models reach on accelerators (PaLM,
table 3: 21 to 46 %)."""


class Cost(NamedTuple):
    """Of one step: bytes beside the state, and seconds (None: not timed)."""

    temporary: float
    seconds: float | None


def estimate(config: Config, train_orders: int | None = None) -> dict[str, Any]:
    """Memory, FLOPs and time of a run on the devices at hand.

    Args:
      config: of the run; the fields and features of its model must be the dataset's.
      train_orders: orders to learn from, for the number of passes; None: not known.

    Returns:
      JSON-ready. ``parameters``, ``matrix_entries`` (`marsjax.train.flops`);
      ``memory_bytes`` of one device: ``parameters``, ``gradients``, ``optimiser``,
      ``mean`` (of the weights), ``activations`` and ``total``; ``devices``;
      ``flops_per_order``, ``flops_per_step``; ``steps``, ``orders`` seen in all,
      ``train_orders``, ``epochs``; ``peak``; ``orders_per_s``, ``mfu``, ``seconds``
      and ``how`` they were found.
    """
    options, state = config.train, jax.eval_shape(lambda: init_state(config))
    sizes = dict(
        zip(
            ("data", "fsdp", "tensor"),
            mesh_sizes(config.mesh, jax.device_count()),
            strict=True,
        )
    )
    devices = math.prod(sizes.values())
    share = max(1, options.batch_size // (sizes["data"] * sizes["fsdp"]))
    part = dataclasses.replace(
        config, train=dataclasses.replace(options, batch_size=share)
    )
    flops = train_flops(config.model, options.seq_len)
    peak = find_peak(config.model.dtype, devices, measure=True)
    temporary, seconds = _step(part, peak)

    memory = {
        "parameters": bytes_of(state.params, sizes),
        "gradients": bytes_of(state.params, sizes),
        "optimiser": bytes_of(state.opt_state, sizes),
        "mean": 0 if state.ema is None else bytes_of(state.ema, sizes),
    }
    memory["activations"] = max(0, round(temporary) - memory["gradients"])
    orders = options.batch_size * options.seq_len
    how = "timed with one layer and two"
    if seconds is None:
        seconds = flops * orders / (peak.flops * UTILISATION)
        how = f"assumed: {UTILISATION:.0%} of the peak"
    return {
        "parameters": num_params(state.params),
        "matrix_entries": matrix_entries(config.model),
        "memory_bytes": {**memory, "total": sum(memory.values())},
        "devices": devices,
        "flops_per_order": flops,
        "flops_per_step": flops * orders,
        "steps": options.steps,
        "orders": orders * options.steps,
        "train_orders": train_orders,
        "epochs": train_orders and orders * options.steps / train_orders,
        "peak": peak._asdict(),
        "orders_per_s": orders / seconds,
        "mfu": flops * orders / seconds / peak.flops,
        "seconds": seconds * options.steps,
        "how": how,
    }


def bytes_of(tree: Any, sizes: dict[str, int]) -> int:
    """Bytes that one device holds of a pytree that is split by the rules of a mesh."""
    spec = jax.tree.leaves(
        specs(tree, sizes), is_leaf=lambda x: isinstance(x, jax.sharding.PartitionSpec)
    )
    return sum(
        math.prod(leaf.shape)
        * leaf.dtype.itemsize
        // math.prod(sizes[axis] for axis in where if axis is not None)
        for leaf, where in zip(jax.tree.leaves(tree), spec, strict=True)
    )


def _step(config: Config, peak: Peak) -> Cost:
    """Of one device's part of a step, from those of one layer and of two."""
    layers = config.model.num_layers
    costs = [_cost(_with_layers(config, n), peak) for n in range(1, min(layers, 2) + 1)]
    if len(costs) < 2:
        return costs[0]
    one, two = costs
    temporary = one.temporary + (layers - 1) * (two.temporary - one.temporary)
    if one.seconds is None or two.seconds is None:
        return Cost(temporary, None)
    more = max(0.0, two.seconds - one.seconds)
    return Cost(temporary, one.seconds + (layers - 1) * more)


def _with_layers(config: Config, layers: int) -> Config:
    model = dataclasses.replace(config.model, num_layers=layers)
    return dataclasses.replace(config, model=model)


def _cost(config: Config, peak: Peak) -> Cost:
    size, length = config.train.batch_size, config.train.seq_len
    model = config.model
    dtype = jnp.uint8 if max(model.field_sizes) <= 2**8 else jnp.uint16
    batch = Batch(
        jax.ShapeDtypeStruct((size, length + 1, len(model.field_sizes)), dtype),
        jax.ShapeDtypeStruct((size, length, model.num_features), jnp.int16),
    )
    state = jax.eval_shape(lambda: init_state(config))
    step_fn = make_train_step(config).lower(state, batch).compile()
    memory = step_fn.memory_analysis()
    temporary = 0 if memory is None else memory.temp_size_in_bytes
    least = train_flops(model, length) * size * length / peak.flops
    if least > MOST_SECONDS:
        return Cost(temporary, None)
    state = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), state)
    batch = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), batch)
    seconds = []
    for _ in range(4):  # the first one also loads the program
        began = time.perf_counter()
        state, metrics = step_fn(state, batch)
        jax.block_until_ready((state, metrics))
        seconds.append(time.perf_counter() - began)
    return Cost(temporary, min(seconds[1:]))
