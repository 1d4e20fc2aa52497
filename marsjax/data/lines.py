"""Text of a file in pieces of whole lines."""

import re
from collections.abc import Iterator

from marsjax.data.files import CutOffError, StoredFile
from marsjax.data.skips import Skips
from marsjax.errors import InputError

CHUNK_ROWS = 1 << 17
ROW_BYTES = 48
"""About as many as a row of a message file has."""
CHUNK_BYTES = CHUNK_ROWS * ROW_BYTES
MAX_LINE_BYTES = 1 << 26


def whole_lines(file: StoredFile, size: int, skips: Skips | None) -> Iterator[str]:
    """Text of about ``size`` bytes that ends with a line, without its last newline.

    Empty lines at the end of the file are left out. ``skips`` as in `read_chunks`.
    """
    blocks, rest, line, is_over = _until_damage(file, skips), b"", 1, False
    while not is_over:
        held, length = [rest], len(rest)
        while not is_over and (length < size or len(held) == 1):
            block = next(blocks, None)
            is_over = block is None
            held.append(block or b"")
            length += len(held[-1])
        content, start = b"".join(held), 0
        if is_over:
            content = content.rstrip(b"\r\n")
        while (end := _end_of_line(content, start, size, is_over)) is not None:
            piece = content[start:end]
            if line > 1 or piece.strip():
                yield _decoded(file, piece, line, skips)
                line += piece.count(b"\n") + 1
            start = end + 1
        rest = content[start:]
        if len(rest) > size + MAX_LINE_BYTES:
            raise InputError(
                f"a line of over {MAX_LINE_BYTES >> 20} MB: this is not text",
                "give a comma-separated file",
                file=file.path,
                line=line,
            )


def _until_damage(file: StoredFile, skips: Skips | None) -> Iterator[bytes]:
    try:
        yield from file.blocks()
    except CutOffError as cut:
        if skips is None:
            raise
        skips.add(cut, 0)


def _end_of_line(content: bytes, start: int, size: int, is_over: bool) -> int | None:
    """Where lines of at most ``size`` bytes end, or one line if it is longer.

    Empty lines behind are left for later: at the end of the file they are no rows.
    ``None`` if more has to be read to know, or nothing is left.
    """
    if len(content) - start < size:
        return len(content) if is_over and start < len(content) else None
    end = content.rfind(b"\n", start, start + size)
    while end > start and content[end - 1] == ord("\n"):
        end -= 1
    if end > start:
        return end
    found = re.compile(rb"[^\n]\n").search(content, start + size - 1)
    if found:
        return found.end() - 1
    return len(content) if is_over else None


def _decoded(file: StoredFile, piece: bytes, line: int, skips: Skips | None) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        if skips is None:
            raise InputError(
                "this is not text",
                "give a comma-separated file",
                file=file.path,
                line=line + piece.count(b"\n", 0, error.start),
            ) from None
        return piece.decode("utf-8", errors="replace")
