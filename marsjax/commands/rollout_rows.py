"""From timed market loops to the rows of ``marsjax bench rollout``."""

import statistics
from collections.abc import Sequence

import jax

from marsjax.commands.rollout_speed import Loop, Timed
from marsjax.config import ModelConfig
from marsjax.lmm import OrderModel
from marsjax.types import explain


def speeds(
    loops: Sequence[Loop],
    slow_loops: Sequence[Loop],
    full: Sequence[Sequence[Timed]],
    quarter: Sequence[Sequence[Timed]],
    slow: Sequence[Sequence[Timed]],
) -> list[dict]:
    """A row for each loop; the last three are timed calls by run and loop.

    A ratio is the median over runs of what one run measured beside each other, against
    the fastest of the loops that recompute.
    """
    slow_rates = [[_per_s(timed) for timed in run] for run in slow]
    rows = []
    for i, loop in enumerate(loops):
        rates = [_per_s(run[i]) for run in full]
        row = {
            "markets": loop.num_markets,
            "group_size": loop.group_size,
            "orders_per_s": statistics.median(rates),
            "min_orders_per_s": min(rates),
            "max_orders_per_s": max(rates),
            "us_per_order": 1e6 / statistics.median(rates),
            "step_s": loop.num_markets / statistics.median(rates),
            "cache_full": True,
            "us_per_order_quarter_full": 1e6
            / statistics.median(_per_s(run[i]) for run in quarter),
            "ratio_to_recompute": None,
            "recompute_orders_per_s": None,
            "recompute_markets": None,
            "compile_s": loop.compile_s,
            "steps": full[0][i].num_orders // loop.num_markets,
            "runs": len(full),
            "status": explain(full[0][i].status),
        }
        if slow_loops:
            ratios = [
                rate / max(others)
                for rate, others in zip(rates, slow_rates, strict=True)
            ]
            medians = [
                statistics.median(run[j] for run in slow_rates)
                for j in range(len(slow_loops))
            ]
            fastest = max(range(len(medians)), key=medians.__getitem__)
            row |= {
                "ratio_to_recompute": statistics.median(ratios),
                "recompute_orders_per_s": medians[fastest],
                "recompute_markets": slow_loops[fastest].num_markets,
            }
        rows.append(row)
    return rows


def _per_s(timed: Timed) -> float:
    return timed.num_orders / timed.seconds


def floor(
    config: ModelConfig,
    weight_bytes: int,
    num_markets: int,
    devices: int,
    bandwidth: tuple[float, str] | None,
) -> dict:
    """What a step of all markets must read at least, and how long that takes.

    Args:
      config: of the model.
      weight_bytes: of its parameters.
      num_markets: B.
      devices: that share them.
      bandwidth: bytes a second of one device (of all host devices together), and where
        the figure is from; None: unknown.
    """
    cache = jax.eval_shape(OrderModel(config).init_cache)
    rings = jax.tree.leaves((cache.k, cache.v))
    cache_bytes = num_markets * sum(x.size * x.dtype.itemsize for x in rings)
    read = weight_bytes * devices + cache_bytes
    row = {
        "weight_bytes_per_step": weight_bytes * devices,
        "cache_bytes_per_step": cache_bytes,
        "bytes_per_step": read,
        "bytes_per_s": None,
        "bytes_per_s_source": None,
        "floor_s": None,
        "floor_formula": "(weights on each device + keys and values of all markets) "
        "/ memory bandwidth of all devices",
    }
    if bandwidth is not None:
        machines = 1 if jax.default_backend() == "cpu" else devices
        row |= {
            "bytes_per_s": bandwidth[0] * machines,
            "bytes_per_s_source": bandwidth[1],
            "floor_s": read / (bandwidth[0] * machines),
        }
    return row


def shown(row: dict) -> dict:
    """A row of the table."""
    ratio, floor_s = row["ratio_to_recompute"], row["floor_s"]
    return {
        "markets": row["markets"],
        "orders/s": round(row["orders_per_s"]),
        "us/order": f"{row['us_per_order']:.1f}",
        "a quarter full": f"{row['us_per_order_quarter_full']:.1f}",
        "recomputed/s": "-"
        if ratio is None
        else f"{row['recompute_orders_per_s']:.2f}",
        "ratio": "-" if ratio is None else f"{ratio:,.0f}",
        "compile s": f"{row['compile_s']:.1f}",
        "MB/step": f"{row['bytes_per_step'] / 1e6:,.1f}",
        "ms/step": f"{1e3 * row['step_s']:.2f}",
        "floor ms": "-" if floor_s is None else f"{1e3 * floor_s:.2f}",
    }


def notes(rows: list[dict]) -> list[str]:
    """What the table's figures mean, and how sure they are."""
    first = rows[0]
    spread = [
        (row["max_orders_per_s"] - row["min_orders_per_s"]) / row["orders_per_s"]
        for row in rows
    ]
    most = max(row["devices"] for row in rows)
    devices = f"{most} device" + "s" * (most > 1)
    lines = [
        f"{first['device']}, {first['num_cores']} cores, {devices}, "
        f"jax {first['jax']}; {first['parameters']:,} parameters, {first['layers']} "
        f"layers of width {first['d_model']}, {first['heads']} heads, "
        f"{first['kv_heads']} of keys and values, {first['dtype']}",
        f"median of {first['runs']} runs, which differ by up to {max(spread):.0%}; the "
        "window is full, but in the column that says otherwise",
    ]
    if first["floor_s"] is not None:
        lines.append(
            f"floor: weights and cache read once a step at "
            f"{first['bytes_per_s'] / 1e9:,.1f} GB/s ({first['bytes_per_s_source']}); "
            "what stays in a processor's cache may be faster"
        )
    status = sorted({text for row in rows for text in row["status"]})
    return lines + [f"in the runs: {text}" for text in status]
