"""``marsjax bench train``: what it prints, with a model that costs next to nothing."""

import json

import pytest

from marsjax.cli import main
from marsjax.commands import bench_train
from marsjax.config import ModelConfig
from marsjax.errors import InputError

TINY = ModelConfig(d_model=16, num_layers=1, num_heads=2, window=8)


def test_the_figures_belong_together(monkeypatch, capsys):
    monkeypatch.setattr(bench_train, "SIZES", {"tiny": TINY})
    options = "--model tiny --length 8 --batch-size 2 --runs 2 --json"
    main(["bench", "train", *options.split()])
    (found,) = json.loads(capsys.readouterr().out)
    assert found["parameters"] > 1_000 and found["micro_batch"] == 1
    assert len(found["mfu_runs"]) == len(found["step_s"]) == 2
    assert min(found["mfu_runs"]) <= found["mfu"] <= max(found["mfu_runs"])
    assert 0 < found["mfu"] < 1
    orders = 16 / found["orders_per_s"]
    assert min(found["step_s"]) <= orders <= max(found["step_s"])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"model": ("3M",)}, "no size 3M"), ({"runs": 0}, "--runs is 0")],
)
def test_what_cannot_be_is_said(options, message):
    with pytest.raises(InputError, match=message):
        bench_train.BenchTrain(**options).run()
