"""Files, packed or not, block by block, with the hash of what is stored."""

import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from marsjax.errors import InputError

ProgressFn = Callable[[str, int, int], None]
"""Called with a file's name, its bytes read so far and its size."""

BLOCK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 14  # at a time: a few bytes can unpack to a thousand times more
_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class CutOffError(InputError):
    """An archive that ends early or is damaged; what came before it is good."""


class StoredFile:
    """A plain, gzip, xz or Zstandard file, told apart by its first bytes.

    Args:
      path: the file.
      progress_fn: told of the bytes read.
    Attributes:
      info: ``{"name", "sha256", "bytes"}`` of the file as stored; complete once
        `blocks` has been read to its end.
    """

    def __init__(self, path: str | Path, progress_fn: ProgressFn | None = None):
        self.path = Path(path)
        self.info: dict = {"name": self.path.name}
        self._progress_fn = progress_fn

    def blocks(self) -> Iterator[bytes]:
        """The content, unpacked, in blocks of bounded size.

        Errors:
          :class:`InputError` if the file is missing or unreadable; `CutOffError` if it
          is cut off or damaged, after all blocks before the damage.
        """
        stored = self._stored()
        first = next(stored, b"")
        try:
            yield from _unpacked(first, stored)
        except _DAMAGED as error:
            for _ in stored:  # the hash is that of the whole file
                pass
            raise CutOffError(
                f"the archive is cut off or damaged ({error})",
                "download or pack the file again",
                file=self.path,
            ) from None

    def _stored(self) -> Iterator[bytes]:
        """The bytes as they are on disk."""
        digest, done = hashlib.sha256(), 0
        try:
            with self.path.open("rb") as file:
                total = self.path.stat().st_size
                while block := file.read(BLOCK_BYTES):
                    digest.update(block)
                    done += len(block)
                    if self._progress_fn is not None:
                        self._progress_fn(self.path.name, done, total)
                    yield block
        except FileNotFoundError:
            raise InputError("no such file", "check the path", file=self.path) from None
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})", "check the path", file=self.path
            ) from None
        self.info |= {"sha256": digest.hexdigest(), "bytes": done}


def read_bytes(path: str | Path) -> tuple[bytes, dict]:
    """The whole of a small file, unpacked, and its ``{"name", "sha256", "bytes"}``.

    Errors:
      As :meth:`StoredFile.blocks`, and if there is nothing in it.
    """
    file = StoredFile(path)
    content = b"".join(file.blocks())
    if not content.strip():
        raise InputError("the file is empty", "give a file with rows", file=file.path)
    return content, file.info


def _unpacked(first: bytes, stored: Iterator[bytes]) -> Iterator[bytes]:
    if first.startswith(b"\x1f\x8b"):
        return _inflate(first, stored, lambda: zlib.decompressobj(31), padding=1)
    if first.startswith(b"\xfd7zXZ\x00"):
        xz = lzma.FORMAT_XZ
        return _inflate(first, stored, lambda: lzma.LZMADecompressor(xz), padding=4)
    if first.startswith(b"\x28\xb5\x2f\xfd"):
        make = zstandard.ZstdDecompressor().decompressobj
        return _inflate(first, stored, make, padding=0)
    return _both(first, stored)


def _both(first: bytes, stored: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from stored


def _small(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), _PACKED_BYTES):
            yield block[start : start + _PACKED_BYTES]


def _inflate(
    first: bytes, stored: Iterator[bytes], make: Callable, padding: int
) -> Iterator[bytes]:
    """All members of an archive; the libraries are silent about a missing end.

    ``padding``: zero bytes may stand between members in multiples of this; 0: none.
    """
    member, zeros = make(), 0
    for block in _small(_both(first, stored)):
        while block:
            if member is None:
                rest = block.lstrip(b"\0") if padding else block
                zeros += len(block) - len(rest)
                if not rest:
                    break
                if zeros % max(padding, 1):
                    raise EOFError("something follows the end")
                member, zeros, block = make(), 0, rest
            out = member.decompress(block)
            if out:
                yield out
            if not member.eof:
                break
            block = member.unused_data
            member = None
    if member is not None:
        raise EOFError("the last member has no end")
    if zeros % max(padding, 1):
        raise EOFError("something follows the end")
