"""``marsjax train --dry-run``: what a run will need, without making anything."""

import dataclasses
from pathlib import Path

from marsjax.commands.console import say, show
from marsjax.config import Config
from marsjax.data import iter_store
from marsjax.tokens.schema import EventSchema
from marsjax.train.estimate import estimate


def dry_run(
    config: Config, schema: EventSchema, data: Path | None, *, as_json: bool
) -> None:
    """Prints parameters, memory, FLOPs and time of a run.

    Args:
      config: of the run.
      schema: of the tokens it would learn.
      data: the store it would learn from; None: then without passes over it.
      as_json: JSON instead of a table.
    """
    model = dataclasses.replace(
        config.model,
        field_names=schema.field_names,
        field_sizes=schema.field_sizes,
        num_features=len(schema.features),
        feature_scale=schema.feature_scale,
    )
    rows = None if data is None else _training_rows(data)
    say("compiling the training step with one layer and with two")
    found = estimate(dataclasses.replace(config, model=model), rows)
    show(
        [{"of the run": name, "": text} for name, text in _lines(found)],
        title="Dry run: nothing was written",
        as_json=as_json,
        payload=found,
        notes=[
            f"time {found['how']}; peak: {found['peak']['source']}",
            "activations: of the step as compiled for "
            "this device, from those of one layer and two",
            *(["the passes count messages of the training parts"] if rows else []),
        ],
    )


def _training_rows(store: Path) -> int:
    """Messages of the training parts, about as many as orders."""
    spans = [entry["split"]["train"] for entry in iter_store(store).entries]
    return sum(stop - start for start, stop in spans)


def _lines(found: dict) -> list[tuple[str, str]]:
    memory = found["memory_bytes"]
    lines = [
        ("parameters", f"{found['parameters']:,}"),
        *((f"memory, {name}", size(n)) for name, n in memory.items() if n),
        ("devices", f"{found['devices']}"),
        ("FLOPs an order", f"{found['flops_per_order']:.3g}"),
        ("FLOPs a step", f"{found['flops_per_step']:.3g}"),
        ("peak", f"{found['peak']['flops']:.3g} FLOP/s"),
        ("utilisation (MFU)", f"{found['mfu']:.0%}"),
        ("orders a second", f"{found['orders_per_s']:,.0f}"),
        ("steps", f"{found['steps']:,}"),
        ("orders in all", f"{found['orders']:,}"),
    ]
    if found["epochs"]:
        lines.append(("passes over the data", f"{found['epochs']:.1f}"))
    return [*lines, ("time", duration(found["seconds"]))]


def size(num_bytes: float) -> str:
    """Bytes as people say them, in powers of ten."""
    for unit in ("B", "kB", "MB"):
        if num_bytes < 1000:
            return f"{num_bytes:.3g} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.3g} GB"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
