"""The law of `experiments.scaling`: fit, intervals and figure.

    python -m experiments.scaling_law --runs runs/scaling-sse

Fits ``L = E + A N**-a + B D**-b`` (Hoffmann et al. 2022, arXiv 2203.15556, equation 2)
by least squares on the nats, or on the nats above the truth where it is known (``E`` is
then what no amount of data or parameters brings); intervals are of 500 bootstrap draws
of the runs. Beside it stand the nats a decade of parameters at the largest amount of
data and those of MarS (arXiv 2409.07486, figure of the order model's scaling: 2M 7.743
to 1.02B 6.994).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from matplotlib import colormaps
from matplotlib.ticker import NullFormatter, ScalarFormatter
from scipy.optimize import least_squares

from marsjax.commands.console import show
from marsjax.errors import InputError, exit_on_input_error
from marsjax.plot.style import FAINT, INK, new_axes, new_figure, save, set_labels

MARS = {
    2e6: 7.743,
    5e6: 7.619,
    10e6: 7.537,
    19e6: 7.473,
    44e6: 7.317,
    107e6: 7.195,
    221e6: 7.109,
    1.02e9: 6.994,
}
"""Validation loss by parameters, read off the paper's figure."""

DRAWS = 500


@dataclass(frozen=True)
class Result:
    """One run. ``nats`` and ``gap`` (to the true nats) are [mean, low, high]."""

    width: int
    layers: int
    parameters: int
    non_embedding: int
    share: float
    orders: int
    seen: int
    nats: list[float]
    gap: list[float] | None
    seconds: float


@dataclass(frozen=True)
class Args:
    """Fit and draw again what the runs of a folder say."""

    runs: Path
    """folder of `experiments.scaling`"""


def fit_law(
    n: np.ndarray, d: np.ndarray, loss: np.ndarray, near: np.ndarray | None = None
) -> np.ndarray:
    """``E, A, a, B, b`` of ``E + A (N / 1e5)**-a + B (D / 1e5)**-b``.

    ``near``: where the search begins, such as the fit of the whole.
    """

    def residual(x):
        floor, log_a, alpha, log_b, beta = x
        return (
            floor
            + np.exp(log_a) * (n / 1e5) ** -alpha
            + np.exp(log_b) * (d / 1e5) ** -beta
            - loss
        )

    if near is None:
        near = np.array([loss.min() - 0.1, 0.1, 0.3, 0.1, 0.3])
    lowest, highest = np.array([(0, -9, 0.01, -9, 0.01), (loss.min(), 3, 3, 3, 3)])
    first = near.copy()
    first[[1, 3]] = np.log(near[[1, 3]])
    first = np.clip(first, lowest + 1e-6, highest - 1e-6)
    bounds = (lowest, highest)
    x = least_squares(residual, first, bounds=bounds, loss="soft_l1", f_scale=0.02).x
    return np.array([x[0], np.exp(x[1]), x[2], np.exp(x[3]), x[4]])


def slope(results: list[Result]) -> float:
    """Nats a decade of parameters, over the runs on the most data."""
    most = max(r.orders for r in results)
    rows = [(r.parameters, (r.gap or r.nats)[0]) for r in results if r.orders == most]
    n, loss = np.array(rows).T
    return float(-np.polyfit(np.log10(n), loss, 1)[0]) if len(n) > 1 else float("nan")


def mars_slope() -> float:
    """Nats a decade of parameters of the published curve."""
    n, loss = np.array(list(MARS.items())).T
    return float(-np.polyfit(np.log10(n), loss, 1)[0])


def summarise(results: list[Result], seed: int = 0, draws: int = DRAWS) -> dict:
    """The law with 95 % intervals; JSON-ready."""
    n = np.array([r.parameters for r in results], float)
    d = np.array([r.orders for r in results], float)
    loss = np.array([(r.gap or r.nats)[0] for r in results])
    rng, laws, slopes = np.random.default_rng(seed), [], []
    point = fit_law(n, d, loss)
    for _ in range(draws):
        pick = rng.integers(len(results), size=len(results))
        laws.append(fit_law(n[pick], d[pick], loss[pick], near=point))
        most = [results[i] for i in pick if d[i] == d.max()]
        if len({r.parameters for r in most}) > 2:
            slopes.append(slope(most))
    low, high = np.quantile(laws, [0.025, 0.975], axis=0)
    names = ("floor", "A", "alpha", "B", "beta")
    bounds = np.quantile(slopes, [0.025, 0.975]) if slopes else (np.nan, np.nan)
    return {
        "law": {
            name: [float(x), float(y), float(z)]
            for name, x, y, z in zip(names, point, low, high, strict=True)
        },
        "nats_a_decade": [slope(results), *map(float, bounds)],
        "mars_nats_a_decade": mars_slope(),
        "residual_sd": float(np.std(predict(point, n, d) - loss)),
        "runs": len(results),
    }


