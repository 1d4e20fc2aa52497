"""ITCH 5.0 files, encoded here, as canonical tapes."""

import gzip
import lzma

import pytest
import zstandard

from marsjax.data.formats.itch import ItchReader, date_of
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.errors import InputError
from marsjax.types import Kind
from tests.data.formats.itch_maker import Itch, message, small
from tests.data.formats.replays import check_replay, rows, same

L, C, I, A = Kind.LIMIT, Kind.CANCEL, Kind.IOC, Kind.AUCTION_FILL  # noqa: E741
CANONICAL = [
    (Kind.HALT, 0, 1, 0, 0),
    (L, 0, 10000, 100, 11),
    (L, 0, 10000, 50, 12),
    (L, 1, 10003, 80, 13),
    (I, 1, 10000, 60, None),
    (I, 1, 10000, 10, None),
    (A, 1, 9999, 5, 13),
    (A, 0, 10000, 20, 12),
    (C, 0, 10000, 10, 11),
    (C, 1, 10003, 75, 13),
    (L, 1, 10002, 90, 14),
    (I, 0, 10002, 90, None),
    (Kind.HIDDEN_FILL, 0, 10001, 7, 0),
    (Kind.CROSS, 0, 10001, 500, 0),
    (Kind.HALT, 0, -1, 0, 0),
    (Kind.HALT, 0, 1, 0, 0),
    (C, 0, 10000, 20, 11),
]


def read(folder, content, name="01022024.NASDAQ_ITCH50", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.bytes())
    return collect(ItchReader(path, **options))


def test_canonical_rows_and_fills(tmp_path):
    first, second = read(tmp_path, small())
    assert (first.name, second.name) == ("AAA_2024-01-02", "BBB_2024-01-02")
    assert rows(first) == CANONICAL
    assert rows(second) == [(L, 1, 5000, 10, 21), (C, 1, 5000, 10, 21)]
    assert [fill[:4] for fill in first.fills.rows()] == [
        (4, 10000, 60, 11),
        (5, 10000, 10, 11),
        (11, 10002, 90, 14),
    ]
    assert first.counts["executed_with_price"] == 3
    assert first.counts["execution_at_another_price"] == 1
    assert first.counts["cross_without_shares"] == first.counts["broken_trade"] == 1
    assert second.counts["add"] == second.counts["delete"] == 1
    time = first.messages["time_s"][0], first.messages["time_ns"][0]
    assert time == (34_200, 4_000_000)  # S, R and R come before
    for tape in (first, second):
        check_replay(tape)


@pytest.mark.parametrize("chunk_bytes", [1, 50, 400])
def test_chunks_make_no_difference(tmp_path, chunk_bytes):
    whole = read(tmp_path, small())
    same(whole, read(tmp_path, small(), chunk_bytes=chunk_bytes))


@pytest.mark.parametrize("pack", [gzip, lzma, zstandard])
def test_packed_files(tmp_path, pack):
    packed = pack.compress(small().bytes())
    same(read(tmp_path, small()), read(tmp_path, packed))
    with pytest.raises(InputError, match="cut off"):
        read(tmp_path, packed[:-3])


def test_chosen_stocks(tmp_path):
    (tape,) = read(tmp_path, small(), symbols=["BBB"])
    assert tape.symbol == "BBB"
    with pytest.raises(InputError, match="no stock CCC in the file; choose of its"):
        read(tmp_path, small(), symbols=["BBB", "CCC"])


def test_the_date_is_in_the_name(tmp_path):
    assert date_of("12302019.NASDAQ_ITCH50.gz") == "2019-12-30"
    assert date_of("20191230.BX_ITCH_50.gz") == "2019-12-30"
    assert date_of("S081321-v50.txt.gz") == "2021-08-13"
    assert date_of("itch_2021-08-13.bin") == "2021-08-13"
    assert date_of("itch.bin") is None
    tape = read(tmp_path, small(), name="x.itch", date="2024-05-06")[0]
    assert (tape.date, tape.notes) == ("2024-05-06", ())
    assert "pass --date" in read(tmp_path, small(), name="x.itch")[0].notes[0]


def test_prices_under_a_dollar_move_away_from_the_other_side(tmp_path):
    file = Itch().order(1, "B", 1, 5_012).order(2, "S", 1, 5_038).order(3, "B", 1, 12)
    (tape,) = read(tmp_path, file)
    assert tape.messages["price_ticks"].to_list() == [50, 51, 1]
    assert tape.counts["price_rounded_to_tick"] == 3
    (tape,) = read(tmp_path, file, tick=1)
    assert tape.messages["price_ticks"].to_list() == [5012, 5038, 12]


