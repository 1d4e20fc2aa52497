"""What a run shows and writes while it trains: a bar, and one JSON object a line."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from marsjax.train.tensorboard import Writer


class Metrics:
    """``metrics.jsonl``; a resumed run drops the lines after the step it resumes at.

    ``writer`` gets the same scalars, as TensorBoard events.
    """

    def __init__(self, path: Path, step: int, writer: Writer | None = None):
        self.path, self.writer = path, writer
        lines = path.read_text().splitlines() if path.is_file() else []
        kept = [line for line in lines if _step(line) <= step]
        if kept != lines:
            partial = path.with_name(f".{path.name}.partial")
            partial.write_text("".join(f"{line}\n" for line in kept))
            partial.rename(path)

    def write(self, *, step: int, **values: float) -> None:
        """Adds a line."""
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        if self.writer is not None:
            for name, value in values.items():
                self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Writes what is still in memory."""
        if self.writer is not None:
            self.writer.close()


def _step(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")  # cut off when the run was stopped


class Clock:
    """Orders a second since the last time it was read, pauses left out."""

    def __init__(self, orders_per_step: int):
        self.orders_per_step = orders_per_step
        self.began, self.step, self.paused = time.perf_counter(), None, 0.0
        self.orders, self.seconds = 0, 0.0

    @property
    def mean(self) -> float:
        """Orders a second from the first reading to the last; 0 before the second."""
        return self.orders / self.seconds if self.seconds else 0.0

    def speed(self, step: int) -> float:
        """Orders a second up to ``step``; 0 at the first reading, which compiles."""
        now, before, seconds = time.perf_counter(), self.step, 0.0
        if before is not None:
            seconds = now - self.began - self.paused
        self.began, self.step, self.paused = now, step, 0.0
        if not seconds:
            return 0.0
        orders = (step - before) * self.orders_per_step
        self.orders += orders
        self.seconds += seconds
        return orders / seconds

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Time that does not count."""
        start = time.perf_counter()
        yield
        self.paused += time.perf_counter() - start


def make_progress(console: Console | None) -> Progress:
    """The bar of a run; None: no output."""
    return Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}"),
        TimeRemainingColumn(),
        console=console,
        disable=console is None,
    )