def predict(law: np.ndarray, n, d) -> np.ndarray:
    """Nats that a law gives at N parameters and D orders."""
    floor, a, alpha, b, beta = law
    return floor + a * (n / 1e5) ** -alpha + b * (d / 1e5) ** -beta


def write_law(results: list[Result], out: Path) -> None:
    """scaling.json, scaling.png and a table."""
    found = summarise(results)
    (out / "scaling.json").write_text(
        json.dumps({**found, "results": [vars(r) for r in results]}, indent=1) + "\n"
    )
    save(draw(results, found), out / "scaling.png")
    amounts = sorted({r.orders for r in results})
    rows = []
    for parameters in sorted({r.parameters for r in results}):
        row = {"parameters": f"{parameters:,}"}
        for r in results:
            if r.parameters == parameters:
                mean, low, high = r.nats if r.gap is None else r.gap
                row[f"{r.orders:,} orders"] = f"{mean:.3f} [{low:.3f}, {high:.3f}]"
        order = ("parameters", *(f"{x:,} orders" for x in amounts))
        rows.append({k: row.get(k) for k in order})
    what = "Nats an order" if results[0].gap is None else "Nats above the truth"
    law = found["law"]
    show(
        rows,
        title=f"{what} on the test part [95 % interval]",
        as_json=False,
        notes=[
            "law: "
            + ", ".join(
                f"{k} {v[0]:.3f} [{v[1]:.3f}, {v[2]:.3f}]" for k, v in law.items()
            )
            + " (N and D in 100,000s)",
            "nats a decade of parameters: {:.3f} [{:.3f}, {:.3f}]; MarS {:.3f}".format(
                *found["nats_a_decade"], found["mars_nats_a_decade"]
            ),
        ],
    )


def draw(results: list[Result], found: dict):
    """Loss against parameters, a line an amount of data, and against data."""
    figure = new_figure(10.5, 5.0)
    has_gap = results[0].gap is not None
    law = np.array([v[0] for v in found["law"].values()])
    views = (
        ("parameters", "orders", "orders", "Parameters"),
        ("orders", "parameters", "parameters", "Orders of the training part"),
    )
    for place, (x_name, line_name, unit, label) in enumerate(views):
        axes = new_axes(figure, 1, 2, place + 1, grid="both")
        lines = sorted({getattr(r, line_name) for r in results})
        for i, value in enumerate(lines):
            rows = sorted(
                (r for r in results if getattr(r, line_name) == value),
                key=lambda r: getattr(r, x_name),
            )
            x = np.array([getattr(r, x_name) for r in rows], float)
            mean, low, high = np.array([r.gap or r.nats for r in rows]).T
            colour = _shade(i, len(lines))
            axes.errorbar(
                x,
                mean,
                (mean - low, high - mean),
                fmt="o",
                ms=4,
                lw=1,
                color=colour,
                label=f"{_short(value)} {unit}",
            )
            fine = np.geomspace(x[0], x[-1], 50)
            pair = (fine, value) if x_name == "parameters" else (value, fine)
            axes.plot(fine, predict(law, *pair), lw=1, color=colour)
        if x_name == "parameters" and not has_gap:
            _mars_line(axes, x, float(np.mean(mean)))
        axes.set_xscale("log")
        ticks = sorted({getattr(r, x_name) for r in results})
        axes.set_xticks(ticks, [_short(tick) for tick in ticks])
        axes.xaxis.set_minor_formatter(NullFormatter())
        if has_gap:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(ScalarFormatter())
            axes.yaxis.set_minor_formatter(ScalarFormatter())
        name = "Nats above the truth" if has_gap else "Nats an order"
        set_labels(axes, label, f"{name}, test part")
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.16),
            ncols=3,
            fontsize=8,
            frameon=False,
            labelcolor=INK,
        )
    return figure


def _mars_line(axes, x: np.ndarray, level: float) -> None:
    """The slope of the published curve, for comparison of slopes only."""
    fall = mars_slope() * np.log10(x[-1] / x[0])
    ends = [level + fall / 2, level - fall / 2]
    label = f"slope of MarS ({mars_slope():.2f} a decade)"
    axes.plot(x[[0, -1]], ends, "--", lw=1, color=FAINT, label=label)


def _short(value: float) -> str:
    """12,345 as 12k, 1,234,567 as 1.2M."""
    return f"{value / 1e6:.2g}M" if value >= 1e6 else f"{value / 1e3:.0f}k"


def _shade(i: int, count: int):
    """Light to dark blue."""
    return colormaps["viridis"](0.9 - 0.8 * i / max(1, count - 1))


def main(args: Args) -> None:
    """Read the runs, fit, draw."""
    path = args.runs / "runs.jsonl"
    if not path.is_file():
        raise InputError("is missing", "run experiments.scaling first", file=path)
    lines = path.read_text().splitlines()
    write_law([Result(**json.loads(line)) for line in lines], args.runs)


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args))
