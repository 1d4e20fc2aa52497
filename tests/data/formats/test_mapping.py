"""Feeds read by a TOML mapping."""

import polars as pl
import pytest

from marsjax.data.formats.bitstamp import BitstampReader
from marsjax.data.formats.mapping import MappingReader
from marsjax.data.formats.mapping_columns import hashed
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.errors import InputError
from marsjax.types import Kind
from tests.data.fixtures import with_line
from tests.data.formats import test_bitstamp
from tests.data.formats.mapping_maker import FEED, MAPPING, SIMPLE, read, spec_file
from tests.data.formats.replays import check_replay, rows, same

L, C, I, M = Kind.LIMIT, Kind.CANCEL, Kind.IOC, Kind.MODIFY  # noqa: E741
CANONICAL = [
    (L, 0, 10000, 50, 1),
    (L, 1, 10005, 40, 2),
    (L, 0, 10000, 30, 3),
    (I, 1, 10000, 20, None),
    (Kind.AUCTION_FILL, 0, 10000, 5, 3),
    (C, 1, 10005, 15, 2),
    (C, 0, 10000, 5, 1),
    (Kind.AUCTION_FILL, 1, 10005, 5, 2),
    (M, 0, 9999, 20, 3),
    (C, 0, 10000, 25, 1),
    (L, 0, 9998, 10, 4),
    (Kind.HIDDEN_FILL, 1, 10001, 7, 0),
    (Kind.CROSS, 0, 10003, 500, 0),
    (Kind.HALT, 0, -1, 0, 0),
    (Kind.HALT, 0, 1, 0, 0),
    (C, 1, 10005, 20, 2),
]


def test_every_kind_of_action(tmp_path):
    (tape,) = read(tmp_path)
    assert (tape.name, tape.sessions) == ("XYZ_2024-07-01", ((34_200, 57_600),))
    assert rows(tape) == CANONICAL
    assert [fill[:4] for fill in tape.fills.rows()] == [(3, 10000, 20, 1)]
    assert tape.counts["action none"] == 1
    assert tape.counts["execution_out_of_queue_order"] == 1
    assert tape.counts["price_rounded_down_to_tick"] == 1
    times = tape.messages.select("time_s", "time_ns").rows()
    assert times[1] == (34_200, 500_000_000) and times[14] == (34_208, 1)
    assert tape.notes[0].startswith("read by the mapping feed.toml (sha256 ")
    check_replay(tape)


@pytest.mark.parametrize("chunk_rows", [1, 5])
def test_chunks_make_no_difference(tmp_path, chunk_rows):
    same(read(tmp_path), read(tmp_path, chunk_rows=chunk_rows))


def test_parquet_is_read_as_a_csv(tmp_path):
    frame = pl.read_csv(FEED.encode(), schema_overrides={"side": pl.String})
    (tape,) = read(tmp_path, frame, name="feed.parquet", chunk_rows=4)
    assert rows(tape) == CANONICAL
    assert set(tape.files[0]) == {"name", "sha256", "bytes"}
    (tmp_path / "cut.parquet").write_bytes(
        (tmp_path / "feed.parquet").read_bytes()[:99]
    )
    with pytest.raises(InputError, match="the parquet file cannot be read"):
        collect(MappingReader(tmp_path / "cut.parquet", spec_file(tmp_path)))


def test_a_created_changed_deleted_log_by_a_mapping(tmp_path):
    mapping = """\
[tape]
crossing = "hold"
[time]
column = "timestamp"
unit = "ms"
[action]
column = "action"
[action.codes]
created = "add"
changed = "change"
deleted = "end"
[side]
column = "direction"
buy = "bid"
sell = "ask"
[price]
column = "price"
[quantity]
column = "volume"
unit = "1e-8"
lot = "0.0001"
round = true
[id]
column = "id"
"""
    # Without what a mapping cannot tell: events of an order after its end.
    events = [each for each in test_bitstamp.EVENTS if each[0] not in (6, 9)]
    name = "BTCUSD_orders.csv"
    (tape,) = read(tmp_path, test_bitstamp.csv(events), mapping, name)
    (other,) = collect(BitstampReader(tmp_path / name))
    assert tape.messages.equals(other.messages) and tape.fills.equals(other.fills)
    assert tape.counts["quantity_rounded_to_lot"] == 5
    check_replay(tape)


def test_text_ids_and_symbols(tmp_path):
    more = 'text = true\n[symbol]\ncolumn = "y"'
    mapping = SIMPLE.format(time='unit = "s"', more=more)
    feed = (
        "y,t,a,s,p,q,i\nAA,1,A,B,1.00,5,ab-7\nB/B,1,A,S,1.02,6,ab-7\n"
        "AA,2,D,,,,ab-7\nB/B,86400,A,S,1.03,7,ab-8 \nAA,86400,D,,,,zz\n"
    )
    first, second, third, fourth = read(tmp_path, feed, mapping)
    assert [tape.name for tape in (first, second, third, fourth)] == [
        "AA_1970-01-01",
        "AA_1970-01-02",
        "B_2fB_1970-01-01",
        "B_2fB_1970-01-02",
    ]
    assert third.symbol == "B/B"
    seven = int(hashed(pl.Series(["ab-7"]))[0])
    assert first.messages["order_id"].to_list() == [seven, seven]
    assert second.counts["cancel_of_unknown_id"] == 1
    assert fourth.messages["order_id"][0] == seven and fourth.seed_rows == 1
    same(read(tmp_path, feed, mapping, symbols=["AA"]), [first, second])
    with pytest.raises(InputError, match="no row of CC"):
        read(tmp_path, feed, mapping, symbols=["CC"])


