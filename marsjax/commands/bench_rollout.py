"""``marsjax bench rollout``: orders a second of markets that a model drives."""

import os
from dataclasses import dataclass

import jax

from marsjax.commands.console import check_seed, progress_bar, say, show
from marsjax.commands.machine import device_name, make_devices, memory_bandwidth
from marsjax.commands.rollout_rows import floor, notes, shown, speeds
from marsjax.commands.rollout_speed import (
    Loop,
    Starts,
    Timed,
    find_trained,
    make_loop,
    make_starts,
    recomputed,
    same_orders,
)
from marsjax.errors import InputError
from marsjax.lmm import num_params
from marsjax.lmm.trained import TrainedModel
from marsjax.market.rollout import GROUP_SIZE

MOST_RECOMPUTED = 16
"""Markets that recompute at once; more are no faster an order and take long."""

COMPARED = 4
"""Orders that both ways must send alike."""


@dataclass(frozen=True)
class BenchRollout:
    """Orders a second of model and exchange in one loop, beside full recomputation.

    A row for each number of markets, and one for a single market. The markets start
    from a synthetic opening with the model's window of past orders full, and the loop
    runs for at least the given seconds, several times; compiling is outside of it.
    Beside each of these runs the same model sends orders in the same loop without a
    cache, reading the last orders anew for each, in one market and in 16 at once, and
    the ratio is to the faster of the two. Both ways must send the same orders. A size
    has random weights, which cost what others do.

    Example: marsjax bench rollout --model 2M --markets 16 64 --context 1024 --json
    """

    model: str = "2M"
    """a size such as 0.2M, 2M, 5M or 19M, a folder that `marsjax train` wrote, or a
    model of this package"""
    markets: tuple[int, ...] = (16, 64)
    """numbers of markets"""
    context: int = 1024
    """past orders that each new one is conditioned on, in place of the model's own"""
    kv_heads: int | None = None
    """key-value heads of a size, in place of its own"""
    runs: int = 3
    """how often each is timed"""
    seconds: float = 1.0
    """of a timed run at least"""
    steps: int = 25
    """orders of a market in a device call"""
    group_size: int | None = None
    """markets that a device runs at once, the others in turn; by default 16 on a CPU,
    as `marsjax simulate` does, and elsewhere all"""
    devices: int = 1
    """devices that share the markets: accelerators, or host devices of a CPU"""
    recompute: bool = True
    """measure the model without a cache too"""
    slots: int | None = None
    """order slots a side of each book; by default as many as the opening needs"""
    seed: int = 0
    """of the opening"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Measure and print."""
        self._check()
        mesh = make_devices(self.devices)
        say(f"preparing {self.model} and compiling")
        trained = find_trained(self.model, self.context, self.kv_heads)
        starts = make_starts(trained, self.seed, self.slots)
        sizes = sorted({1, *self.markets})
        group = self.group_size
        if group is None and jax.default_backend() == "cpu":
            group = GROUP_SIZE
        loops = [make_loop(starts.full, n, self.steps, mesh, group) for n in sizes]
        slow_starts, slow_loops = None, []
        if self.recompute:
            slow_starts = Starts(*(recomputed(start, trained) for start in starts))
            most = min(MOST_RECOMPUTED, max(sizes))
            slow_loops = [
                make_loop(slow_starts.full, n, 1, mesh) for n in sorted({1, most})
            ]
            self._check_same(loops[0], starts, slow_loops[0], slow_starts)
        timed = self._time(loops, starts, slow_loops, slow_starts)
        rows = self._rows(trained, speeds(loops, slow_loops, *timed))
        show(
            [shown(row) for row in rows],
            title=f"Orders a second, {self.model}, context {self.context}",
            as_json=self.json,
            payload=rows,
            notes=notes(rows),
        )

    def _check(self) -> None:
        check_seed(self.seed)
        counts = "markets context kv_heads runs steps group_size devices"
        for name in counts.split():
            values = getattr(self, name)
            values = values if isinstance(values, tuple) else (values,)
            if not values or min(1 if v is None else v for v in values) < 1:
                option = name.replace("_", "-")
                raise InputError(f"--{option} holds {values}", "give 1 or more")
        for markets in self.markets:
            if markets % self.devices:
                raise InputError(
                    f"{markets} markets cannot be divided over {self.devices} devices",
                    "give --markets that can, such as --markets 16 64",
                )
        if not 0 < self.seconds < float("inf"):
            raise InputError(f"--seconds is {self.seconds}", "give a positive number")

    def _check_same(
        self, loop: Loop, starts: Starts, slow_loop: Loop, slow_starts: Starts
    ) -> None:
        """Stops the command if the two ways send other orders from the same start.

        Compared within the window, where they are the same model; a float that rounds
        otherwise may change a draw, hence not for bfloat16.
        """
        if starts.full.model.config.dtype != "float32":
            return
        records = loop.run(starts.quarter, num_orders=COMPARED).records
        slow_records = slow_loop.run(slow_starts.quarter, num_orders=COMPARED).records
        same, num = same_orders(records, slow_records)
        if same < num:
            say(f"error: with and without a cache {num - same} of {num} orders differ")
            raise SystemExit(1)

    def _time(
        self,
        loops: list[Loop],
        starts: Starts,
        slow_loops: list[Loop],
        slow_starts: Starts | None,
    ) -> tuple[list[list[Timed]], ...]:
        """Timed calls by run and loop: full window, quarter of one, recomputed."""
        work = (
            (loops, starts.full),
            (loops, starts.quarter),
            (slow_loops, slow_starts and slow_starts.full),
        )
        total = self.runs * sum(len(some) for some, _ in work)
        timed, done = ([], [], []), 0
        with progress_bar() as report:
            for _ in range(self.runs):
                for calls, (some, start) in zip(timed, work, strict=True):
                    calls.append([])
                    for loop in some:
                        calls[-1].append(loop.run(start, self.seconds))
                        done += 1
                        report("runs", done, total)
        return timed

    def _rows(self, trained: TrainedModel, rows: list[dict]) -> list[dict]:
        config, bandwidth = trained.model.config, memory_bandwidth()
        weight_bytes = sum(x.nbytes for x in jax.tree.leaves(trained.params))
        about = {
            "model": self.model,
            "parameters": num_params(trained.params),
            "context": config.window,
            "layers": config.num_layers,
            "d_model": config.d_model,
            "heads": config.num_heads,
            "kv_heads": config.kv_heads,
            "dtype": config.dtype,
            "device": device_name(),
            "num_cores": os.cpu_count(),
            "jax": jax.__version__,
        }
        out = []
        for row in rows:
            devices = 1 if row["markets"] % self.devices else self.devices
            least = floor(config, weight_bytes, row["markets"], devices, bandwidth)
            out.append({**row, **least, "devices": devices, **about})
        return out
