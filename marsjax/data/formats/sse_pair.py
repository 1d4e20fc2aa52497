"""Reads an orders and a trades file of one instrument, as Chinese exchanges give."""

from collections.abc import Iterator
from pathlib import Path

from marsjax.data.files import ProgressFn
from marsjax.data.formats.sse_rows import Channel, Rows, Sequence, joined
from marsjax.data.formats.sse_symbol import OneSymbol, is_same
from marsjax.data.naming import identify, symbol_and_date
from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.skips import Skips
from marsjax.data.tape import tape_name
from marsjax.data.text import Table, parsed, read_chunks
from marsjax.errors import InputError

NAMES = ("orders", "trades")


class PairReader:
    """What the readers of Shanghai and Shenzhen share.

    A subclass says which columns the files have (`order_columns`, `trade_columns`),
    what a row is (`_columns`), what rows become (`_recover`, which must leave no trace,
    and `_commit`) and what is counted (`_count`). Its arguments are documented there.
    """

    source: str
    order_columns: tuple[str, ...]
    trade_columns: tuple[str, ...]
    sessions: tuple[tuple[int, int], ...]
    tick_size: float
    lot_size: int

    def __init__(
        self,
        paths: tuple[str | Path, str | Path],
        symbol: str | None,
        date: str | None,
        is_contiguous: bool,
        skips: Skips | None,
        progress_fn: ProgressFn | None,
        options: dict,
    ):
        self._paths = tuple(map(Path, paths))
        self._given, self._date = symbol, date
        self.skips = skips
        self._options = options | {"skips": skips, "progress_fn": progress_fn}
        self._symbol = OneSymbol(symbol)
        self._sequence = Sequence(is_contiguous and skips is None)
        self._files: dict[int, dict] = {}
        self._facts: TapeFacts | None = None
        identify(paths, symbol, date)  # names that contradict each other: at once

    def facts(self, name: str) -> TapeFacts:
        """Of the one tape; complete once `pieces` has ended."""
        if self._facts is None or name != self._facts.name:
            raise KeyError(name)
        return self._facts

    def pieces(self) -> Iterator[Piece]:
        """Reads the files.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and line for anything that is
          not as documented, including a trade or cancel of more than an order has
          left, or at another price or side than the order's.
        """
        channel = Channel(
            self._paths,
            tuple(self._tables(which) for which in range(2)),
            tuple(self._reading(which) for which in range(2)),
        )
        counts: dict[str, int] = {}
        held, num_rows = None, 0
        for rows in channel.rows():
            if self._facts is None:
                self._facts = self._identified()
            rows = rows if held is None else joined(held, rows)
            sent = self._step(rows, is_last=False)
            held = sent.rest
            yield self._piece(sent, num_rows, counts)
            num_rows += len(sent.messages["kind"])
        self._symbol.check_found(self._paths[0])
        if held is not None and len(held):
            yield self._piece(self._step(held, is_last=True), num_rows, counts)
        if self._facts is not None:
            self._finish(channel, counts)

    def _tables(self, which: int) -> Iterator[Table]:
        columns = (self.order_columns, self.trade_columns)[which]
        for table in read_chunks(
            self._paths[which], columns, header=True, **self._options
        ):
            self._files[which] = table.file
            yield self._symbol.of(table)

    def _reading(self, which: int):
        def read(table: Table, *after) -> tuple[dict, Table]:
            return parsed(
                table, lambda t: (self._columns(which, t, after), t), self.skips
            )

        return read

    def _step(self, rows: Rows, is_last: bool):
        def recover(rows: Rows):
            self._sequence.check(rows)
            return self._recover(rows, is_last)

        sent = parsed(rows, recover, self.skips)
        self._sequence.after(sent.rows)
        self._commit(sent)
        return sent

    def _piece(self, sent, num_rows: int, counts: dict[str, int]) -> Piece:
        for name, number in self._count(sent).items():
            counts[name] = counts.get(name, 0) + number
        fills = sent.fills | {"row": sent.fills["row"] + num_rows}
        return Piece(self._facts.name, sent.messages, fills)

    def _identified(self) -> TapeFacts:
        told = symbol_and_date(self._paths[0])[0] or symbol_and_date(self._paths[1])[0]
        found = self._symbol.found
        if self._given is None and told and found and not is_same(told, found):
            raise InputError(
                f"the file holds {found}, its name says {told}",
                "rename it, or choose with --symbol",
                file=self._paths[0],
            )
        symbol, date, notes = identify(
            self._paths, self._given or told or found, self._date
        )
        return TapeFacts(
            name=tape_name(symbol, date),
            symbol=symbol,
            date=date,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            sessions=self.sessions,
            source=self.source,
            notes=notes,
        )

    def _finish(self, channel: Channel, counts: dict[str, int]) -> None:
        facts = self._facts
        read = zip(NAMES, channel.num_read, strict=True)
        facts.counts = {f"{name}_read": number for name, number in read} | counts
        files = [self._files[which] for which in sorted(self._files)]
        facts.files = tuple(file.info for file in files)
        if self._symbol.num_others:
            facts.counts["rows_of_other_symbols"] = self._symbol.num_others
        if self._sequence.num_gaps:
            facts.counts["gaps_in_the_sequence_numbers"] = self._sequence.num_gaps
        if self.skips is not None:
            skipped = self.skips.counts([path.name for path in self._paths])
            facts.counts |= skipped | {"skipped": sum(skipped.values())}
