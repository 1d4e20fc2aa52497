"""Streams of pieces become stores in bounded memory, whole or not at all."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from marsjax.data import SplitSpec, StoreWriter, read_store, write_tapes
from marsjax.data.manifest import WORK_PREFIX, read_manifest
from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.store_commit import make_work, move_in
from marsjax.errors import InputError
from tests.data.test_store import content
from tests.data.test_tape import tape_of


class MadeUp:
    """Pieces of several tapes, mixed, as a reader of a day of many symbols gives them.

    Columns are int64 views of one array, as readers make them.
    """

    source, skips = "made up", None

    def __init__(self, rows, chunk=100, seed=0):
        self.rows, self.chunk = rows, chunk
        self.rng = np.random.default_rng(seed)

    def pieces(self):
        left, done = dict(self.rows), dict.fromkeys(self.rows, 0)
        while left:
            name = str(self.rng.choice(list(left)))
            num = min(left[name], int(self.rng.integers(1, self.chunk)))
            yield self.piece(name, done[name], num)
            done[name] += num
            left[name] -= num
            if not left[name]:
                del left[name]

    def piece(self, name, first, num):
        row = np.arange(first, first + num)
        columns = np.stack(
            [row // 10, row % 10, row % 2 + 1, row % 2, row % 97 + 1, row % 5, row, row]
        )
        names = ("time_s", "time_ns", "kind", "side", "price_ticks", "qty")
        messages = dict(zip((*names, "order_id", "owner"), columns, strict=True))
        fills = {"row": row[::3]} | {
            key: row[::3] % 9 + 1
            for key in ("price_ticks", "qty", "maker_id", "taker_id")
        }
        return Piece(name, messages, fills)

    def facts(self, name):
        return TapeFacts(name, name, None, 0.01, 1, ((0, 10**6),), self.source)


def write(directory, reader, **options):
    with StoreWriter(directory, **options) as writer:
        writer.add_all(reader)
        writer.commit(reader.facts)
    return writer


def test_memory_is_bounded_and_rows_are_all_there(tmp_path):
    """Three megabytes of 12 symbols, one of them much larger, in 128 KiB."""
    rows = {f"S{i}": 500 * (i % 5 + 1) for i in range(11)} | {"BIG": 20_000}
    bound, chunk = 1 << 17, 300
    largest = chunk * 13 * 8 + 13 * 112  # of a piece
    out = tmp_path / "store"
    writer = write(
        out, MadeUp(rows, chunk), buffer_bytes=bound, part_rows=3_000, split=(1, 0, 0)
    )
    assert bound // 2 < writer.most_held_bytes <= bound + largest
    tapes = {tape.name: tape for tape in read_store(out)}
    assert {name: len(tape.messages) for name, tape in tapes.items()} == rows
    for name, tape in tapes.items():
        row = np.arange(rows[name])
        assert tape.messages["order_id"].to_numpy().tolist() == row.tolist()
        assert tape.messages["time_s"].to_numpy().tolist() == (row // 10).tolist()
        assert len(tape.fills) >= len(row) // 3
        assert set(tape.fills["row"].to_list()) <= set(row.tolist())
    parts = sorted((out / "symbol=BIG/date=unknown").glob("messages-*.parquet"))
    assert len(parts) == 7  # six of 3,000 and the rest
    assert not list(out.rglob("*.spill")) and not list(out.glob(f"{WORK_PREFIX}*"))


def test_the_same_rows_make_the_same_files_however_they_come(tmp_path):
    rows = {"A": 5_000, "B": 7_777}
    for name, options in (
        ("small", {"buffer_bytes": 20_000}),
        ("large", {"buffer_bytes": 10**9}),
    ):
        write(tmp_path / name, MadeUp(rows), part_rows=2_000, **options)
    one, two = (content(tmp_path / name) for name in ("small", "large"))
    assert {str(p) for p in one} == {str(p) for p in two}
    parquet = [path for path in one if path.suffix == ".parquet"]
    assert len(parquet) == 3 + 4 + 1 + 2
    assert all(one[path] == two[path] for path in parquet)


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("time_s", 1, "tape A: the time goes backwards at row 150"),
        ("qty", 2**40, "qty of messages is 1099511627776, which does not fit Int32"),
        ("price_ticks", 2**29, "outside of 1 to 2.*at row 150"),
    ],
)
def test_rows_that_no_tape_can_have(tmp_path, column, value, error):
    made_up = MadeUp({"A": 200})
    pieces = [made_up.piece("A", 0, 100), made_up.piece("A", 100, 100)]
    pieces[1].messages[column] = pieces[1].messages[column].copy()
    pieces[1].messages[column][50] = value
    with (
        pytest.raises(InputError, match=error),
        StoreWriter(tmp_path / "store", part_rows=120) as writer,
    ):
        for piece in pieces:
            writer.add(piece, made_up.facts)
        writer.commit(made_up.facts)
    assert not (tmp_path / "store").exists()


def test_a_reader_without_rows_and_names_that_are_none(tmp_path):
    with pytest.raises(InputError, match="no message that can be used"):
        write(tmp_path / "store", MadeUp({}))
    for name in ("A B", "../A", ".A"):
        with pytest.raises(InputError, match="cannot name a tape"):
            write(tmp_path / "store", MadeUp({name: 5}))
    assert not (tmp_path / "store").exists()


def tape(name, rows=20):
    made = tape_of(list(range(10, 10 + rows)))
    messages = made.messages
    return type(made)(**{**vars(made), "name": name, "symbol": name,
                         "messages": messages})  # fmt: skip


def gone():
    """The id of a process that runs no more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def as_of(work, pid):
    """A hidden folder as another process would have named it."""
    host, _, tail = work.name.removeprefix(WORK_PREFIX).split("-")
    return work.rename(work.with_name(f"{WORK_PREFIX}{host}-{pid}-{tail}"))


