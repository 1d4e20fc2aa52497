"""Tables, JSON and progress bars, the same in every command.

Results go to standard output, everything about the way there to standard error, so that
``marsjax ... --json > file`` holds JSON and nothing else.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from marsjax.errors import InputError


def check_seed(seed: int) -> None:
    """A seed that every random generator here takes.

    Raises:
      InputError: outside ``[0, 2**31)``.
    """
    if not 0 <= seed < 2**31:
        raise InputError(f"seed {seed} is out of range", "give one from 0 to 2**31 - 1")


def say(text: str) -> None:
    """A line to the user about what is going on."""
    console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    console.print(text, markup=False)


@contextmanager
def progress_bar(
    *, is_bytes: bool = False
) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each name; call what it yields with ``(name, done, total)``.

    ``is_bytes``: these are bytes, shown in MB and MB/s.
    """
    counts = (DownloadColumn(), TransferSpeedColumn())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        *(counts if is_bytes else (MofNCompleteColumn(),)),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield report


def show(
    rows: Sequence[dict[str, Any]],
    *,
    title: str,
    as_json: bool,
    payload: Any = None,
    notes: Sequence[str] = (),
) -> None:
    """Print rows as a table, or ``payload`` (by default the rows) as JSON.

    Args:
      rows: one dictionary a row, all with the same keys.
      title: of the table.
      as_json: JSON to standard output instead.
      payload: what JSON holds if it is more than the rows.
      notes: sentences under the table.
    """
    if as_json:
        print(json.dumps(rows if payload is None else payload, indent=1))
        return
    # A pipe has no width of its own: give it room rather than cut figures off.
    console = Console(
        width=None if sys.stdout.isatty() else 120, highlight=False, emoji=False
    )
    table = Table(title=title, title_justify="left")
    if rows:
        for column in rows[0]:
            is_number = all(
                r[column] is None or isinstance(r[column], int | float) for r in rows
            )
            table.add_column(column, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    console.print(table)
    for note in notes:
        console.print(f"- {note}", markup=False)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 100 else f"{value:,.1f}"
    return str(value)


@contextmanager
def late_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar from the first report on: what fails before shows none."""
    with ExitStack() as stack:
        bars = []

        def report(name: str, done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress_bar()))
            bars[0](name, done, total)

        yield report
