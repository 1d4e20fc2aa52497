"""Nats an order of a model beside the baselines: scored, and shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from marsjax.commands.console import late_bar, show
from marsjax.commands.seen import check_part
from marsjax.data.leakage import spans_of
from marsjax.train import evaluate, load_checkpoint, read_dataset
from marsjax.train.baseline_boosted import can_boost
from marsjax.train.report import best_baseline, fit_kinds

Kind = Literal["counts", "logistic", "boosted"]
"""Of baselines, as options name them."""

MOST_TAPES = 4
"""Most tapes with a column of their own in a table."""


def score(run: Path, part: str, kinds: Sequence[str] | None = None) -> dict:
    """The best checkpoint of a run on a part of its dataset, beside the baselines.

    ``kinds`` as :func:`marsjax.train.report.fit_kinds` takes them.
    """
    checkpoint, dataset = load_checkpoint(run), read_dataset(run / "dataset")
    check_part(spans_of(checkpoint.meta.get("data") or []), dataset, part)
    with late_bar() as report:
        return evaluate(
            checkpoint,
            dataset,
            part,
            baselines=fit_kinds(
                dataset,
                kinds,
                progress_fn=lambda n, total: report("baselines", n, total),
            ),
            progress_fn=lambda n, total: report(f"scoring {part}", n, total),
        )


def nats_rows(report: dict) -> list[dict]:
    """A row for the model, each baseline and the gain on the best, a column a tape."""
    tapes = [*list(report["orders"])[:MOST_TAPES], "mean"]
    orders = report["orders"] | {"mean": sum(report["orders"].values())}
    rows = [{"": "orders", **{tape: f"{orders[tape]:,}" for tape in tapes}}]
    for name, found in report["nats"].items():
        rows.append({"": name, **{tape: _interval(found[tape]) for tape in tapes}})
    best = best_baseline(report)
    if best is not None:
        gain = report["gain"][best]
        cells = {tape: _interval(gain[tape]) for tape in tapes}
        rows.append({"": f"gain on {best}", **cells})
    return rows


def nats_notes(report: dict) -> list[str]:
    """What the figures of :func:`nats_rows` are."""
    notes = ["mean: over tapes; intervals: bootstrap over blocks of time"]
    more = len(report["orders"]) - MOST_TAPES
    if more > 0:
        notes.append(f"{more} more tapes: see them all with --json")
    if len(report["nats"]) > 1 and not can_boost():
        notes.append('boosted trees stand beside it with pip install -e ".[boosted]"')
    return notes


def show_report(report: dict, summary: dict, *, as_json: bool) -> None:
    """Nats an order by tape: model, baselines, and what the model gains."""
    show(
        nats_rows(report),
        title=f"Nats an order on the {report['part']} part [95 % interval]",
        as_json=as_json,
        payload={"summary": summary, "evaluation": report},
        notes=[*nats_notes(report), *_notes(summary)],
    )


def show_summary(summary: dict, lacking: str, *, as_json: bool) -> None:
    """What training itself found, of a store that leaves no more to score."""
    baselines = {name: f"{x:.3f}" for name, x in summary["baselines"].items()}
    valid = summary["valid_nats"]
    row = {"model": None if valid is None else f"{valid:.3f}", **baselines}
    show(
        [row],
        title="Nats an order on the valid part, which chose the checkpoint",
        as_json=as_json,
        payload={"summary": summary, "evaluation": None},
        notes=[f"not scored: the store has no {lacking}", *_notes(summary)],
    )


def _interval(values: list[float]) -> str:
    mean, low, high = values
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def _notes(summary: dict) -> list[str]:
    speed = f"{summary['orders_per_s']:,.0f} orders/s"
    if summary["mfu"] is not None:
        peak = summary["peak"]
        speed += f", MFU {summary['mfu']:.0%} of {peak['flops']:.3g} FLOP/s"
        speed += f" ({peak['source']})"
    return [
        f"{summary['parameters']:,} parameters, {summary['step']:,} steps, {speed}",
        f"checkpoint: {summary['checkpoint']}",
    ]
