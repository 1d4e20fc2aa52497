"""Encodes small DBN files of MBO records with Databento's own classes."""

import datetime
from types import SimpleNamespace

import databento_dbn as dbn

START_NS = 1_704_205_800 * 10**9  # 2024-01-02 14:30 UTC, 9:30 in New York
DAY = datetime.date(2024, 1, 2)
ACTIONS = {
    "A": dbn.Action.ADD,
    "C": dbn.Action.CANCEL,
    "M": dbn.Action.MODIFY,
    "R": dbn.Action.CLEAR,
    "T": dbn.Action.TRADE,
    "F": dbn.Action.FILL,
    "N": dbn.Action.NONE,
}
SIDES = {"B": dbn.Side.BID, "A": dbn.Side.ASK, "N": dbn.Side.NONE}
NUMBERS = {"AAA": 7, "BBB": 8}


def head(symbols=("AAA", "BBB"), dataset="XNAS.ITCH", asked=None):
    mappings = [
        SimpleNamespace(
            raw_symbol=symbol,
            intervals=[
                SimpleNamespace(
                    start_date=DAY,
                    end_date=DAY + datetime.timedelta(days=1),
                    symbol=str(NUMBERS[symbol]),
                )
            ],
        )
        for symbol in symbols
    ]
    return bytes(
        dbn.Metadata(
            dataset, START_NS, dbn.SType.RAW_SYMBOL, dbn.SType.INSTRUMENT_ID,
            dbn.Schema.MBO, symbols=asked or list(symbols), mappings=mappings,
        )
    )  # fmt: skip


class Mbo:
    """Records of one file, each a millisecond and a sequence number after the last."""

    def __init__(self, start_ns=START_NS, **options):
        self.time_ns, self.sequence = start_ns, 0
        self.parts = [head(**options)]

    def add(self, action, order_id=0, side="N", price="0", size=0, *, last=True,
            flags=0, symbol="AAA", channel=1):  # fmt: skip
        self.time_ns += 10**6
        self.sequence += 1
        record = dbn.MBOMsg(
            1, NUMBERS[symbol], self.time_ns, order_id, round(float(price) * 10**9),
            size, ACTIONS[action], SIDES[side], self.time_ns + 5000,
            flags=flags | (dbn.F_LAST if last else 0), channel_id=channel,
            sequence=self.sequence,
        )  # fmt: skip
        self.parts.append(bytes(record))
        return self

    def bytes(self):
        return b"".join(self.parts)


def small():
    """A snapshot, every action, and a second instrument."""
    old = dbn.F_SNAPSHOT
    file = Mbo().add("R", flags=old).add("A", 1, "B", "100.00", 50, flags=old)
    file.add("A", 2, "A", "100.10", 40, flags=old)
    file.add("A", 3, "B", "100.00", 30).add("A", 9, "A", "50", 5, symbol="BBB")
    # A trade of 60: the whole of order 1 and a part of order 3.
    file.add("T", 0, "A", "100.00", 60, last=False)
    file.add("F", 1, "B", "100.00", 50, last=False)
    file.add("F", 3, "B", "100.00", 10, last=False)
    file.add("C", 1, "B", "100.00", 50, last=False).add("M", 3, "B", "100.00", 20)
    file.add("M", 3, "B", "99.95", 25).add("M", 3, "B", "99.95", 15)
    file.add("T", 0, "B", "100.025", 8).add("T", 0, "N", "100.05", 500)
    file.add("C", 3, "B", "99.95", 5).add("C", 77, "B", "99.00", 5).add("N")
    file.add("A", 4, "A", "100.15", 12).add("R").add("A", 5, "B", "99.90", 1)
    return file
