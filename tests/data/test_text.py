"""Text in chunks of rows: the same rows whatever the chunks, and rows at fault."""

import gzip
import lzma

import numpy as np
import pytest
import zstandard

from marsjax.data import lines
from marsjax.data.files import StoredFile
from marsjax.data.lines import whole_lines
from marsjax.data.skips import Skips
from marsjax.data.text import parsed, read_chunks, read_table
from marsjax.errors import InputError

TEXT = "a,b\n" + "".join(f"{i},{i * i}\n" for i in range(2_000))
PACK = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}


def chunks(path, **options):
    return list(read_chunks(path, ("a", "b"), header=True, **options))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("rows", [1, 7, 500, 10_000])
def test_chunks_of_any_size_hold_the_same_rows(path, rows):
    tables = chunks(path, chunk_rows=rows)
    assert len(tables) >= min(2_000 // (rows * 9), 200)
    whole = read_table(path, ("a", "b"), header=True)
    for name in ("a", "b"):
        parts = np.concatenate([table.integers(name) for table in tables])
        assert parts.tolist() == whole.integers(name).tolist()
    line_T = np.concatenate([table.line_T for table in tables])
    assert line_T.tolist() == list(range(2, 2_002))
    assert tables[-1].info["bytes"] == path.stat().st_size


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_lines_are_whole_and_only_empty_ones_at_the_end_are_lost(tmp_path, size):
    path = tmp_path / "lines"
    path.write_text("one\n\n\ntwo\nthree is long\n\nfour\n\n\n")
    pieces = list(whole_lines(StoredFile(path), size, None))
    assert "\n".join(pieces) == "one\n\n\ntwo\nthree is long\n\nfour"


def test_a_line_without_end_is_no_text(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1 << 21)
    path = tmp_path / "binary"
    path.write_bytes(b"a,b\n1,2\n" + bytes(1 << 23))
    with pytest.raises(InputError, match=r"binary:\d: a line of over 2 MB"):
        chunks(path, chunk_rows=1)


BAD = {
    "cut off": (b"1000,1000000\n", b"1000,1000000\n1000\n", "the row is cut off"),
    "long": (b"1000,1000000\n", b"1000,1000000,1\n", "the row is long"),
    "both": (b"7,49\n8,64\n", b"7,49,3\n8\n", "the row is"),
    "encoding": (b"1000,1000000\n", b"1000,\xb2\xe2\n", "the row is not text"),
    "empty": (b"1000,1000000\n", b"1000,1000000\n\n\n", "the row is cut off"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("rows", [3, 100_000])
def test_lenient_reading_leaves_out_rows_of_a_wrong_shape(path, kind, rows):
    old, new, reason = BAD[kind]
    content = TEXT.encode().replace(old, new)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"tape\.csv:\d+: "):
        chunks(path)
    skips = Skips()
    tables = chunks(path, chunk_rows=rows, skips=skips)
    read = sum(len(table.line_T) for table in tables)
    assert read + skips.total == content.count(b"\n") - 1
    assert 0 < skips.total < 3
    assert skips.lines()[0].startswith("skipped ") and reason in skips.lines()[0]
    assert set(skips.counts(["other.csv"])) == set()


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_archive_is_refused_or_read_as_far_as_it_goes(path, kind):
    text = "a,b\n" + "".join(f"{i},{i * i}\n" for i in range(20_000))
    path.write_text(text)
    whole = chunks(path)[0]
    path.write_bytes(PACK[kind](text.encode())[:-5])
    with pytest.raises(InputError, match=r"tape\.csv: the archive is cut off"):
        chunks(path)
    skips = Skips()
    found = chunks(path, skips=skips)
    assert "the archive is cut off or damaged" in skips.lines()[0]
    numbers = [number for table in found for number in table.integers("a").tolist()]
    assert len(numbers) > 5_000
    assert numbers == whole.integers("a")[: len(numbers)].tolist()


@pytest.mark.parametrize("kind", PACK)
def test_packed_files_are_read_alike(path, kind):
    whole = chunks(path)[0]
    path.write_bytes(PACK[kind](TEXT.encode()))
    assert chunks(path)[0].frame.equals(whole.frame)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_refused(path, codec):
    path.write_bytes(TEXT.encode(codec))
    with pytest.raises(InputError, match=r"tape\.csv:1: (this is not text|no column)"):
        chunks(path)


def test_a_check_that_fails_drops_all_its_rows_at_once(path):
    (table,) = chunks(path)
    calls, skips = [], Skips()

    def parse(table):
        calls.append(len(table.line_T))
        number = table.integers("a")
        table.check(number % 2 == 1, "a is odd", "give even numbers")
        table.check(number % 3 == 1, lambda i: f"a is {number[i]}", "give others")
        return number

    number = parsed(table, parse, skips)
    assert len(calls) == 3 and not (number % 2).any()
    assert len(number) + skips.total == 2_000
    assert skips.counts() == {"skipped: a is odd": 1_000, "skipped: a is": 333}
    assert "tape.csv:3: a is odd" in skips.lines()[0]
