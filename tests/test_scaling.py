"""The scaling study: the fit finds a law it was given, and a tiny study runs."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments import scaling, scaling_law
from experiments.scaling_law import Result, fit_law, predict, slope
from marsjax.data import write_tapes
from marsjax.synth import synthetic_tape


def results(law: np.ndarray, noise: float = 0.0) -> list[Result]:
    rng, found = np.random.default_rng(0), []
    for n in (1e4, 4e4, 1e5, 4e5, 1e6, 3e6):
        for d in (5e4, 1e5, 4e5, 1e6):
            loss = float(predict(law, n, d) + noise * rng.normal())
            nats = [loss, loss - 0.01, loss + 0.01]
            found.append(
                Result(0, 0, int(n), int(n), d / 1e6, int(d), 0, nats, None, 0)
            )
    return found


def test_the_fit_finds_the_law():
    law = np.array([2.0, 0.2, 0.4, 0.3, 0.6])
    rows = results(law)
    n, d, loss = np.array([(r.parameters, r.orders, r.nats[0]) for r in rows]).T
    np.testing.assert_allclose(fit_law(n, d, loss), law, rtol=0.02)


def test_intervals_hold_the_law():
    law = np.array([2.0, 0.2, 0.4, 0.3, 0.6])
    found = scaling_law.summarise(results(law, noise=0.003), draws=50)
    for (_, low, high), true in zip(found["law"].values(), law, strict=True):
        assert low < true < high


def test_nats_a_decade():
    law = np.array([2.0, 0.2, 0.4, 0.0, 0.6])
    rows = [r for r in results(law) if r.parameters in (100_000, 1_000_000)]
    assert slope(rows) == pytest.approx(0.2 * (1 - 10**-0.4))


def test_mars_a_decade():
    """What the paper's figure says, beside which ours stands."""
    assert scaling_law.mars_slope() == pytest.approx(0.28, abs=0.02)


@pytest.mark.slow
def test_a_small_study(tmp_path: Path, capsys):
    store, out = tmp_path / "store", tmp_path / "out"
    write_tapes(store, [synthetic_tape(0, 6_000)])
    args = scaling.Args(data=store, out=out, shares=(0.5, 1.0), sizes=2)
    scaling.main(args)
    made = (out / "runs.jsonl").read_text().splitlines()
    assert len(made) == 4
    rows = [Result(**json.loads(line)) for line in made]
    assert {r.orders for r in rows} == {2_100, 4_200}
    assert all(3 < r.nats[0] < 11 for r in rows)
    assert (out / "scaling.png").stat().st_size > 10_000
    scaling.main(args)  # nothing is made again
    assert (out / "runs.jsonl").read_text().splitlines() == made
    assert "nats a decade" in capsys.readouterr().out
