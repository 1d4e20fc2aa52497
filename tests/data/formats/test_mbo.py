"""Databento's MBO files, encoded here with its own classes, as canonical tapes."""

import sys

import pytest

dbn = pytest.importorskip("databento_dbn")

from marsjax.data.formats.mbo import MboReader  # noqa: E402
from marsjax.data.reader import collect  # noqa: E402
from marsjax.data.skips import Skips  # noqa: E402
from marsjax.errors import InputError  # noqa: E402
from marsjax.types import Kind  # noqa: E402
from tests.data.formats.mbo_maker import START_NS, Mbo, head, small  # noqa: E402
from tests.data.formats.replays import check_replay, rows, same  # noqa: E402

L, C, I, M = Kind.LIMIT, Kind.CANCEL, Kind.IOC, Kind.MODIFY  # noqa: E741
K, H = Kind.COLLECT, Kind.HIDDEN_FILL
CANONICAL = [
    (K, 0, 10000, 50, 1),
    (K, 1, 10010, 40, 2),
    (L, 0, 10000, 30, 3),
    (I, 1, 10000, 50, None),
    (I, 1, 10000, 10, None),
    (M, 0, 9995, 25, 3),
    (M, 0, 9995, 15, 3),
    (H, 1, 10002, 8, 0),
    (Kind.CROSS, 0, 10005, 500, 0),
    (C, 0, 9995, 5, 3),
    (C, 0, 9900, 5, 77),
    (L, 1, 10015, 12, 4),
    (Kind.MASS_CANCEL, 0, 0, 0, 0),
    (L, 0, 9990, 1, 5),
]


def read(folder, content, **options):
    path = folder / "file.dbn"
    path.write_bytes(content if isinstance(content, bytes) else content.bytes())
    return collect(MboReader(path, **options))


def test_canonical_rows_and_fills(tmp_path):
    first, second = read(tmp_path, small(), tick="0.01")
    assert (first.name, second.name) == ("AAA_2024-01-02", "BBB_2024-01-02")
    assert (first.tick_size, first.seed_rows, first.notes) == (0.01, 2, ())
    assert first.sessions == ((34_200, 57_600),)
    assert rows(first) == CANONICAL
    assert [fill[:4] for fill in first.fills.rows()] == [
        (3, 10000, 50, 1),
        (4, 10000, 10, 3),
    ]
    # The snapshot has the time at which it was taken, the rest the exchange's.
    assert first.messages["time_ns"][:3].to_list() == [2_005_000, 3_005_000, 4_000_000]
    assert set(first.messages["time_s"]) == {34_200}
    counts = first.counts
    assert counts["cancel_after_fill"] == counts["modify_after_fill"] == 1
    assert counts["cancel_of_unknown_id"] == 1 == counts["actions_none"]
    assert counts["price_rounded_down_to_tick"] == 1
    for tape in (first, second):
        check_replay(tape)


def test_the_tick_is_inferred_from_all_prices(tmp_path):
    first, second = read(tmp_path, small())
    assert (first.tick_size, second.tick_size) == (0.05, 50)
    assert first.notes == ("a tick of 0.05 is inferred from the prices",)
    with pytest.raises(InputError, match="a tick of 1e-10 is no multiple of 1e-9"):
        read(tmp_path, small(), tick=1e-10)


@pytest.mark.parametrize("chunk_bytes", [1, 100, 500])
def test_chunks_make_no_difference(tmp_path, chunk_bytes):
    same(read(tmp_path, small()), read(tmp_path, small(), chunk_bytes=chunk_bytes))


def test_other_records_and_records_with_a_send_time(tmp_path):
    mapping = dbn.SymbolMappingMsg(
        1, 9, START_NS, dbn.SType.RAW_SYMBOL, "C", dbn.SType.INSTRUMENT_ID, "CCC",
        START_NS, START_NS + 1,
    )  # fmt: skip
    order = dbn.MBOMsg(
        1, 9, START_NS + 10**9, 5, 10**9, 1, dbn.Action.ADD, dbn.Side.BID,
        START_NS + 10**9, flags=dbn.F_LAST, sequence=50,
    )  # fmt: skip
    timed = b"\x10" + bytes(order)[1:] + bytes(8)  # 16 words: a time after the record
    file = small().bytes() + bytes(mapping) + timed
    tape = read(tmp_path, file, tick="0.01")[-1]
    assert (tape.symbol, rows(tape)) == ("CCC", [(L, 0, 100, 1, 5)])
    assert tape.counts["symbol_mapping_records"] == 1
    same(
        read(tmp_path, file, tick="0.01"),
        read(tmp_path, file, tick="0.01", chunk_bytes=60),
    )


def test_a_book_outlives_the_day(tmp_path):
    file = Mbo(dataset="GLBX.MDP3").add("A", 1, "B", "10.00", 5)
    file.add("A", 2, "A", "10.25", 7).add("A", 3, "B", "9.75", 5)
    file.time_ns += 16 * 3600 * 10**9
    file.add("T", 0, "A", "10.00", 3, last=False)
    file.add("F", 1, "B", "10.00", 3, last=False).add("M", 1, "B", "10.00", 2)
    first, second = read(tmp_path, file)
    assert (first.date, second.date) == ("2024-01-02", "2024-01-03")
    assert first.messages["time_s"][0] == 8 * 3600 + 1800  # Chicago
    assert second.sessions == ((0, 86_400),)
    assert second.seed_rows == 3
    seeds = [(K, 0, 40, 5, 1), (K, 0, 39, 5, 3), (K, 1, 41, 7, 2)]
    assert rows(second) == [*seeds, (I, 1, 40, 3, None)]
    check_replay(second)
    (kept,) = read(tmp_path, file, date="2024-01-03")
    same([kept], [second])
    utc = read(tmp_path, file, zone="UTC")[0]
    assert utc.messages["time_s"][0] == 14 * 3600 + 1800