def test_orders_that_cross_in_a_halt_rest(tmp_path):
    file = Itch().order(1, "B", 5, 1_000_000).order(2, "S", 4, 999_900)
    file.executed_at(1, 4, 999_900, "N").executed_at(2, 4, 999_900, "N")
    (tape,) = read(tmp_path, file)
    kinds = [L, Kind.COLLECT, A, A]
    assert tape.messages["kind"].to_list() == kinds
    assert check_replay(tape, may_cross=True)[-1, 0].tolist() == [0, 0, 10000, 1]


def test_a_replaced_order_goes_to_the_back(tmp_path):
    file = Itch().order(1, "B", 5, 1_000_000).order(2, "B", 5, 1_000_000)
    file.replace(1, 3, 5, 1_000_000).executed(2, 5).executed(3, 5)
    (tape,) = read(tmp_path, file)
    assert tape.messages["kind"].to_list() == [L, L, C, L, I, I]
    check_replay(tape)


def head():
    return Itch().order(1, "B", 5, 1_000_000)


def backwards():
    file = head()
    file.time_ns -= 10**7
    return file.order(2, "B", 5, 1_000_000)


SIZE = head().size
FAULTS = [
    (head().delete(1).bytes()[:-4], f"cut off in the message at byte {SIZE}", 1),
    (b"time,type,order_id\n34200.5,1,16113575\n", "type 'm' is unknown at byte 0", 1),
    (head().bytes() + b"\0\x01z", f"message type 'z' is unknown at byte {SIZE}", 1),
    (head().bytes() + b"\0\x02AA", "type 'A' has 2 bytes instead of 36 at byte", 1),
    (head().delete(9), f"cancel of unknown order 9 at byte {SIZE}", 0),
    (head().executed(9, 5), "execution of unknown order 9 at byte", 0),
    (head().replace(9, 10, 5, 1_000_000), "cancel of unknown order 9 at byte", 0),
    (head().order(1, "S", 5, 1_010_000), "duplicate order id 1: it is live at byte", 1),
    (backwards(), f"the time goes backwards at byte {SIZE}", 0),
    (head().order(2, "B", 5, 1_000_050), "price 1000050 is off tick (ticks of 100", 1),
    (head().order(2, "B", 5, 0), "a price of 0 at byte", 1),
    (head().order(2, "B", 0, 1_000_000), "0 shares, outside of 1 to 2147483647", 1),
    (head().order(2, "Z", 5, 1_000_000), "side 'Z' at byte", 1),
    (head().order(2, "B", 5, 1_000_000, locate=2), "stock 'AAA' is not that of its", 1),
    (head().delete(1, locate=5), "stock locate 5 has no directory message (R)", 1),
    (head().state("Z"), "trading state 'Z' is unknown", 1),
]


@pytest.mark.parametrize(("content", "error", "skipped"), FAULTS)
def test_faults(tmp_path, content, error, skipped):
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)
    skips = Skips()
    if isinstance(content, bytes) and content.startswith(b"time"):
        with pytest.raises(InputError, match="no message that can be used"):
            read(tmp_path, content, skips=skips)
    else:
        tape = read(tmp_path, content, skips=skips)[0]
        assert rows(tape)[0] == (L, 0, 10000, 5, 1)
    assert skips.total >= skipped and error in skips.lines()[0]


def test_lenient_keeps_what_names_no_order(tmp_path):
    file = head().delete(9).executed(8, 5).replace(7, 6, 5, 1_000_000).delete(1)
    skips = Skips()
    (tape,) = read(tmp_path, file, skips=skips)
    kinds = [L, C, Kind.HIDDEN_FILL, C, C]
    assert tape.messages["kind"].to_list() == kinds
    assert tape.counts["cancel_of_unknown_id"] == 2
    assert tape.counts["execution_of_unknown_id"] == 1
    assert tape.counts["replacement_of_unknown_id"] == 1
    check_replay(tape)


def test_an_empty_file_and_the_end_mark(tmp_path):
    with pytest.raises(InputError, match="the file is empty"):
        read(tmp_path, b"")
    (tape,) = read(tmp_path, head().bytes() + b"\0\0")
    assert len(tape.messages) == 1
    assert len(message("S", 2**40, 0, ("c", b"O"))) == 14


def test_progress_is_told(tmp_path):
    told = []
    read(tmp_path, small(), progress_fn=lambda *args: told.append(args))
    assert told[-1][1] == told[-1][2] == small().size
