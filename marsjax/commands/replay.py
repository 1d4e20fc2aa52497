"""``marsjax replay``: run tapes through the book and see where it agrees with them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from marsjax.commands.console import progress_bar, show
from marsjax.data import read_store
from marsjax.data.replay_check import check_tape

_COLUMNS = (
    "symbol",
    "fills_identical",
    "fills_total",
    "cancels_matched",
    "cancels_total",
    "crossed_states",
    "quotes_exact",
)


@dataclass(frozen=True)
class Replay:
    """Replay every tape of a store through the book and print how it agrees.

    A fill is identical if aggressor, resting order, price, quantity and place in the
    sequence are the tape's own. A cancel is matched if it takes exactly its quantity
    off exactly its order. Quotes are compared with the orderbook file where one was
    given.
    """

    store: Annotated[Path, tyro.conf.Positional]
    """a folder that `marsjax prepare` wrote"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Print one row a tape."""
        rows = []
        tapes = read_store(self.store)
        with progress_bar() as report:
            for tape in tapes:
                total = len(tape.messages)
                rows.append(
                    check_tape(tape, lambda n, t=tape, m=total: report(t.name, n, m))
                )
        show(
            [{name: row[name] for name in _COLUMNS} for row in rows],
            title=f"Replay of {self.store}",
            as_json=self.json,
            payload=rows,
            notes=[note for row in rows for note in _notes(row)],
        )


def _notes(row: dict) -> list[str]:
    """What the table has no room for, a sentence each."""
    tape, notes = row["tape"], list(row["status"]) if not row["cancels_unknown"] else []
    if row["cancels_unknown"]:
        notes.append(
            f"{row['cancels_unknown']:,} cancels of orders from before the tape: the "
            "book refused them, and they are not counted"
        )
    if row["auction_fills_total"]:
        notes.append(
            f"{row['auction_fills_matched']:,} of {row['auction_fills_total']:,} fills "
            "outside continuous matching (auctions, out of queue order) taken off the "
            "order that the tape names"
        )
    if row["levels_exact"]:
        exact = [f"{100 * x:.2f}" for x in row["levels_exact"]]
        perfect = next((k for k, x in enumerate(exact) if x != "100.00"), len(exact))
        text = (
            f"levels 1 to {perfect} exact in all {row['quotes_compared']:,} rows given"
        )
        if perfect < len(exact):
            text += f"; from level {perfect + 1} on, %: {', '.join(exact[perfect:])}"
        notes.append(text)
    if row["level1_total"]:
        notes.append(
            f"{row['level1_exact']:,} of {row['level1_total']:,} level-1 changes exact"
        )
    return [f"{tape}: {note}" for note in notes]
