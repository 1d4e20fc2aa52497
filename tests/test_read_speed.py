"""The measurement of the readers measures what it says."""

import pytest

from experiments import read_speed
from tests.data.market_files import Block, write_files


@pytest.mark.parametrize("source", read_speed.READERS)
def test_a_format_is_read_whole(tmp_path, source):
    block = Block(0, 300)
    paths, rows = write_files(tmp_path, source, block, 3)
    pieces = read_speed.READERS[source](*paths).pieces()
    messages = sum(len(piece.messages["kind"]) for piece in pieces)
    assert rows >= messages >= 3 * len(block.rows)
    seconds, peak_mb = read_speed.read(source, paths)
    assert seconds > 0 and 50 < peak_mb < 20_000
