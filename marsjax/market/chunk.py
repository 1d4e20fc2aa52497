"""One device call: a group of markets, some steps, the group's memory used again."""

from functools import lru_cache, partial

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.market.state import Market, Record, World
from marsjax.market.step import step
from marsjax.types import Array

AXIS = "markets"


def market_mesh(devices: int | Mesh | None) -> Mesh | None:
    """Devices to divide markets over, along the mesh's first axis; None: the default.

    Raises:
      InputError: more devices than there are.
    """
    if devices is None or isinstance(devices, Mesh):
        return devices
    found = jax.devices()
    if not 1 <= devices <= len(found):
        raise InputError(
            f"{devices} devices are asked for, and jax has {len(found)}",
            f"give 1 to {len(found)}; host CPU devices are set by the option "
            "jax_num_cpu_devices before jax computes anything",
        )
    return jax.make_mesh((devices,), (AXIS,), devices=found[:devices])


def num_shards(mesh: Mesh | None) -> int:
    """Parts that `run_chunk` divides markets into."""
    return 1 if mesh is None else mesh.shape[mesh.axis_names[0]]


def shared(tree, mesh: Mesh | None = None):
    """A pytree on every device of the mesh."""
    return tree if mesh is None else jax.device_put(tree, _whole(mesh))


def divided(tree_B, mesh: Mesh | None = None):
    """A pytree with leading axis B, divided over the devices of the mesh."""
    return tree_B if mesh is None else jax.device_put(tree_B, _parts(mesh))


def copies(market: Market, num_markets: int, mesh: Mesh | None = None) -> Market:
    """The same market so many times, each leaf with leading axis B, on its devices."""
    return _make_copies(num_markets, mesh)(market)


@lru_cache
def _make_copies(num_markets: int, mesh: Mesh | None):
    def copy(market):
        def one(x):
            return jnp.broadcast_to(x, (num_markets, *jnp.shape(x)))

        return jax.tree.map(one, market)

    return jax.jit(copy, out_shardings=None if mesh is None else _parts(mesh))


def _whole(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec())


def _parts(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names[0]))


_fold_in_B = jax.vmap(jax.random.fold_in, (0, None))


@partial(
    jax.jit,
    static_argnames=("model", "num_steps", "mesh"),
    donate_argnames=("markets_B",),
)
def run_chunk(
    model: OrderModel,
    world: World,
    markets_B: Market,
    keys_B: Array,
    first_step: Array,
    position: Array,
    *,
    num_steps: int,
    mesh: Mesh | None = None,
) -> tuple[Market, Record]:
    """``num_steps`` steps of a group of markets.

    Args:
      model, world: shared.
      markets_B: the group, every leaf with leading axis B (donated: its memory becomes
        the result's).
      keys_B: the markets' keys; step t of a market uses ``fold_in(key, t)``.
      first_step: int32, step number of the first step.
      position: int32, orders in the model's history before it.
      num_steps: static.
      mesh: static; devices to divide the markets over, B a multiple of their number.
        They exchange nothing: each runs the program that it would run alone with its
        part, so that a market is the same, float by float, on however many devices.

    Returns:
      the group, and records ``[num_steps, B]``.
    """

    def chunk(world, markets_B, keys_B, first_step, position):
        run_one = partial(step, model, world)
        # Position is shared, so that the cache is written in place.
        run_all, fold_in = jax.vmap(run_one, (0, None, 0)), _fold_in_B
        is_alone = keys_B.shape[0] == 1
        if is_alone:
            # For an axis of one XLA would copy the cache: go without.
            markets_B, keys_B = jax.tree.map(lambda x: x[0], (markets_B, keys_B))
            run_all, fold_in = run_one, jax.random.fold_in

        def body(markets_B, t):
            return run_all(markets_B, position + t, fold_in(keys_B, first_step + t))

        steps_T = jnp.arange(num_steps, dtype=jnp.int32)
        markets_B, records_TB = jax.lax.scan(body, markets_B, steps_T)
        if is_alone:
            markets_B = jax.tree.map(lambda x: x[None], markets_B)
            records_TB = jax.tree.map(lambda x: x[:, None], records_TB)
        return markets_B, records_TB

    if mesh is not None:
        same, each = _whole(mesh).spec, _parts(mesh).spec
        chunk = jax.shard_map(
            chunk,
            mesh=mesh,
            in_specs=(same, each, each, same, same),
            out_specs=(each, PartitionSpec(None, *each)),
            check_vma=False,
        )
    return chunk(world, markets_B, keys_B, first_step, position)
