"""The experiment on inputs, as small as it gets."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from experiments import inputs
from experiments.inputs import (
    ALL,
    BY_LEVELS,
    GROUPS,
    VARIANTS,
    Args,
    compare,
    draw,
    rows,
)
from marsjax.data import write_tapes
from marsjax.errors import InputError
from marsjax.synth import synthetic_tape

CONFIG = """
from marsjax.config import Config, ModelConfig, TrainConfig
config = Config(
    ModelConfig(d_model=16, num_layers=1, num_heads=2, window=16),
    TrainConfig(batch_size=2, micro_batch=None, seq_len=16, eval_stride=64,
        learning_rate=0.05, warmup_steps=0),
)
"""


def arguments(tmp_path: Path, **options) -> Args:
    (tmp_path / "config.py").write_text(CONFIG)
    paths = {"data": tmp_path / "store", "out": tmp_path / "out"}
    options = {"steps": 2, "seeds": 1} | options
    return Args(**paths, config=tmp_path / "config.py", **options)


def check(args: Args, names: list[str], told: str):
    found = json.loads((args.out / "inputs.json").read_text())
    assert list(found) == names
    assert found[ALL]["difference"]["mean"] == [0, 0, 0]
    # Another seed or another input is another model.
    nats = [x for each in found.values() for x in each["nats"]]
    assert len(set(nats)) == len(nats) == args.seeds * len(names)
    assert all(name in told for name in names)
    assert (args.out / "inputs.png").stat().st_size > 5_000


def test_what_is_there_is_not_made_again(tmp_path, capsys, monkeypatch):
    """The runs made up, everything around them real."""
    made = []

    def made_up(config, variant, seed, args, path):
        made.append((variant.inputs, seed))
        rng = np.random.default_rng(len(made))
        np.savez(path, A=rng.normal(5, 1, 500), B=rng.normal(6, 1, 300))

    monkeypatch.setattr(inputs, "_run", made_up)
    args = arguments(tmp_path, variants=("without book",), seeds=2)
    inputs.main(args)
    check(args, [ALL, "without book"], capsys.readouterr().out)
    assert len(made) == 4 and {seed for _, seed in made} == {0, 1}
    inputs.main(dataclasses.replace(args, seeds=3))
    assert len(made) == 6
    with pytest.raises(InputError, match="runs of another config"):
        inputs.main(dataclasses.replace(args, steps=3))


@pytest.mark.slow
def test_real_runs(tmp_path, capsys):
    write_tapes(tmp_path / "store", [synthetic_tape(0, 600, symbol="ZI")])
    names = ["without book", BY_LEVELS]
    args = arguments(tmp_path, variants=tuple(names))
    inputs.main(args)
    check(args, [ALL, *names], capsys.readouterr().out)
    left = {path.name for path in args.out.iterdir() if path.suffix != ".npz"}
    files = {"runs.json", "inputs.json", "inputs.png"}
    assert left == files | {"dataset_ticks", "dataset_levels"}


def test_differences_of_known_losses():
    rng = np.random.default_rng(0)
    full = [{"a": rng.normal(5, 1, 4_000), "b": rng.normal(7, 1, 2_000)} for _ in "12"]
    more = zip(full, (0.1, 0.3), strict=True)
    worse = [{tape: x + c for tape, x in run.items()} for run, c in more]
    found = compare({ALL: full, "without book": worse})
    assert found[ALL]["nats"] == pytest.approx([6, 6], abs=0.05)
    mean, low, high = found["without book"]["difference"]["mean"]
    assert mean == pytest.approx(0.2) and low == pytest.approx(high)
    assert found["without book"]["difference_of_seeds"] == pytest.approx([0.1, 0.3])
    table = rows(found)
    assert [row["the model sees"] for row in table] == [ALL, "without book"]
    assert table[1]["seeds"] == "+0.100 to +0.300"
    assert len(draw(found).axes) == 1


def test_variants_leave_out_what_they_say(tmp_path):
    assert len(VARIANTS) == len(GROUPS) + 4
    for group in GROUPS:
        assert set(VARIANTS[f"without {group}"].inputs) ^ {*GROUPS} == {
            *("type", "price", "volume", "interval"),
            group,
        }
    assert VARIANTS[BY_LEVELS].inputs is None
    with pytest.raises(InputError, match="no variant 'bok'; known variants: everyth"):
        inputs.main(arguments(tmp_path, variants=("bok",)))
