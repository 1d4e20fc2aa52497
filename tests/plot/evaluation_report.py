"""A made-up evaluation report with every part, and missing numbers in it."""

import numpy as np

from marsjax.eval.facts_about import ABOUT
from marsjax.eval.families import MEAN
from marsjax.eval.memory import MEMORIES
from marsjax.eval.response import LAGS
from marsjax.eval.response_events import TYPES
from marsjax.eval.series import LOB_BENCH, UNCONDITIONAL
from marsjax.eval.transitions import EVENTS

SYSTEMS = {"model": 0.01, "replay": 0.0, "i.i.d. bootstrap": 0.2, "zero <intel>": 0.3}


def make_report(seed: int = 0) -> dict:
    """Scores, facts, series, responses and order of four systems and the reference."""
    rng = np.random.default_rng(seed)
    everyone = {"reference": 0.0, **SYSTEMS}
    return {
        "title": "Model & markets: an <evaluation>",
        "generated": {"store": "runs/markets", "windows": 64, "sha256": "ab" * 32},
        "reference": {"store": "runs/store", "windows": 64, "sha256": "cd" * 32},
        "settings": {"seed": 0, "length": 500, "draws": 200, "command": "marsjax <x>"},
        "windows": dict.fromkeys(everyone, 64),
        "comparisons": {n: _compared(e) for n, e in SYSTEMS.items() if e != 0.01},
        "systems": {n: _scores(rng, e) for n, e in SYSTEMS.items()},
        "facts": {n: _facts(rng, e) for n, e in everyone.items()},
        "responses": {n: _responses(rng, e) for n, e in everyone.items()},
        "order": _order(rng, everyone),
        "extras": {
            "discriminator": {
                "AUC, model": {"value": [0.61, 0.55, 0.66], "text": "0.5: no better"},
                "AUC, real against real": [0.5, 0.46, 0.55],
            },
            "memorisation": {"value": [4.0, 3.0, 5.0], "text": "longest match <b>"},
            "usefulness": {"value": None, "text": "not asked for"},
        },
        "series": _series(rng, everyone),
        "warnings": ["The reference is short: 64 windows of <one> day."],
        "versions": {"marsjax": "0.1", "jax": "0.10.1"},
    }


def _around(value: float, width: float) -> list:
    return [value, value - width, value + width]


def _scores(rng, excess: float) -> list:
    out = []
    for series in LOB_BENCH:
        for metric in ("L1", "W1", "KS"):
            floor = 0.05 * rng.random()
            over = excess * rng.random() + 0.01 * rng.normal()
            is_known = series.name != "volume per minute"
            excess_v = _around(over, 0.015) if is_known else [None, None, None]
            out.append(
                {
                    "name": series.name,
                    "family": "distributions",
                    "metric": metric,
                    "value": _around(floor + over, 0.02) if is_known else [None] * 3,
                    "floor": _around(floor, 0.01),
                    "excess": excess_v,
                    "p": 0.3 if over < 0.02 else 0.004,
                    "note": "" if is_known else "no minute in a window",
                }
            )
    for family, name, metric, value in (
        ("order", "event transitions", "L1", excess),
        ("responses", "response to MO0", "ticks", 10 * excess),
        ("responses", "response to MO0", "relative", 2 * excess),
        ("minutes", "minute returns", "overlap", -excess),
        ("distributions", MEAN + "distributions", "L1", excess),
        ("order", MEAN + "order", "L1", 2 * excess),
    ):
        out.append(
            {
                "name": name,
                "family": family,
                "metric": metric,
                "value": _around(0.1 + value, 0.01),
                "floor": _around(0.1, 0.01),
                "excess": _around(value, 0.012),
                "p": None,
                "note": "",
            }
        )
    return out


def _compared(excess: float) -> list:
    return [
        {
            "family": "distributions",
            "metric": "L1",
            "first": _around(0.02, 0.01),
            "second": _around(0.02 + excess, 0.01),
            "difference": _around(-excess, 0.01),
            "p": 0.005,
            "p_mean": 0.01,
            "p_holm": None,
            "note": "",
        }
    ]


def _facts(rng, excess: float) -> list:
    verdicts = ("holds", "does not hold", "cannot tell")
    out = []
    for about in ABOUT:
        x = np.arange(1, 11)
        y = np.exp(-x / 4) * (1 - excess) + 0.03 * rng.normal(size=10)
        is_known = about.number != 10
        out.append(
            {
                "name": about.name,
                "statistic": about.statistic,
                "value": _around(float(y[0]), 0.1) if is_known else [np.nan] * 3,
                "verdict": verdicts[int(rng.integers(3))] if is_known else verdicts[2],
                "note": "" if is_known else "no volume given",
                "x": x.tolist() if is_known else [],
                "y": y.tolist() if is_known else [],
                "low": (y - 0.1).tolist() if is_known else [],
                "high": (y + 0.1).tolist() if is_known else [],
                "x_label": about.lag_label,
                "y_label": about.value_label,
                "null": about.null,
            }
        )
    return out


def _responses(rng, excess: float) -> dict:
    lags = np.asarray(LAGS)
    rise = (1 - excess) * np.log1p(lags)[None, :] * rng.random((len(TYPES), 1))
    mean = rise.copy()
    mean[2, -3:] = np.nan
    return {
        "lags": lags.tolist(),
        "types": list(TYPES),
        "mean": mean.tolist(),
        "low": (rise - 0.1).tolist(),
        "high": (rise + 0.1).tolist(),
        "notes": ["3 events at <one-sided> books"],
    }


def _order(rng, everyone: dict) -> dict:
    matrices = {}
    for name in everyone:
        table = rng.dirichlet(np.full(len(EVENTS), 0.5), len(EVENTS))
        table[3] = np.nan
        matrices[name] = table.tolist()
    curves = {}
    for name, (_, max_lag, _) in MEMORIES.items():
        lags = np.arange(1, max_lag + 1)
        curves[name] = {"lags": lags.tolist()}
        for who, excess in everyone.items():
            mean = (1 - 3 * excess) * 0.5 / lags + 0.01 * rng.normal(size=max_lag)
            curves[name][who] = {
                "mean": mean.tolist(),
                "low": (mean - 0.02).tolist(),
                "high": (mean + 0.02).tolist(),
            }
    return {"events": list(EVENTS), "transitions": matrices, "autocorrelation": curves}


def _series(rng, everyone: dict) -> dict:
    out = {}
    for series in UNCONDITIONAL:
        edges = np.arange(20) - 0.5
        if series.unit == "shares":
            edges = np.linspace(0, 100, 51)
        out[series.name] = {"unit": series.unit, "bin_edges": edges.tolist()}
        for name, excess in everyone.items():
            scale = (edges[-1] - edges[0]) / 12 * (1 + 2 * excess)
            draws = rng.exponential(scale, 2000)
            counts, _ = np.histogram(draws + edges[0] + 0.3, edges)
            out[series.name][name] = counts.tolist()
    out["volume per minute"] = {"unit": "shares", "bin_edges": [0, 1], "reference": [0]}
    return out
