"""Shanghai's files in chunks, with several instruments, gaps, and faults to skip."""

import gzip

import pytest

from marsjax.data import fidelity
from marsjax.data.formats.sse import SseReader, prepare_sse
from marsjax.data.formats.sse_seen import Seen
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.errors import InputError
from tests.data.fixtures import ORDERS, TRADES, assert_same_tape, with_line, write
from tests.data.market_files import Block, write_files
from tests.data.plain_book import replay_plain


def files(folder, orders=ORDERS, trades=TRADES):
    return write(folder, XX_2024_orders=orders, XX_2024_trades=trades)


def with_column(text, name, values):
    """A text with one more column, which takes its values in turn."""
    head, *lines = text.splitlines()
    lines = [f"{line},{values[i % len(values)]}" for i, line in enumerate(lines)]
    return "\n".join([f"{head},{name}", *lines]) + "\n"


@pytest.mark.parametrize("rows", range(1, 12))
def test_chunks_of_any_size_give_the_same_tape(tmp_path, rows):
    paths = files(tmp_path)
    (tape,) = collect(SseReader(*paths, chunk_rows=rows))
    assert_same_tape(prepare_sse(*paths), tape)


def test_a_real_tape_in_small_chunks(shared):
    paths = [
        shared / f"data/SSE_601825.SH_2023-07-11_{kind}.csv.xz"
        for kind in ("orders", "trades")
    ]
    reader = SseReader(*paths, chunk_rows=50)
    assert sum(1 for _ in reader.pieces()) > 100
    (tape,) = collect(SseReader(*paths, chunk_rows=333))
    assert_same_tape(prepare_sse(*paths), tape)


def test_an_aggressor_over_many_chunks_stays_one_order(tmp_path):
    new = "".join(f"10:00:00.000,2,100000,1,2,{i},{i}\n" for i in range(1, 101))
    fills = "".join(
        f"10:00:01.000,200,{i},1,100000,1,{100 + i}\n" for i in range(1, 101)
    )
    rest = "10:00:01.000,2,100000,7,1,200,300\n"
    orders, trades = (text.splitlines()[0] + "\n" for text in (ORDERS, TRADES))
    paths = files(tmp_path, orders + new + rest, trades + "".join(fills))
    (tape,) = collect(SseReader(*paths, chunk_rows=3))
    assert tape.messages.tail(1)["qty"].to_list() == [107]
    assert len(tape.fills) == 100 and set(tape.fills["row"]) == {100}


def test_a_simulated_market_is_read_and_replays(tmp_path):
    block = Block(3, 2_000)
    paths, num_rows = write_files(tmp_path, "sse", block, 2)
    (tape,) = collect(SseReader(*paths, chunk_rows=100))
    assert tape.counts["orders_read"] + tape.counts["trades_read"] == num_rows
    assert (tape.name, len(tape.messages)) == ("RS_2024-01-02", 2 * len(block.rows))
    events, message, _ = replay_plain(tape.messages)
    found = fidelity.fills_of_events(events, message)
    assert len(found) == tape.counts["continuous_trades_merged_into_orders"] > 400
    assert found.tolist() == fidelity.fills_of_frame(tape.fills, None).tolist()


@pytest.mark.parametrize("name", ["SecurityID", "HTSCSecurityID"])
def test_one_of_several_instruments(tmp_path, name):
    """A second one's rows stand between; its own are read if asked for."""
    texts = [
        with_column(text, name, ["600000.SH"]) + extra
        for text, extra in ((ORDERS, ""), (TRADES, ""))
    ]
    alone = collect(SseReader(*files(tmp_path, *texts), symbol="600000"))[0]
    other = "15:00:00.200,2,100000,500,1,99,16,600001.SH\n"
    paths = files(tmp_path, texts[0] + other, texts[1])
    with pytest.raises(InputError, match=r"orders\.csv:12: .* 600001\.SH, .* --symbol"):
        collect(SseReader(*paths, symbol=None, date="2024-01-02"))
    for symbol in ("600000", "600000.SH"):
        (tape,) = collect(SseReader(*paths, symbol=symbol))
        assert tape.counts["rows_of_other_symbols"] == 1
        assert tape.messages.drop("symbol").equals(alone.messages.drop("symbol"))
    with pytest.raises(InputError, match=r"no row of 600002; .* as 600000\.SH"):
        collect(SseReader(*paths, symbol="600002"))


