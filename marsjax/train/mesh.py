"""How the arrays of a run lie on its devices: a mesh, and rules for what is split.

The mesh has three axes (`marsjax.config.MeshConfig`). A batch is split over ``data``
and ``fsdp``, the state over ``fsdp`` and ``tensor``; the compiler puts in the
transfers. A run on one device has no mesh, and every function here then leaves its
arrays alone: the same program as if this file were not there.

Sources: Rajbhandari et al. 2020 (ZeRO), for ``fsdp``; Shoeybi et al. 2019
(Megatron-LM), for what ``tensor`` splits by columns and what by rows.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from marsjax.config import Config, MeshConfig
from marsjax.errors import InputError
from marsjax.types import Array

AXES = ("data", "fsdp", "tensor")
BATCH = ("data", "fsdp")
"""The axes that a batch is split over."""

RULES = (
    (r"(qkv|gate|up)/kernel", -1),  # columns: heads, hidden units
    (r"(attention_out|down)/kernel", -2),  # rows: the same, summed over devices
    (r"head/hidden/(kernel|bias)", -1),
    (r"head/table_\w+", -1),
    (r"head/out_\d+/kernel", -2),
    (r"head/(kernel|bias)", -1),  # of the joint head: outcomes
)
"""The end of a parameter's path, and which of its axes is split over ``tensor``."""


def make_mesh(config: Config) -> Mesh | None:
    """The mesh of a run, or None where it is one device.

    Raises:
      InputError: it does not fit the devices, the heads or the batch.
    """
    sizes = mesh_sizes(config.mesh, jax.device_count())
    data, fsdp, tensor = sizes
    used, most = data * fsdp * tensor, jax.device_count()
    if used > most or (jax.process_count() > 1 and used < most):
        raise InputError(
            f"a mesh of {data} x {fsdp} x {tensor} (data, fsdp, tensor) is {used} "
            f"devices, and there are {most}",
            "change mesh.data, mesh.fsdp or mesh.tensor; none takes what is left",
        )
    if config.model.num_heads % tensor:
        raise InputError(
            f"{config.model.num_heads} heads do not split over {tensor} devices",
            "make num_heads a multiple of mesh.tensor",
        )
    if config.train.batch_size % (data * fsdp):
        raise InputError(
            f"a batch of {config.train.batch_size} does not split over "
            f"{data} x {fsdp} devices (data, fsdp)",
            "make batch_size a multiple, or split by mesh.tensor",
        )
    if used == 1:
        return None
    devices = np.asarray(jax.devices()[:used]).reshape(sizes)
    return Mesh(devices, AXES, axis_types=(AxisType.Auto,) * len(AXES))


