"""``marsjax bench train``: orders a second, and the share of the peak."""

import dataclasses
import statistics
import time
from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np

from marsjax.commands.console import check_seed, progress_bar, say, show
from marsjax.commands.machine import device_name
from marsjax.config import Config, ModelConfig, TrainConfig
from marsjax.errors import InputError
from marsjax.lmm import num_params
from marsjax.lmm.sizes import SIZES
from marsjax.train.flops import train_flops
from marsjax.train.peak import find_peak
from marsjax.train.sampler import Batch
from marsjax.train.step import init_state, make_train_step


@dataclass(frozen=True)
class BenchTrain:
    """Training steps of random orders: orders a second and model-FLOPs utilisation.

    Each run first finds what the device could do at most, by the data sheet of a known
    accelerator or else by timing one large matrix product, and then times whole steps
    (forwards, backwards, AdamW). Their ratio is the utilisation: the arithmetic that
    the model's equations need, however it is computed, against that peak. Compiling is
    not in it.

    Example: marsjax bench train --model 2M 5M --json
    """

    model: tuple[str, ...] = ("2M", "5M")
    """sizes, such as 0.2M, 2M, 5M or 44M; `python -m marsjax.lmm.sizes` lists them"""
    length: int = 256
    """predicted orders a window"""
    batch_size: int = 8
    """windows a step"""
    micro_batch: int | None = None
    """windows whose gradient is computed at once; by default 1 on a CPU, else all"""
    dtype: Literal["float32", "bfloat16"] | None = None
    """what the layers compute in; by default float32 on a CPU, else bfloat16"""
    steps: int = 3
    """steps of a run"""
    runs: int = 3
    """how often each is timed"""
    seed: int = 0
    """of weights and orders"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Measure and print."""
        self._check()
        results = [self._measure(name) for name in self.model]
        rows = [
            {
                "model": r["model"],
                "parameters": f"{r['parameters']:,}",
                "orders/s": f"{r['orders_per_s']:,.0f}",
                "GFLOP/s": f"{r['flops_per_s'] / 1e9:,.1f}",
                "peak GFLOP/s": f"{r['peak_flops_per_s'] / 1e9:,.1f}",
                "utilisation": f"{r['mfu']:.0%} ({min(r['mfu_runs']):.0%} to "
                f"{max(r['mfu_runs']):.0%})",
                "compile s": f"{r['compile_s']:.1f}",
            }
            for r in results
        ]
        show(
            rows,
            title=f"Training on {results[0]['device']}, {self.batch_size} windows of "
            f"{self.length} orders a step",
            as_json=self.json,
            payload=results,
            notes=[
                f"peak: {results[0]['peak_source']}, of the same run; "
                f"median of {self.runs}",
                "utilisation counts what the model's equations need "
                "(marsjax/train/flops.py)",
            ],
        )

    def _check(self) -> None:
        check_seed(self.seed)
        for name in ("length", "batch_size", "steps", "runs"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise InputError(
                    f"--{option} is {getattr(self, name)}", "give 1 or more"
                )
        for name in self.model:
            if name not in SIZES:
                raise InputError(f"there is no size {name}", f"use {', '.join(SIZES)}")

    def _config(self, name: str) -> Config:
        is_cpu = jax.default_backend() == "cpu"
        dtype = self.dtype or ("float32" if is_cpu else "bfloat16")
        shape = dataclasses.replace(SIZES[name], dtype=dtype)
        options = TrainConfig(
            batch_size=self.batch_size,
            micro_batch=self.micro_batch or (1 if is_cpu else None),
            seq_len=self.length,
            seed=self.seed,
        )
        return Config(shape, options)

    def _measure(self, name: str) -> dict:
        config = self._config(name)
        batch = random_orders(config.model, self.batch_size, self.length, self.seed)
        say(f"compiling {name}")
        state, step_fn = init_state(config), make_train_step(config)
        began = time.perf_counter()
        state, metrics = step_fn(state, batch)
        metrics["loss"].block_until_ready()
        compile_s = time.perf_counter() - began
        flops = train_flops(config.model, self.length) * self.batch_size * self.length
        seconds, peaks = [], []
        with progress_bar() as report:
            for run in range(self.runs):
                peak = find_peak(config.model.dtype, measure=True)
                peaks.append(peak.flops)
                began = time.perf_counter()
                for _ in range(self.steps):
                    state, metrics = step_fn(state, batch)
                metrics["loss"].block_until_ready()
                seconds.append((time.perf_counter() - began) / self.steps)
                report(f"training {name}", run + 1, self.runs)
        shares = [flops / s / p for s, p in zip(seconds, peaks, strict=True)]
        step_s = statistics.median(seconds)
        return {
            "model": name,
            "parameters": num_params(state.params),
            "orders_per_s": self.batch_size * self.length / step_s,
            "step_s": seconds,
            "flops_per_s": flops / step_s,
            "peak_flops_per_s": statistics.median(peaks),
            "peak_source": peak.source,
            "mfu": statistics.median(shares),
            "mfu_runs": shares,
            "compile_s": compile_s,
            "length": self.length,
            "batch_size": self.batch_size,
            "micro_batch": config.train.micro_batch,
            "dtype": config.model.dtype,
            "device": device_name(),
        }


def random_orders(
    config: ModelConfig, batch_size: int, length: int, seed: int
) -> Batch:
    """Windows of orders that mean nothing, each field uniform."""
    rng = np.random.default_rng(seed)
    shape = (batch_size, length + 1)
    fields = [rng.integers(size, size=shape) for size in config.field_sizes]
    features = rng.integers(16, size=(batch_size, length, config.num_features))
    return Batch(np.stack(fields, axis=-1).astype(np.uint8), features.astype(np.int16))
