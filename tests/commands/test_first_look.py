"""The first table of a demo."""

from types import SimpleNamespace

import numpy as np
from rich.console import Console

from marsjax.commands.first_look import BLOCKS, first_look, sparkline
from marsjax.market import Record, Rollout
from marsjax.types import Kind


def test_sparkline_goes_from_low_to_high():
    line = sparkline(np.arange(80.0), width=8)
    assert line == BLOCKS
    assert sparkline(np.arange(80.0)[::-1], width=8) == BLOCKS[::-1]
    assert set(sparkline(np.full(9, 3.0), width=4)) == {BLOCKS[4]}
    assert sparkline(np.full(9, np.nan), width=4) == "    "
    assert len(sparkline(np.array([1.0, np.nan]), width=5)) == 5


def test_a_line_a_market():
    """Two markets of four orders; the second's session ends after two."""
    zeros = np.zeros((2, 4), np.int32)
    columns = {name: zeros for name in Record._fields}
    kind = np.full((2, 4), int(Kind.LIMIT), np.int32)
    kind[1, 2:] = int(Kind.NONE)
    columns |= {
        "kind": kind,
        "clock_s": np.array([[10, 11, 12, 17], [10, 12, 0, 0]], np.int32),
        "bid_ticks": np.array([[100, 100, 0, 103], [100, 98, 0, 0]], np.int32),
        "ask_ticks": np.array([[102, 102, 0, 105], [102, 104, 0, 0]], np.int32),
        "traded_qty": np.array([[0, 300, 0, 200], [0, 0, 0, 0]], np.int32),
    }
    result = Rollout(Record(**columns), np.zeros(2, np.uint32), np.array([0, 7]))
    start = SimpleNamespace(
        tape=SimpleNamespace(tick_size=0.01, lot_size=100),
        market=SimpleNamespace(clock_s=9, clock_ns=0, anchor2_ticks=202),
    )
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(first_look(result, start))
    text = captured.get()
    rows = [line.split("│")[1:-1] for line in text.splitlines() if line[:1] == "│"]
    rows = [[cell.strip() for cell in row] for row in rows]
    assert rows[0][:6] == ["0", "8", "1.040", "+3.0", "2.00", "5"]
    assert rows[1][:6] == ["7", "3", "1.010", "+0.0", "4.00", "0"]
    assert "…" not in text
