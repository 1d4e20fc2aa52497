"""``marsjax demo``: a model of the package sends the orders of many markets."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import numpy as np

from marsjax.commands.console import say, show
from marsjax.commands.first_look import show_first_look
from marsjax.commands.outcome import (
    PICTURES,
    draw,
    is_demo,
    run_markets,
    what_ran,
    whole_folder,
    write_summary,
)
from marsjax.data import write_tapes
from marsjax.market import Rollout, Start, rollout, to_tapes
from marsjax.market.invented import Invented, read_opening, start_from_opening
from marsjax.market.rollout import GROUP_SIZE
from marsjax.market.summary import MEASURES, simulated_orders
from marsjax.market.truth import true_rollout
from marsjax.synth import find_market
from marsjax.train.load import load
from marsjax.train.shipped import find_model, read_card

DEFAULT = "sse"
CHUNK = 250
"""Orders of a device call, and of the first look."""
TRUE_SEED = 1
"""Folded into the seed of the true markets: their draws are no model's."""


def run_shipped(
    out: Path, name: str, *, markets: int, orders: int, seed: int, as_json: bool
) -> None:
    """Load a model, invent an opening, run markets, show them.

    Raises:
      InputError: no model of that name, or the folder is not a demo's.
    """
    began = time.perf_counter()
    card = read_card(name)
    with whole_folder(out, may_replace=is_demo) as work:
        trained, invented = load(name), read_opening(find_model(name))
        say(f"{name}, a model of {card['data']['short']}; an opening is drawn from")
        say(invented.about)
        start = start_from_opening(trained, invented, seed)
        with ThreadPoolExecutor(1) as pool:
            # Compiled beside the model's markets.
            truth = pool.submit(_truth, invented, start, seed, markets, orders)
            chunk = {"chunk_size": min(CHUNK, orders)}
            first = rollout(
                start,
                jax.random.key(seed),
                num_markets=min(markets, GROUP_SIZE),
                num_orders=chunk["chunk_size"],
                **chunk,
            )
            show_first_look(first, start, as_json=as_json)
            first_seconds = round(time.perf_counter() - began, 1)
            say(f"after {first_seconds:.0f} s; now {markets} markets in full")
            result, how = run_markets(start, seed, markets, orders, **chunk)
            true = truth.result()
        tapes = to_tapes(result, start)
        write_tapes(work / "simulated", tapes)
        drawn = draw(work, result, start, tapes, true=true)
        beside, rows = comparison(result, true, start, invented)
        summary = {
            "model": name,
            **what_ran(result, start),
            **how,
            "beside": beside,
            "comparison": rows,
            "first_look_seconds": first_seconds,
        }
        write_summary(work, summary)
        summary["total_seconds"] = round(time.perf_counter() - began, 1)
        (work / "demo.json").write_text(json.dumps(summary, indent=1) + "\n")
    _show(summary, out, [path.name for path in drawn], as_json=as_json)


def _truth(
    invented: Invented, start: Start, seed: int, markets: int, orders: int
) -> Rollout | None:
    if not invented.is_truth:
        return None
    key = jax.random.fold_in(jax.random.key(seed), TRUE_SEED)
    market = find_market(invented.market)
    return true_rollout(market, invented.params, start, key, markets, orders)


def comparison(
    result: Rollout, true: Rollout | None, start: Start, invented: Invented
) -> tuple[str, list[dict[str, Any]]]:
    """What the markets stand beside, and a row a measure: mean, 5 % and 95 %.

    Percentiles are over markets, or over windows of real orders.
    """
    ours = _intervals(result, start)
    if true is not None:
        theirs, name = _intervals(true, start), "true market"
        beside = "the true market, going on from the same book as often"
    elif invented.measured is not None:
        theirs, name = invented.measured["rows"], "real"
        beside = (
            f"{invented.measured['what']}, windows of {invented.measured['window']:,} "
            "orders: another opening, so that the two need not agree"
        )
    else:
        theirs, name, beside = {}, "", "nothing: from this opening nothing is known"
    rows = []
    for measure in MEASURES:
        row = {"measure": measure}
        if name:
            row |= _cells(name, theirs.get(measure))
        rows.append(row | _cells("simulated", ours[measure]))
    return beside, rows


def _cells(name: str, values) -> dict[str, float | None]:
    mean, low, high = (None, None, None) if values is None else values
    return {name: mean, f"{name} 5 %": low, f"{name} 95 %": high}


def _intervals(result: Rollout, start: Start) -> dict[str, list[float] | None]:
    markets = simulated_orders(result, start)
    rows = {}
    for name, measure_fn in MEASURES.items():
        values = np.array([measure_fn(orders) for orders in markets])
        values = values[~np.isnan(values)]
        low, high = np.quantile(values, [0.05, 0.95]) if len(values) else (None, None)
        rows[name] = (
            [float(values.mean()), float(low), float(high)] if len(values) else None
        )
    return rows


def _show(summary: dict, out: Path, pictures: list[str], *, as_json: bool) -> None:
    notes = [
        f"{summary['orders_sent']:,} orders in {summary['markets']} markets, "
        f"{summary['seconds']:.1f} s, {summary['orders_per_s']:,.0f} orders/s once "
        f"compiled on {summary['device']}; {summary['crossed_states']} crossed states",
        f"beside: {summary['beside']}",
        *summary["status"],
        f"written to {out}: {', '.join(pictures)}, simulated/",
    ]
    show(
        [_short(row) for row in summary["comparison"]],
        title=f"Simulated markets of {summary['model']}: mean, 5 % and 95 % of markets",
        as_json=as_json,
        payload=summary,
        notes=notes,
    )
    missing = [name for name in PICTURES if f"{name}.png" not in pictures]
    if missing:
        say(f"not drawn, for nothing stands beside it: {', '.join(missing)}")
    say(f"done in {summary['total_seconds']:.0f} s; marsjax models tells of the others")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Mean and interval as one text each."""
    cells, short = list(row.items())[1:], {"measure": row["measure"]}
    for (name, mean), (_, low), (_, high) in zip(*[iter(cells)] * 3, strict=True):
        short[name] = "-" if mean is None else f"{mean:.3f} ({low:.3f} to {high:.3f})"
    return short