def test_files_follow_each_other(tmp_path):
    lines = FEED.splitlines(keepends=True)
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    paths[0].write_text("".join(lines[:7]))
    paths[1].write_text("".join(lines[:1] + lines[7:]))
    (tape,) = collect(MappingReader(paths, spec_file(tmp_path)))
    assert rows(tape) == CANONICAL
    assert [file["name"] for file in tape.files] == ["a.csv", "b.csv"]
    with pytest.raises(InputError, match=r"a\.csv:2: the time goes backwards"):
        collect(MappingReader(paths[::-1], spec_file(tmp_path)))


FAULTS = [
    (2, ",new,", ",old,", "csv:2: what is 'old', which is in no action.codes"),
    (2, ",B,", ",Q,", "csv:2: side is 'Q', in neither side.buy nor side.sell"),
    (2, "1000000", "1000010", "csv:2: price 1000010 is off tick (ticks of 0.01)"),
    (2, "1000000", "-1", "csv:2: price is '-1', not a positive number"),
    (2, "1000000", "", "csv:2: price is '', not a positive number"),
    (2, ",50,", ",0,", "csv:2: size is '0', not a positive number"),
    (2, ",50,", ",0.5,", "csv:2: size 0.5 is no whole number of lots of 1"),
    (2, ",50,", f",{2**40},", f"csv:2: size {2**40} is over 2**31 - 1 lots"),
    (2, ",new,1,", ",new,one,", "csv:2: id is 'one', not a whole number"),
    (2, ",new,1,", ",new,,", "csv:2: id is '', not a whole number"),
    (3, ",new,2,", ",new,1,", "csv:3: duplicate order id 1: it is live"),
    (3, "09:30:00.5", "09:29:00", "csv:3: the time goes backwards"),
    (3, "09:30:00.5", "9h30", "csv:3: when is '9h30', not HH:MM:SS[.fraction]"),
    (3, "2,", "1,", "csv:3: seq 1 does not rise"),
    (3, ",40,", ",40", "csv:3: the row is cut off: 7 fields instead of 8"),
]


@pytest.mark.parametrize(("line", "old", "new", "error"), FAULTS)
def test_faults(tmp_path, line, old, new, error):
    head = "".join(FEED.splitlines(keepends=True)[:4])
    text = with_line(head, line, old, new)
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)
    skips = Skips()
    (tape,) = read(tmp_path, text, skips=skips)
    assert len(tape.messages) == 2 and skips.total == 1
    assert skips.counts().items() <= tape.counts.items()


def test_a_gap_in_the_sequence(tmp_path):
    lines = FEED.splitlines(keepends=True)
    text = "".join(lines[:8] + lines[9:])
    with pytest.raises(InputError, match="csv:9: a gap in the sequence before 9"):
        read(tmp_path, text)
    skips = Skips()
    (tape,) = read(tmp_path, text, skips=skips)
    assert rows(tape) == CANONICAL and tape.counts["sequence_gaps"] == 1
    same([tape], read(tmp_path, text, skips=Skips(), chunk_rows=1))


def test_columns_that_are_not_there(tmp_path):
    mapping = MAPPING.replace('"size"', '"qty"')
    with pytest.raises(
        InputError, match=r"no column 'qty' .*; correct quantity.column"
    ):
        read(tmp_path, mapping=mapping)
    plain = "".join(FEED.splitlines(keepends=True)[1:])
    names = ", ".join(f'"{name}"' for name in FEED.splitlines()[0].split(","))
    mapping = f"{MAPPING}[file]\ncolumns = [{names}]\n"
    assert rows(read(tmp_path, plain, mapping)[0]) == CANONICAL


def test_a_given_book_and_what_waits_at_the_end(tmp_path):
    mapping = SIMPLE.format(time='unit = "s"', more='[tape]\ncrossing = "hold"')
    mapping = mapping.replace('D = "delete"', 'K = "snapshot", X = "clear"')
    feed = "t,a,s,p,q,i\n1,K,B,1.00,5,1\n1,K,S,1.02,5,2\n2,A,B,1.02,5,3\n"
    (tape,) = read(tmp_path, feed, mapping)
    assert (tape.seed_rows, len(tape.messages)) == (2, 2)
    assert tape.counts["aggressors_waiting_at_the_end"] == 1
    (tape,) = read(tmp_path, feed + "3,X,,,,\n3,A,S,1.00,1,1\n", mapping)
    assert tape.messages["kind"].to_list()[2:] == [Kind.MASS_CANCEL, L]
    check_replay(tape)
    feed = feed.replace("1.02,5,2", "1.00,5,2")
    with pytest.raises(InputError, match="csv:3: the given book is crossed: an order"):
        read(tmp_path, feed, mapping)
    skips = Skips()
    (tape,) = read(tmp_path, feed, mapping, skips=skips)
    assert tape.counts["given_book_crossed"] == 1 and tape.seed_rows == 2


def test_symbols_that_would_share_a_folder(tmp_path):
    more = '[symbol]\ncolumn = "y"'
    mapping = SIMPLE.format(time='unit = "s"', more=more)
    feed = "y,t,a,s,p,q,i\nA=,1,A,B,1.00,5,1\nA_3d,1,A,S,1.02,6,1\n"
    with pytest.raises(InputError, match="symbols 'A=' and 'A_3d' are both named A_3d"):
        read(tmp_path, feed, mapping)
