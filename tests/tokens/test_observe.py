"""What the tokens see of a tape is what they would see in the book's slots."""

from importlib import import_module

import jax
import numpy as np
import pytest

from marsjax.data import prepare_sse
from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape, message_frame
from marsjax.synth.all_kinds import with_all_kinds
from marsjax.synth.random_stream import RandomStream
from marsjax.tokens import tape as of_tape
from marsjax.tokens.levels import observe_levels
from marsjax.tokens.observe import observe
from marsjax.tokens.orders import fit
from marsjax.tokens.tape import book_lots, observe_tape, observed_orders, tape_features
from marsjax.tokens.views import LEVELS
from marsjax.types import Message

BLOCK = 512


@pytest.fixture(scope="module")
def tape() -> Tape:
    """A tape that begins with an empty book and has nearly all kinds of messages."""
    stream = RandomStream(4, 30, num_ids=400)
    rows = np.concatenate([stream.opening(), stream.rows(1_900)])
    rows = with_all_kinds(np.random.default_rng(4), rows, 400, rare=1e-2, bad=0)
    columns = Message(*rows.T)._asdict()
    del columns["display_qty"]
    at = np.arange(len(rows))
    frame = message_frame("ALL", None, time_s=at // 3, time_ns=at % 3, **columns)
    return Tape(
        name="ALL",
        symbol="ALL",
        date=None,
        messages=frame,
        tick_size=0.01,
        lot_size=100,
        sessions=((0, 300), (350, 600)),
        source="test",
    )


@pytest.fixture(scope="module")
def observed(tape):
    """Four blocks of it, so that what passes from one to the next is seen too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("marsjax.book.stream"), "BLOCK_SIZES", (BLOCK,))
        return observe_tape(tape)


def test_by_the_ladder_as_by_the_slots(tape, observed):
    want = observed_orders(tape, replay_tape(tape, observe_fn=observe))
    jax.tree.map(np.testing.assert_array_equal, observed, want)
    assert len(want.row) > 2 * BLOCK and (want.seen.volume_K != 0).mean() > 0.1
    assert min(want.left_out.values()) > 50


def test_levels_by_the_ladder_as_by_the_slots(tape):
    """Ten levels a side, those far from the mid too."""
    result = replay_tape(tape, observe_fn=observe_levels)
    want = observed_orders(tape, result, LEVELS)
    jax.tree.map(np.testing.assert_array_equal, observe_tape(tape, view=LEVELS), want)
    volume_K = want.seen.volume_K
    assert volume_K.shape == (len(want.row), 20) and (volume_K[:, [9, 19]] != 0).any()
    assert (volume_K[:, :10] <= 0).all() and (volume_K[:, 10:] >= 0).all()
    now = want.seen.quote
    np.testing.assert_array_equal(-volume_K[:, 0], now.bid_qty)
    np.testing.assert_array_equal(volume_K[:, 10], now.ask_qty)


def test_bytes_an_order(observed):
    columns = [x for x in jax.tree.leaves(observed) if isinstance(x, np.ndarray)]
    assert sum(x.nbytes for x in columns) == 97 * len(observed.row)


def test_features_do_not_depend_on_blocks(observed, monkeypatch):
    tokenizer = fit(observed.raw, book_lots(observed, 100))
    monkeypatch.setattr(of_tape, "BLOCK", BLOCK)
    in_blocks = tape_features(observed, tokenizer, 100)
    monkeypatch.setattr(of_tape, "BLOCK", 4 * BLOCK)
    np.testing.assert_array_equal(in_blocks, tape_features(observed, tokenizer, 100))
    assert in_blocks.dtype == np.int16 and len(in_blocks) == len(observed.row)


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["600536", "600761", "601825"])
def test_real_days(shared, symbol):
    """Every order of a day, integer for integer."""
    name = f"SSE_{symbol}.SH_2023-07-11"
    files = [shared / "data" / f"{name}_{x}.csv.xz" for x in ("orders", "trades")]
    tape = prepare_sse(*files)
    want = observed_orders(tape, replay_tape(tape, observe_fn=observe))
    jax.tree.map(np.testing.assert_array_equal, observe_tape(tape), want)
    assert len(want.row) > 9_000
