"""``marsjax bench book``: messages a second through the exchange."""

import json
import os
import statistics
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import jax

from marsjax.book.batching import IMPLEMENTATIONS
from marsjax.book.pallas import MOST_SLOTS
from marsjax.commands.book_speed import MOST_STREAMS, Mismatch, Speed, measure
from marsjax.commands.console import check_seed, progress_bar, say, show
from marsjax.commands.machine import (
    cpu_model,
    device_name,
    held_to_one_core,
    make_cpu_mesh,
)
from marsjax.errors import InputError

CHOICES = tuple(dict.fromkeys((*IMPLEMENTATIONS, "pallas")))


@dataclass(frozen=True)
class BenchBook:
    """Messages a second through books, beside a plain-Python book.

    A row for each number of books and slots a side. Every book is half full and takes a
    random stream of about 47 % adds, 43 % cancels of random live orders and 10 %
    marketable orders that take one to three resting orders. The time is the median of
    the repeats and holds all events, which are kept; compiling, filling the books and
    copying messages to the device are outside of it. The plain book runs the same
    streams, and both must make the same fills: if not, the command exits with 1.

    Example: marsjax bench book --books 1 64 --slots 128 --json speed.json
    """

    books: tuple[int, ...] = (1, 64, 1024)
    """numbers of books; more than 64 share 64 different streams in turn"""
    slots: tuple[int, ...] = (128, 1024, 4096)
    """order slots a side of each book"""
    messages: int = 2**18
    """timed messages of a row, all its books together"""
    repeats: int = 5
    """timed calls of a row"""
    devices: int = 1
    """host devices that share the books, such as 2 on two cores"""
    pin: bool = True
    """hold the process to one core, if there is one device and it is a CPU"""
    implementation: Literal[CHOICES] = "auto"
    """of the exchange; auto is loop on a CPU and vmap elsewhere"""
    seed: int = 0
    """of the streams"""
    json: str | None = None
    """file for the rows as JSON; - writes them to standard output, without a table"""

    def run(self) -> None:
        """Measure and print."""
        self._check()
        with held_to_one_core(self.pin and self.devices == 1) as is_pinned:
            rows = self._measure(is_pinned)
        text = json.dumps(rows, indent=1) + "\n"
        if self.json == "-":
            sys.stdout.write(text)
            return
        if self.json is not None:
            Path(self.json).write_text(text)
        show(
            [_shown(row) for row in rows],
            title=f"Messages a second, median of {self.repeats}",
            as_json=False,
            notes=_notes(rows),
        )

    def _check(self) -> None:
        check_seed(self.seed)
        for name in ("books", "slots", "messages", "repeats", "devices"):
            values = getattr(self, name)
            values = values if isinstance(values, tuple) else (values,)
            if not values or min(values) < 1:
                raise InputError(f"--{name} holds {values}", "give 1 or more")
        for books in self.books:
            if books % self.devices:
                raise InputError(
                    f"{books} books cannot be divided over {self.devices} devices",
                    "give --books that can, such as --books 64 1024",
                )
        for slots in self.slots if self.implementation == "pallas" else ():
            if slots & (slots - 1) or slots > MOST_SLOTS:
                raise InputError(
                    f"the kernel cannot hold {slots} slots a side",
                    f"give --slots powers of two of at most {MOST_SLOTS}",
                )
        if self.json not in (None, "-") and not Path(self.json).parent.is_dir():
            raise InputError(f"--json {self.json}: no such folder", "make it first")

    def _measure(self, is_pinned: bool) -> list[dict]:
        try:
            mesh = make_cpu_mesh(self.devices)
        except RuntimeError as error:
            raise InputError(
                f"jax runs already, with fewer than {self.devices} CPU devices",
                "run the command in a process of its own",
            ) from error
        rows, cells = [], list(product(self.books, self.slots))
        total = len(cells) * (self.repeats + 1)
        with progress_bar() as report:
            done = 0

            def progress_fn():
                nonlocal done
                done += 1
                report("calls", done, total)

            report("calls", 0, total)
            for books, slots in cells:
                try:
                    speed = measure(
                        books,
                        slots,
                        self.messages,
                        repeats=self.repeats,
                        seed=self.seed,
                        implementation=self.implementation,
                        mesh=mesh,
                        progress_fn=progress_fn,
                    )
                except Mismatch as error:
                    say(f"error: {books} books of {slots} slots: {error}")
                    raise SystemExit(1) from error
                rows.append(self._row(books, slots, speed, is_pinned))
        return rows

    def _row(self, books: int, slots: int, speed: Speed, is_pinned: bool) -> dict:
        def per_s(seconds):
            return round(speed.num_messages / seconds)

        median_s = statistics.median(speed.seconds)
        return {
            "books": books,
            "slots": slots,
            "messages": speed.num_messages,
            "messages_per_s": per_s(median_s),
            "min_messages_per_s": per_s(max(speed.seconds)),
            "max_messages_per_s": per_s(min(speed.seconds)),
            "us_per_message": 1e6 * median_s / speed.num_messages,
            "messages_per_cpu_s": per_s(statistics.median(speed.cpu_seconds)),
            "cpu_s_per_s": sum(speed.cpu_seconds) / sum(speed.seconds),
            "compile_s": speed.compile_s,
            "bytes_per_slot": speed.bytes_a_book / (2 * slots),
            "state_bytes": books * speed.bytes_a_book,
            "plain_messages_per_s": round(speed.plain_messages / speed.plain_s),
            "implementation": self.implementation,
            "devices": self.devices,
            "device": device_name() if self.devices == 1 else cpu_model(),
            "num_cores": os.cpu_count(),
            "is_pinned": is_pinned,
            "repeats": self.repeats,
            "streams": min(books, MOST_STREAMS),
            "jax": jax.__version__,
        }


def _shown(row: dict) -> dict:
    """A row of the table."""
    return {
        "books": row["books"],
        "slots": row["slots"],
        "messages/s": row["messages_per_s"],
        "us/message": f"{row['us_per_message']:.3f}",
        "compile s": f"{row['compile_s']:.1f}",
        "bytes/slot": f"{row['bytes_per_slot']:.1f}",
        "state MB": f"{row['state_bytes'] / 1e6:,.1f}",
        "plain Python/s": row["plain_messages_per_s"],
        "ratio": f"{row['messages_per_s'] / row['plain_messages_per_s']:.1f}",
    }


def _notes(rows: list[dict]) -> list[str]:
    first = rows[0]
    pinned = "held to one core" if first["is_pinned"] else "not held to a core"
    devices = f"{first['devices']} device" + "s" * (first["devices"] > 1)
    spread = [
        (row["max_messages_per_s"] - row["min_messages_per_s"]) / row["messages_per_s"]
        for row in rows
    ]
    busy = [row["cpu_s_per_s"] for row in rows]
    return [
        f"{first['device']}, {first['num_cores']} cores, jax {first['jax']}, "
        f"{devices}, {pinned}, implementation {first['implementation']}",
        f"noise: between a row's repeats the speed differs by up to {max(spread):.0%} "
        f"(median {statistics.median(spread):.0%}); the process had {min(busy):.2f} to "
        f"{max(busy):.2f} cores",
        "every call made the plain book's fills; all events are made and kept",
    ]