def mesh_sizes(config: MeshConfig, num_devices: int) -> tuple[int, int, int]:
    """``config`` with the open size filled in: at least 1, however few devices."""
    sizes = config.data, config.fsdp, config.tensor
    given = int(np.prod([size for size in sizes if size is not None]))
    left = max(1, num_devices // given)
    return tuple(left if size is None else size for size in sizes)


def using(mesh: Mesh | None) -> AbstractContextManager:
    """The context in which the functions below know the mesh."""
    return nullcontext() if mesh is None else jax.set_mesh(mesh)


# What a compiled step asks for.


def split(state: Any) -> Any:
    """Parameters, or a training state, each array split by its rule."""
    mesh = jax.sharding.get_abstract_mesh()
    return state if mesh.empty else _constrain(state, specs(state, dict(mesh.shape)))


def gathered(params: Any) -> Any:
    """Parameters split over ``tensor`` alone, as they are computed with."""
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty:
        return params
    return _constrain(params, specs(params, {**dict(mesh.shape), "fsdp": 1}))


def split_batch(batch: Any, axis: int = 0) -> Any:
    """Arrays with their windows on ``axis``: split over ``data`` and ``fsdp``."""
    if jax.sharding.get_abstract_mesh().empty:
        return batch
    spec = PartitionSpec(*(None,) * axis, BATCH)
    return _constrain(batch, jax.tree.map(lambda _: spec, batch))


def num_shards() -> int:
    """Into how many parts a batch is split, and so each group of its windows."""
    sizes = dict(jax.sharding.get_abstract_mesh().shape)
    return sizes.get("data", 1) * sizes.get("fsdp", 1)


def _constrain(tree: Any, specs: Any) -> Any:
    return jax.tree.map(jax.lax.with_sharding_constraint, tree, specs)


def specs(state: Any, sizes: dict[str, int]) -> Any:
    """How each array of a pytree of parameters is split, by its path and shape.

    ``tensor`` splits the axis that `RULES` name, ``fsdp`` the largest other one of an
    array with two or more (of an optimiser's moments, those of the parameter); what
    does not divide, and what is small, is on every device.
    """

    def spec(path, leaf) -> PartitionSpec:
        axes: list[str | None] = [None] * len(leaf.shape)
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        for end, axis in RULES:
            if re.search(f"(^|/){end}$", name) and len(axes) >= -axis:
                if leaf.shape[axis] % sizes["tensor"] == 0 and sizes["tensor"] > 1:
                    axes[axis] = "tensor"
                break
        free = [i for i, axis in enumerate(axes) if axis is None]
        free = [i for i in free if leaf.shape[i] % sizes["fsdp"] == 0]
        if free and len(axes) > 1 and sizes["fsdp"] > 1:
            axes[max(free, key=lambda i: leaf.shape[i])] = "fsdp"
        while axes and axes[-1] is None:
            axes.pop()  # as the compiler writes it: no second compilation
        return PartitionSpec(*axes)

    return jax.tree_util.tree_map_with_path(spec, state)


# What the host does.


def shardings(state: Any, mesh: Mesh | None) -> Any:
    """Where each array of a state (or of its shapes) lies; without a mesh, the default
    device."""
    if mesh is None:
        one = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        return jax.tree.map(lambda _: one, state)
    return jax.tree.map(
        lambda spec: NamedSharding(mesh, spec),
        specs(state, dict(mesh.shape)),
        is_leaf=lambda x: isinstance(x, PartitionSpec),
    )


def make_split(make_state: Callable[[], Any], mesh: Mesh | None) -> Any:
    """``make_state()``, made where it lies: no device ever holds all of it."""
    if mesh is None:
        return make_state()
    where = shardings(jax.eval_shape(make_state), mesh)
    return jax.jit(make_state, out_shardings=where)()


def share_of_process(mesh: Mesh | None, batch_size: int) -> tuple[int, int]:
    """Which part of each batch this process reads: its index, and the number of parts.

    Processes that hold parts of the same layers read the same windows.
    """
    if mesh is None:
        return 0, 1
    sharding = NamedSharding(mesh, PartitionSpec(BATCH))
    ours = sharding.addressable_devices_indices_map((batch_size,)).values()
    spans = {rows.indices(batch_size)[:2] for (rows,) in ours}
    start, stop = min(spans)[0], max(spans)[1]
    size = stop - start
    if sum(b - a for a, b in spans) != size or start % size or batch_size % size:
        return 0, 1  # not in a row: everyone reads it all, and keeps its own
    return start // size, batch_size // size


def place(batch: Any, batch_size: int) -> Any:
    """A batch on its devices, of the part that this process has read."""
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        return batch
    sharding = NamedSharding(mesh, PartitionSpec(BATCH))
    return jax.tree.map(
        lambda x: jax.make_array_from_process_local_data(
            sharding, x, (batch_size, *x.shape[1:])
        ),
        batch,
    )


def place_whole(array: np.ndarray) -> Array | np.ndarray:
    """Windows that every process has read: split, or on each device if they do not
    divide."""
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        return array
    shards = mesh.shape["data"] * mesh.shape["fsdp"]
    spec = PartitionSpec(BATCH) if len(array) % shards == 0 else PartitionSpec()
    return jax.make_array_from_callback(
        array.shape, NamedSharding(mesh, spec), lambda index: array[index]
    )


def fetch(array: Array) -> np.ndarray:
    """All of an array, on every process."""
    if getattr(array, "is_fully_addressable", True) or array.is_fully_replicated:
        return np.asarray(array)
    return multihost_utils.process_allgather(array, tiled=True)


def put(params: Any, mesh: Mesh | None) -> Any:
    """Parameters that every process has whole, split by their rules."""
    if mesh is None:
        return params

    def one(leaf, where):
        whole = np.asarray(leaf)
        return jax.make_array_from_callback(
            whole.shape, where, lambda index: whole[index]
        )

    return jax.tree.map(one, params, shardings(params, mesh))
