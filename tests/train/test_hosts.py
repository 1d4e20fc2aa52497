"""Several processes train as one, and nothing listens unless asked."""

import json
import socket

import numpy as np
import pytest

from marsjax.config import HostsConfig
from marsjax.errors import InputError
from marsjax.train import load_checkpoint
from marsjax.train.hosts import connected, is_first, meet, quiet_unless_first
from tests.train.test_mesh import curve, lines_of, on
from tests.train.worker import finish, job, start


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num": 0}, "hosts.num is 0"),
        ({"num": 2, "index": 2, "coordinator": "a:1"}, "no host 2 of 2"),
        ({"num": 2}, "2 hosts have no coordinator"),
        ({"num": 2, "coordinator": "localhost"}, "'localhost' has no port"),
        ({"coordinator": "localhost:1234"}, "a coordinator of one host"),
    ],
)
def test_hosts_that_cannot_be_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        HostsConfig(**options)


def test_one_process_is_the_first_waits_for_nobody_and_listens_nowhere(
    monkeypatch, capsys
):
    monkeypatch.setattr("jax.distributed.initialize", None)  # not to be called
    with connected(HostsConfig()), quiet_unless_first():
        assert is_first()
        meet("nobody")
        print("heard")
    assert capsys.readouterr().out == "heard\n"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def together(dataset_dir, *runs, devices=1):
    """Two processes that do the same runs, and what the first says."""
    hosts = {"num": 2, "coordinator": f"127.0.0.1:{free_port()}", "timeout_s": 600}
    jobs = [job(dataset_dir, *runs, hosts=hosts | {"index": i}) for i in range(2)]
    processes = [start(each, devices) for each in jobs]
    said = [finish(process) for process in processes]
    assert len(said[1]) == len(runs)
    return said[0]


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(2, 1, 1), (1, 2, 1), (1, 1, 2)])
def test_two_processes_train_as_one(config, dataset_dir, tmp_path, sizes):
    names = ("alone", "both", "halves")
    alone, both, halves = (tmp_path / name for name in names)
    finish(start(job(dataset_dir, {"config": config, "out": alone})))
    split = on(config, *sizes)
    (summary, *_) = together(
        dataset_dir,
        {"config": split, "out": both},
        {"config": split, "out": halves, "stop_at": 3},
    )
    assert len(curve(both)) == 8  # each line once
    np.testing.assert_allclose(curve(both), curve(alone), atol=2e-4)
    valid = [x["valid_nats"] for x in lines_of(both) if "valid_nats" in x]
    assert summary["valid_nats"] == min(valid)
    saved = load_checkpoint(both)
    assert saved.meta["devices"]["processes"] == 2
    assert json.loads((both / "config.json").read_text())["mesh"]["data"] == sizes[0]

    # One process goes on where two were stopped.
    finish(start(job(dataset_dir, {"config": config, "out": halves, "resume": True})))
    np.testing.assert_allclose(curve(halves), curve(alone), atol=2e-4)


def test_a_coordinator_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr("jax.distributed.initialize", None)  # not to be called
    nowhere = HostsConfig(f"127.0.0.1:{free_port()}", num=2, index=1, timeout_s=1)
    told = pytest.raises(InputError, match="the 2 hosts cannot meet at")
    with told, connected(nowhere):
        pass
