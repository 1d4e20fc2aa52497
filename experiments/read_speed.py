"""How fast the readers of text formats are, and how much memory they need.

    taskset -c 0 python -m experiments.read_speed --rows 5_000_000

Run it from the repository's root, for it makes its files with ``tests/data``. Makes
files of each format in a temporary folder, about 40 bytes a row, and reads each in a
process of its own without keeping anything. Prints rows a second of processor time,
which other programs on the machine hardly change (the best of ``--runs``), and the most
memory the process used, of which Python and its libraries have 200 MB before the first
row. Expected on one core: more than 300 thousand rows/s for each, and memory that does
not depend on the number of rows.
"""

import multiprocessing
import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro

from marsjax.commands.console import say
from marsjax.data.formats.lobster import LobsterReader
from marsjax.data.formats.sse import SseReader
from marsjax.data.formats.szse import SzseReader
from marsjax.errors import exit_on_input_error
from tests.data.market_files import Block, write_files

READERS = {"lobster": LobsterReader, "sse": SseReader, "szse": SzseReader}
BLOCK_MESSAGES = 100_000


@dataclass(frozen=True)
class Args:
    """Read made-up files of each format."""

    rows: int = 5_000_000
    """about how many rows the files of a format have in all"""
    formats: tuple[str, ...] = tuple(READERS)
    """which formats"""
    runs: int = 3
    """how often each is read"""


def measure(source: str, block: Block, num_rows: int, runs: int) -> dict[str, float]:
    """Rows, megabytes of the files, rows a second, and the most memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        copies = max(1, round(num_rows / len(block.events)))
        paths, rows = write_files(folder, source, block, copies)
        size = sum(path.stat().st_size for path in paths)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = [pool.apply(read, (source, paths)) for _ in range(runs)]
    return {
        "rows": rows,
        "file_MB": size / 1e6,
        "rows_per_s": rows / min(seconds for seconds, _ in found),
        "peak_MB": max(peak for _, peak in found),
    }


def read(source: str, paths: list[Path]) -> tuple[float, float]:
    """Seconds of processor time, and the most memory of this process in MB."""
    began = resource.getrusage(resource.RUSAGE_SELF)
    for piece in READERS[source](*paths).pieces():
        del piece
    ended = resource.getrusage(resource.RUSAGE_SELF)
    seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return seconds, ended.ru_maxrss / 1024


def main(args: Args) -> None:
    """Print a line for each format."""
    block = Block(0, min(BLOCK_MESSAGES, args.rows), num_live=500)
    for source in args.formats:
        found = measure(source, block, args.rows, args.runs)
        say(
            f"{source}: {found['rows']:,} rows, {found['file_MB']:,.0f} MB: "
            f"{found['rows_per_s']:,.0f} rows/s, peak {found['peak_MB']:,.0f} MB"
        )


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, description=__doc__))