def test_what_a_killed_writer_left_is_removed_and_told(tmp_path):
    out = tmp_path / "store"
    dead = as_of(make_work(out), gone())
    (dead / "rows").mkdir()
    alive, unknown = make_work(out), out / f"{WORK_PREFIX}1"
    unknown.mkdir()
    with StoreWriter(out) as writer:
        assert not dead.exists() and alive.exists() and unknown.exists()
        assert f"removed {dead.name}, which an interrupted" in " ".join(writer.notes)
        assert any(str(unknown) in note for note in writer.notes)
        assert not any(str(alive) in note for note in writer.notes)
    write_tapes(out, [tape("A")])
    assert len(read_store(out)) == 1


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_a_writer_killed_while_moving_is_taken_back(tmp_path, monkeypatch, moved):
    """A store of A; A anew and B are moved in, and the process dies on the way."""
    out = tmp_path / "store"
    write_tapes(out, [tape("A")])
    before = content(out)
    write_tapes(tmp_path / "other", [tape("A", 25), tape("B")])
    work = make_work(out)
    folders = ["symbol=A/date=unknown", "symbol=B/date=unknown"]
    for folder in folders:
        shutil.copytree(tmp_path / "other" / folder, work / "new" / folder)

    rename, count = type(out).replace, [0]

    class Killed(BaseException):
        pass

    def killed(path, target):
        count[0] += 1
        if count[0] > moved:
            raise Killed
        return rename(path, target)

    monkeypatch.setattr(type(out), "replace", killed)
    monkeypatch.setattr("marsjax.data.store_commit._take_back", lambda *_: None)
    with pytest.raises(Killed):
        move_in(work, out, folders, "{}")
    monkeypatch.undo()
    as_of(work, gone())
    with StoreWriter(out) as writer:
        assert len(writer.notes) == 1
    assert content(out) == before


def test_writers_at_the_same_time_both_stay(tmp_path):
    out = tmp_path / "store"
    first, second = MadeUp({"A": 50}), MadeUp({"B": 50}, seed=1)
    with StoreWriter(out) as one, StoreWriter(out) as two:
        one.add_all(first)
        two.add_all(second)
        two.commit(second.facts)
        one.commit(first.facts)
    assert [tape.name for tape in read_store(out)] == ["B", "A"]
    # But not with another split.
    third = MadeUp({"C": 50})
    with pytest.raises(InputError, match="the store is split"):
        write(out, third, split=SplitSpec(embargo_s=1))
    assert not (out / "symbol=C").exists()


def test_options_and_skips_are_kept(tmp_path):
    reader = MadeUp({"A": 50})
    with StoreWriter(tmp_path / "store", options={"tick": 100}) as writer:
        writer.add_all(reader)
        writer.commit(reader.facts, skipped=["skipped 3 rows, first ..."])
    (entry,) = read_manifest(tmp_path / "store").entries
    assert entry["options"] == {"tick": 100}
    assert entry["skipped"] == ["skipped 3 rows, first ..."]