def test_a_column_names_the_instrument_where_the_file_does_not(tmp_path):
    texts = [with_column(text, "SecurityID", ["600000"]) for text in (ORDERS, TRADES)]
    paths = write(tmp_path, a=texts[0], b=texts[1])
    assert prepare_sse(*paths).symbol == "600000"
    paths = write(tmp_path, YY_2024_orders=texts[0], YY_2024_trades=texts[1])
    with pytest.raises(InputError, match="the file holds 600000, its name says YY"):
        prepare_sse(*paths)
    assert prepare_sse(*paths, symbol="600000").symbol == "600000"


def test_gaps_are_counted_or_refused(tmp_path):
    paths = files(tmp_path)
    assert "gaps_in_the_sequence_numbers" not in prepare_sse(*paths).counts
    assert prepare_sse(*paths, is_contiguous=True).counts["messages"] == 15
    paths = files(tmp_path, with_line(ORDERS, 11, ",19,14", ",19,15"),
                  with_line(TRADES, 6, ",50,15", ",50,17"))  # fmt: skip
    assert prepare_sse(*paths).counts["gaps_in_the_sequence_numbers"] == 2
    with pytest.raises(InputError, match=r"orders\.csv:11: ApplSeqNum 15 follows 13"):
        prepare_sse(*paths, is_contiguous=True)


def test_packed_files_are_read_alike(tmp_path):
    plain = prepare_sse(*files(tmp_path))
    paths = [tmp_path / f"XX_2024_{kind}.csv.gz" for kind in ("orders", "trades")]
    for path, text in zip(paths, (ORDERS, TRADES), strict=True):
        path.write_bytes(gzip.compress(text.encode()))
    assert prepare_sse(*paths).messages.equals(plain.messages)


# File, line, what is changed, rows skipped, and the reason.
FAULTS = [
    ("orders", 4, "101000,250", "101050,250", 2, "OrderPrice is off tick"),
    ("orders", 4, "250", "-250", 2, "OrderQty is"),
    ("orders", 4, ",13,3", "", 2, "the row is cut off"),
    ("orders", 4, "09:17:00.000", "09:15:59.999", 2, "the time goes backwards"),
    ("orders", 4, "09:17:00.000", "14:17:00.000", 2, "the time is ahead"),
    ("orders", 4, ",13,3", ",13,2", 2, "ApplSeqNum does not rise"),
    ("orders", 9, ",15,12", ",99,12", 1, "cancel of of order which is not live"),
    ("orders", 9, "150,2,15", "150,1,15", 1, "the cancel has the wrong side"),
    ("trades", 4, ",150,", ",151,", 1, "trade of of order which has left"),
    ("trades", 3, ",1,101000", ",7,101000", 1, "TradeBSFlag is unknown"),
    ("trades", 2, "09:25:00.010", "09:35:00.010", 1, "the time is ahead"),
    ("trades", 3, ",1,101000", ",0,101000", 1, "TradeBSFlag does not fit"),
]


@pytest.mark.parametrize(("file", "line", "old", "new", "num", "reason"), FAULTS)
def test_faults_are_skipped_and_told(tmp_path, file, line, old, new, num, reason):
    """A trade or cancel of a skipped order is skipped too: the order is not live."""
    texts = {"orders": ORDERS, "trades": TRADES}
    texts[file] = with_line(texts[file], line, old, new)
    paths, skips = files(tmp_path, **texts), Skips()
    (tape,) = collect(SseReader(*paths, skips=skips))
    counts = tape.counts
    assert counts["skipped"] == skips.total == num
    assert counts["orders_read"] + counts["trades_read"] + num >= 15
    told = {name.removeprefix("skipped: ") for name in skips.counts()}
    assert any(name.startswith(reason) for name in told), told
    assert f"{file}.csv:{line}: " in "".join(skips.lines())
    if "ahead" not in reason:  # of which the first row of a chunk knows nothing
        (again,) = collect(SseReader(*paths, skips=Skips(), chunk_rows=2))
        assert_same_tape(tape, again)


def test_repeated_rows_are_skipped_once(tmp_path):
    lines = ORDERS.splitlines(keepends=True)
    orders = "".join([*lines[:6], *lines[2:6], *lines[6:]])
    skips = Skips()
    (tape,) = collect(SseReader(*files(tmp_path, orders=orders), skips=skips))
    assert skips.total == 4
    assert tape.messages.equals(prepare_sse(*files(tmp_path)).messages)


def test_seen_ids():
    import numpy as np

    rng = np.random.default_rng(0)
    seen, known = Seen(), set()
    for top in (100, 10**5, 2**62):
        ids = np.unique(rng.integers(0, top, 500))
        assert seen.contains(ids).tolist() == [i in known for i in ids.tolist()]
        seen.add(ids)
        known |= set(ids.tolist())
        assert seen.contains(ids).all()
    assert seen.contains(np.zeros(0, int)).tolist() == []
