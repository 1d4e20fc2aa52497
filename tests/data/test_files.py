"""Packed, damaged and misshapen files."""

import gzip
import lzma

import pytest
import zstandard

from marsjax.data.files import read_bytes
from marsjax.data.text import read_table
from marsjax.errors import InputError

TEXT = b"a,b\n1,2\n3,4\n" * 500
PACK = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "two xz streams and padding": lambda data: (
        lzma.compress(data[:100]) + bytes(8) + lzma.compress(data[100:]) + bytes(4)
    ),
    "zst": zstandard.compress,
    "two zst frames": lambda data: (
        zstandard.compress(data[:100]) + zstandard.compress(data[100:])
    ),
}


@pytest.mark.parametrize("kind", PACK)
def test_the_first_bytes_tell_how_a_file_is_packed(tmp_path, kind):
    path = tmp_path / "wrong_name.bz2"
    path.write_bytes(PACK[kind](TEXT))
    content, info = read_bytes(path)
    assert content == TEXT
    assert info["name"] == "wrong_name.bz2"
    assert info["bytes"] == path.stat().st_size
    assert len(info["sha256"]) == 64


@pytest.mark.parametrize("kind", ["gz", "xz", "zst", "two zst frames"])
@pytest.mark.parametrize("lost", [1, 12])
def test_a_cut_off_archive_is_refused(tmp_path, kind, lost):
    path = tmp_path / "tape.csv"
    path.write_bytes(PACK[kind](TEXT)[:-lost])
    with pytest.raises(InputError, match="cut off or damaged"):
        read_bytes(path)


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
@pytest.mark.parametrize("more", [b"trailing garbage", b"\0\0\0\0x"])
def test_what_follows_an_archive_is_refused(tmp_path, kind, more):
    path = tmp_path / "tape.csv"
    path.write_bytes(PACK[kind](TEXT) + more)
    with pytest.raises(InputError, match="cut off or damaged"):
        read_bytes(path)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (b"a,b\n1,2\n\xff\xfe,4\n", "tape.csv:3: this is not text"),
        (b"a,b\n1,2\n\n3,4\n", "tape.csv:3: the row is cut off: 0 fields"),
        (b"a,b,a\n1,2,3\n", "tape.csv:1: column 'a' is there more than once"),
        (b"a,c\n1,2\n", "tape.csv:1: no column b (columns: a, c)"),
    ],
)
def test_misshapen_content(tmp_path, content, error):
    path = tmp_path / "tape.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_table(path, ("a", "b"), header=True)
    assert error in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_bytes(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(tmp_path)


def test_other_columns_line_ends_and_byte_order_mark_are_fine(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_bytes(b"\xef\xbb\xbfb,x,a\r\n2,9,1\r\n4,9,3\r\n")
    table = read_table(path, ("a", "b"), header=True)
    assert table.integers("a").tolist() == [1, 3]
    assert table.integers("b").tolist() == [2, 4]
