"""``marsjax replay``: run tapes through the book and see where it agrees with them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from marsjax.commands.console import progress_bar, show
from marsjax.data import Tape, iter_store
from marsjax.data.day_check import check_day
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

    A whole day of Shanghai is also computed from its raw opening auction on: both call
    auctions are shown beside the exchange's own. An auction is ok if price, volume,
    every order filled and every trade are.
    """

    store: Annotated[Path, tyro.conf.Positional]
    """a folder that `marsjax prepare` wrote"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Print one row a tape."""
        rows = []
        tapes = iter_store(self.store)
        with progress_bar() as report:
            for tape in tapes:
                rows.append(_check(tape, report))
        show(
            [{name: row[name] for name in _COLUMNS} for row in rows],
            title=f"Replay of {self.store}",
            as_json=self.json,
            payload=rows,
            notes=[note for row in rows for note in _notes(row)],
        )
        auctions = [auction for row in rows for auction in _auctions(row)]
        if auctions and not self.json:
            show(
                auctions,
                title="Call auctions, ours beside the exchange's",
                as_json=False,
                notes=[_day_note(row) for row in rows if row["day"]],
            )


def _check(tape: Tape, report: Callable[[str, int, int], None]) -> dict:
    total, again = len(tape.messages), f"{tape.name}, auctions computed"
    row = check_tape(tape, lambda num: report(tape.name, num, total))
    return {**row, "day": check_day(tape, progress_fn=partial(report, again))}


def _auctions(row: dict) -> list[dict]:
    """The auctions of a tape as rows of a table."""
    return [
        {
            "symbol": row["symbol"],
            "auction": each["auction"].removesuffix(" auction"),
            "ours": _print(each["price"], each["qty"]),
            "exchange's": _print(each["exchange_price"], each["exchange_qty"]),
            "orders alike": f"{each['orders_identical']:,} of {each['orders_total']:,}",
            "trades alike": f"{each['trades_identical']:,} of {each['trades_total']:,}",
            "ok": "yes" if each["ok"] else "NO",
        }
        for each in (row["day"]["auctions"] if row["day"] else ())
    ]


def _print(price: float, qty: int) -> str:
    return f"{price:,.2f} x {qty:,}" if qty else "no trade"


def _day_note(row: dict) -> str:
    """How far the day computed from the raw opening auction on is the tape's."""
    day = row["day"]
    fills = f"{day['fills_identical']:,} of {day['fills_total']:,}"
    if day["identical"]:
        text = (
            "computed from the raw opening auction on, the day equals the tape in all: "
            f"both auctions, all {day['fills_total']:,} continuous fills and "
            f"{day['cancels_total']:,} cancels, nothing refused, never crossed"
        )
    else:
        text = (
            "computed from the raw opening auction on, the day DIFFERS from the tape: "
            f"{sum(each['ok'] for each in day['auctions'])} of {len(day['auctions'])} "
            f"auctions, {fills} continuous fills, {day['cancels_matched']:,} of "
            f"{day['cancels_total']:,} cancels, {day['rejected']:,} messages refused, "
            f"{day['crossed_states']:,} crossed states"
        )
        text = "; ".join([text, *day["status"]])
    return f"{row['tape']}: {text}"


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
    if row["day"] is None:
        notes.append("no auction orders on the tape: its auctions are not computed")
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
