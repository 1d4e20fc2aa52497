"""A run that is killed at any moment goes on as if it had not been."""

import json
import signal

import jax
import numpy as np
import pytest

from marsjax.train import load_checkpoint
from marsjax.train.checkpoint import find_checkpoint, load_state
from marsjax.train.folder import KINDS
from tests.train.worker import finish, job, start

KILLED = -signal.SIGKILL

KILLS = (
    ("step", 3),  # before there is a checkpoint
    ("step", 6),  # between two
    ("arrays", 4),  # while the arrays of the second latest one are written
    ("sums", 3),  # before the second best one has its JSON
    ("rename", 4),  # before the second latest one gets its name
    ("clean", 5),  # before an older one is removed
)


def lines(out):
    """Metrics but for what depends on the clock."""
    found = [json.loads(x) for x in (out / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in x.items() if k != "orders_per_s"} for x in found]


def state_of(out):
    latest = find_checkpoint(out, ("latest",))
    return latest.name, load_state(latest, load_checkpoint(latest).config)[0]


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit(config, dataset_dir, tmp_path):
    """Six kills, each in a process of its own; then all go on."""
    whole = {"config": config, "out": tmp_path / "whole"}
    outs = [tmp_path / f"{kind}{call}" for kind, call in KILLS]
    for out, kill in zip(outs, KILLS, strict=True):
        run = {"config": config, "out": out, "kill": kill}
        finish(start(job(dataset_dir, run)), KILLED)
    begun = [find_checkpoint(out, ("latest",)) for out in outs]
    steps = [0 if path is None else int(path.name) for path in begun]
    # What was still being written when a run was killed is not there.
    assert steps[0] == 0 and steps[1] in (0, 3) and set(steps[2:]) <= {3, 6}
    again = [
        {
            "config": config,
            "out": out,
            "resume": find_checkpoint(out, KINDS) is not None,
        }
        for out in outs
    ]
    finish(start(job(dataset_dir, whole, *again)))
    name, expected = state_of(tmp_path / "whole")
    for out in outs:
        assert lines(out) == lines(tmp_path / "whole"), out
        found_name, found = state_of(out)
        assert found_name == name == "00000006"
        for a, b in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
            np.testing.assert_array_equal(a, b)
        best, other = load_checkpoint(out), load_checkpoint(tmp_path / "whole")
        assert best.meta["step"] == other.meta["step"]
        jax.tree.map(np.testing.assert_array_equal, best.params, other.params)
        hidden = [p.name for p in out.rglob(".*")]
        assert not hidden, out
