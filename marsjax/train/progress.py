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


class Metrics:
    """``metrics.jsonl``; a resumed run drops the lines after the step it resumes at."""

    def __init__(self, path: Path, step: int):
        self.path = path
        lines = path.read_text().splitlines() if path.is_file() else []
        kept = [line for line in lines if _step(line) <= step]
        path.write_text("".join(f"{line}\n" for line in kept))

    def write(self, **values) -> None:
        """Adds a line."""
        with self.path.open("a") as file:
            file.write(json.dumps(values) + "\n")


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

    def speed(self, step: int) -> float:
        """Orders a second up to ``step``; 0 at the first reading, which compiles."""
        now, before, seconds = time.perf_counter(), self.step, 0.0
        if before is not None:
            seconds = now - self.began - self.paused
        self.began, self.step, self.paused = now, step, 0.0
        return (step - before) * self.orders_per_step / seconds if seconds else 0.0

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
