"""Runs in a process of their own: on several devices, as one of several hosts, or to be
killed. The argument is JSON; see :func:`job`."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jax

from marsjax.config import Config, HostsConfig, from_json, to_json
from marsjax.train import read_dataset, save, train
from marsjax.train.hosts import connected
from marsjax.train.mesh import make_mesh, make_split, place, using
from marsjax.train.sampler import Sampler, make_sampler
from marsjax.train.step import init_state, make_train_step

ROOT = Path(__file__).parents[2]
SAYS = "result: "
FAST = "--xla_backend_optimization_level=0"


def die(*_, **__):
    """As if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_before(owner, name: str, call: int) -> None:
    """Kills this process when ``owner.name`` is called for the ``call``-th time."""
    function, count = getattr(owner, name), iter(range(1, 10**6))

    def counted(*args, **kwargs):
        return die() if next(count) == call else function(*args, **kwargs)

    setattr(owner, name, counted)


KILLS = {
    "step": lambda n: die_before(Sampler, "__call__", n),
    "arrays": lambda n: die_before(save.Saver, "_finish", n),
    "sums": lambda n: die_before(save, "file_sums", n),
    "rename": lambda n: die_before(Path, "rename", n),
    "clean": lambda n: die_before(save.shutil, "rmtree", n),
}


def job(dataset: Path, *runs: dict, hosts: dict | None = None) -> str:
    """What to do: runs one after the other, each a ``config``, ``out`` and perhaps
    ``resume``, ``stop_at`` and ``kill`` (of `KILLS`, and at which call); or a
    ``config`` and ``steps``, of which the losses are told and nothing is written."""
    runs = [{**run, "config": to_json(run["config"])} for run in runs]
    return json.dumps(
        {"dataset": str(dataset), "runs": runs, "hosts": hosts or {}}, default=str
    )


def start(text: str, devices: int = 1) -> subprocess.Popen:
    """A process that does the job ``text`` on so many devices of the CPU."""
    # Compiled quickly, and the same in each of them.
    flags = f"--xla_force_host_platform_device_count={devices} {FAST}"
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.train.worker", text],
        cwd=ROOT,
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen, code: int = 0) -> list:
    """What it says of its runs, once it has ended with ``code``."""
    out, err = process.communicate(timeout=900)
    assert process.returncode == code, err[-3000:]
    lines = [line.partition(SAYS) for line in out.splitlines()]
    return [json.loads(said) for before, mark, said in lines if mark and not before]


def losses(config: Config, dataset: str, steps: int) -> list[float]:
    """Of the first steps, without what a run does beside them."""
    found, mesh = [], make_mesh(config)
    sampler = make_sampler(
        read_dataset(dataset),
        length=config.train.seq_len,
        batch_size=config.train.batch_size,
        seed=config.train.seed,
        mirror=config.train.mirror,
    )
    with using(mesh):
        state = make_split(lambda: init_state(config), mesh)
        for step in range(steps):
            batch = place(sampler(step), config.train.batch_size)
            state, metrics = make_train_step(config)(state, batch)
            found.append(float(metrics["loss"]))
    return found


def say(result) -> None:
    """Apart from what the libraries print."""
    print(SAYS + json.dumps(result), flush=True)


def main() -> None:
    jax.config.update("jax_numpy_rank_promotion", "raise")
    given = json.loads(sys.argv[1])
    with connected(HostsConfig(**given["hosts"])):
        for run in given["runs"]:
            config = from_json(run.pop("config"), Config)
            if "steps" in run:
                say(losses(config, given["dataset"], run["steps"]))
                continue
            kind, call = run.pop("kill", (None, 0))
            if kind is not None:
                KILLS[kind](call)
            say(train(config, given["dataset"], run.pop("out"), **run))


if __name__ == "__main__":
    main()
