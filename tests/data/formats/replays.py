"""What a replay of any tape must show."""

import numpy as np

from marsjax.data import dense_ids, fidelity
from marsjax.types import Kind
from tests.data.plain_book import replay_plain

COLUMNS = ("time_s", "time_ns", "kind", "side", "price_ticks", "qty", "order_id")


def check_replay(tape, num_levels=1, may_cross=False):
    """Every expected fill and no other, every cancel, no crossed book; its levels."""
    ids = dense_ids(tape.messages)
    frame = tape.messages
    if ids is not None:
        frame = frame.with_columns(order_id=np.searchsorted(ids, frame["order_id"]))
    events, message, levels = replay_plain(frame, num_levels)
    expected = fidelity.fills_of_frame(tape.fills, ids)
    fills = fidelity.compare_fills(expected, fidelity.fills_of_events(events, message))
    assert fills.matched == fills.total == len(tape.fills)
    for kind in (Kind.CANCEL, Kind.AUCTION_FILL):
        cancels = fidelity.compare_cancels(frame, events, message, of=kind)
        assert cancels.matched == cancels.total
    crossed = fidelity.crossed_states(levels[:, 0], np.ones(len(levels), bool))
    assert may_cross or crossed == 0
    return levels


def same(first, second):
    """Whether two lists of tapes hold the same."""
    assert [tape.name for tape in first] == [tape.name for tape in second]
    for a, b in zip(first, second, strict=True):
        assert a.messages.equals(b.messages) and a.fills.equals(b.fills)
        assert (a.counts, a.seed_rows) == (b.counts, b.seed_rows)
        assert (a.quotes is None) == (b.quotes is None)
        assert a.quotes is None or a.quotes.equals(b.quotes)


def rows(tape):
    """Kind, side, price, quantity and id; the reader's own ids as ``None``."""
    chosen = tape.messages.select(COLUMNS[2:]).rows()
    return [(*row[:4], None if row[4] >= 2**62 else row[4]) for row in chosen]