def test_chosen_symbols(tmp_path):
    (tape,) = read(tmp_path, small(), symbols=["BBB"])
    assert tape.symbol == "BBB"
    with pytest.raises(InputError, match="no record of CCC in the file"):
        read(tmp_path, small(), symbols=["CCC"])


def test_fills_of_unknown_orders_and_hidden_parts_of_trades(tmp_path):
    file = Mbo().add("A", 1, "B", "10.00", 5).add("T", 0, "A", "10.00", 9, last=False)
    file.add("F", 1, "B", "10.00", 5, last=False)
    file.add("F", 8, "B", "10.00", 3, last=False).add("C", 8, "B", "10.00", 3)
    file.add("C", 1, "B", "10.00", 5)
    (tape,) = read(tmp_path, file, tick="0.01")
    assert rows(tape) == [
        (L, 0, 1000, 5, 1),
        (I, 1, 1000, 5, None),
        (H, 0, 1000, 3, 8),
        (H, 0, 1000, 1, 0),
    ]
    assert tape.counts["execution_of_unknown_id"] == 1
    check_replay(tape)


def test_sequence_gaps(tmp_path):
    def gap(**options):
        file = Mbo(**options).add("A", 1, "B", "10.00", 5)
        file.sequence += 3
        return file.add("A", 2, "B", "10.00", 5).bytes()

    whole = gap(asked=["ALL_SYMBOLS"])
    with pytest.raises(
        InputError, match="a gap in the sequence of channel 1: 1 is fol"
    ):
        read(tmp_path, whole)
    with pytest.raises(InputError, match="a gap in the sequence"):
        read(tmp_path, gap(), contiguous=True)
    assert len(read(tmp_path, gap())[0].messages) == 2  # of chosen symbols: by nature
    skips = Skips()
    (tape,) = read(tmp_path, whole, skips=skips)
    assert (tape.counts["sequence_gaps"], len(tape.messages)) == (1, 2)
    assert "a gap in the sequence" in skips.lines()[0]


def one():
    return Mbo().add("A", 1, "B", "10.00", 5)


def back(seconds=0, sequence=0):
    file = one()
    file.time_ns -= seconds * 10**9
    file.sequence -= sequence
    return file.add("A", 2, "B", "10.00", 5)


def crossed():
    old = dbn.F_SNAPSHOT
    file = one().add("R", flags=old).add("A", 2, "B", "10.05", 5, flags=old)
    return file.add("A", 3, "A", "10.00", 5, flags=old)


BYTE = len(head()) + 56
FAULTS = [
    (one().add("N").bytes()[:-9], f"cut off in the record at byte {BYTE}", 1),
    (one().bytes() + b"\0" * 16, f"a record of 0 bytes at byte {BYTE}", 1),
    (one().add("A", 1, "B", "10.00", 5), f"duplicate order id 1: it is live of AAA "
     f"at byte {BYTE}", 1),
    (back(seconds=1), f"the time goes backwards in a record of AAA at byte {BYTE}", 0),
    (back(sequence=2), "the sequence of channel 1 goes back to 0", 0),
    (one().add("A", 2, "B", "10.005", 5), "price 10.005 off tick (ticks of 0.01)", 1),
    (one().add("A", 2, "B", "-1", 5), "price -1, not positive,", 1),
    (one().add("A", 2, "B", "10.00", 0), "size 0, outside of 1 to 2147483647,", 1),
    (one().add("A", 2, "N", "10.00", 5), "an order without a side", 1),
    (one().add("A", 2, "B", "10.00", 5, flags=dbn.F_MBP), "a price level, not", 1),
    (one().add("N", flags=dbn.F_MAYBE_BAD_BOOK), "records were lost before", 0),
    (crossed(), "the given book is crossed: an order at 1000 ticks meets one", 0),
]  # fmt: skip


@pytest.mark.parametrize(("content", "error", "skipped"), FAULTS)
def test_faults(tmp_path, content, error, skipped):
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, tick="0.01")
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)
    skips = Skips()
    tape = read(tmp_path, content, tick="0.01", skips=skips)[0]
    assert rows(tape)[0] == (L, 0, 1000, 5, 1)
    assert skips.total == skipped and error in skips.lines()[0]


def test_what_is_no_dbn(tmp_path):
    for content, error in (
        (b"ts_event,action\n", "it does not start with 'DBN'"),
        (head()[:40], "no DBN, or ends within its head"),
        (b"", "no DBN, or ends within its head"),
        (b"DBN\3\4\0\0\0AAAA", "the head of the file cannot be decoded"),
    ):
        with pytest.raises(InputError) as caught:
            read(tmp_path, content)
        assert error in str(caught.value)


def test_options_are_checked(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no time zone 'Mars'"):
        read(tmp_path, one(), zone="Mars")
    with pytest.raises(InputError, match="clock 'wall' is unknown"):
        read(tmp_path, one(), clock="wall")
    monkeypatch.setitem(sys.modules, "databento_dbn", None)
    with pytest.raises(InputError, match=r"pip install 'marsjax\[databento\]'"):
        read(tmp_path, one())
