"""Baselines: the real mix of messages, and valid markets, of any number."""

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from marsjax.book import with_slots
from marsjax.data import read_store, read_tape, to_messages, write_tapes
from marsjax.data.replay import book_at
from marsjax.errors import InputError
from marsjax.eval.baselines import make_baseline
from marsjax.eval.baselines_iid import iid_tapes, nearest
from marsjax.eval.baselines_pool import pool_of
from marsjax.eval.baselines_start import moments_of, to_tape
from marsjax.eval.extract import windows_from_store
from marsjax.eval.windows import CANCEL, HIDDEN, LIMIT, MARKET, touch
from marsjax.types import Kind
from tests.data.fixtures import assert_same_tape
from tests.eval.made_tapes import ROWS, made_tape, random_tape

LENGTH, NUM = 60, 18


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two days of a market."""
    folder = tmp_path_factory.mktemp("baselines") / "store"
    tapes = []
    for day in range(2):
        tape = random_tape(day, 5_000)
        date = f"2024-01-0{2 + day}"
        frame = tape.messages.with_columns(date=pl.lit(date).str.to_date())
        about = {"name": f"XX_{date}", "date": date, "messages": frame}
        tapes.append(type(tape)(**vars(tape) | about))
    write_tapes(folder, tapes, (0.6, 0.1, 0.3))
    return folder


@pytest.fixture(scope="module")
def reference(store):
    return windows_from_store(store, length=LENGTH, part="test", max_windows=NUM)


@pytest.fixture(scope="module")
def iid(store, reference):
    return make_baseline("iid", store, reference)


def assert_sound(windows):
    """No book is crossed."""
    bid, ask, _ = touch(windows)
    is_both = (bid > 0) & (ask > 0) & windows.used_BT
    assert is_both.mean() > 0.9
    assert (bid < ask)[is_both].all()


def test_pool_by_hand():
    pool = pool_of([made_tape()])
    found = [[int(x) for x in row] for row in zip(*pool[:-1], strict=True)]
    # type, sent as, side, ticks from the best, quantity, part of an order, waiting time
    assert found == [
        [CANCEL, Kind.CANCEL, 0, 0, 20, 1, 1_500_000_000],
        [MARKET, Kind.LIMIT, 0, -1, 45, 0, 500_000_000],
        [MARKET, Kind.IOC, 1, 0, 4, 0, 1_000_000_000],
        [CANCEL, Kind.CANCEL, 0, 0, 31, 0, 44_000_000_000],
        [HIDDEN, Kind.HIDDEN_FILL, 1, 2, 9, 0, 11_000_000_000],
        [CANCEL, Kind.CANCEL, 1, 0, 30, 0, 8_000_000_000],
        [CANCEL, Kind.CANCEL, 0, 0, 2, 1, 1_000_000_000],
        [LIMIT, Kind.LIMIT, 0, 2, 3, 0, 1_000_000_000],  # moved: as if new
        [MARKET, Kind.IOC, 1, 0, 1, 0, 1_000_000_000],
        [MARKET, Kind.MARKET, 1, 0, 31, 0, 1_000_000_000],
    ]
    # The first one, whose wait is not known, and three that did nothing.
    assert pool.num_left_out == 4
    with pytest.raises(InputError, match="no message"):
        pool_of([made_tape(ROWS[:3])])


def test_iid_begins_where_the_reference_does(store, reference, iid):
    windows = iid.windows
    assert windows.num_windows == NUM and windows.type_BT.shape[1] == LENGTH
    for name in ("group_B", "first_price_BSK", "first_qty_BSK"):
        same = getattr(reference, name) == getattr(windows, name)
        assert same.all(), name
    assert (windows.time_ns_BT[:, 0] > 0).all()
    moments, books = moments_of(store, reference)
    tape = read_tape(store, str(reference.tape_B[5]))
    book = book_at(tape, moments[5].row)
    found, wanted = (np.sort(x.order_id_SN[x.qty_SN > 0]) for x in (books[5], book))
    assert np.array_equal(found, wanted)


def test_iid_has_the_mix_of_the_training_part(store, reference, iid):
    assert_sound(iid.windows)
    used = iid.windows.used_BT
    assert used.all()
    pool = pool_of(read_store(store), "train")
    for type_ in (LIMIT, MARKET, CANCEL):
        for side in (0, 1):
            wanted = ((pool.type_N == type_) & (pool.side_N == side)).mean()
            is_it = (iid.windows.type_BT == type_) & (iid.windows.side_BT == side)
            error = (wanted * (1 - wanted) / used.sum()) ** 0.5
            assert abs(is_it[used].mean() - wanted) < 4 * error, (type_, side)
    is_limit = iid.windows.type_BT == LIMIT
    sizes = iid.windows.qty_BT[is_limit], pool.qty_N[pool.type_N == LIMIT]
    assert set(sizes[0]) <= set(sizes[1])
    assert abs(sizes[0].mean() / sizes[1].mean() - 1) < 0.15
    gap_s = np.diff(iid.windows.time_ns_BT).mean() / 1e9
    assert abs(gap_s - 0.0073) < 1e-6
    ids = iid.tapes[0].messages.filter(pl.col("kind") == int(Kind.CANCEL))["order_id"]
    assert ids.n_unique() == len(ids)


def test_iid_is_the_same_for_any_number_of_windows(store, reference, iid, tmp_path):
    some = reference.take(np.arange(3))
    moments, books = moments_of(store, some)
    pools = {"XX": pool_of(read_store(store), "train")}
    again = iid_tapes(moments, books, pools, LENGTH)
    for one, other in zip(again, iid.tapes, strict=False):
        assert_same_tape(one, other)
    other = iid_tapes(moments, books, pools, LENGTH, seed=1)
    assert not other[0].messages.equals(again[0].messages)
    write_tapes(tmp_path / "store", iid.tapes)
    stored = windows_from_store(tmp_path / "store", length=LENGTH)
    for name in ("type_BT", "price_ticks_BT", "level_qty_BTSK", "time_ns_BT"):
        assert np.array_equal(getattr(stored, name), getattr(iid.windows, name)), name


def test_which_order_is_cancelled_does_not_depend_on_the_slots(store, reference):
    _, books = moments_of(store, reference.take([0]))
    sizes = [with_slots(books[0], num) for num in (64, 128)]
    price = int(np.median(books[0].price_ticks_SN[0][books[0].qty_SN[0] > 0]))
    chosen = set()
    for bits in range(20):
        draw = (jnp.int32(1), jnp.int32(price), jnp.int32(bits * 7_919))
        found = [[int(x) for x in nearest(book, *draw)] for book in sizes]
        assert found[0] == found[1]
        chosen.add(tuple(found[0]))
    asks = sizes[0].price_ticks_SN[1][sizes[0].qty_SN[1] > 0]
    best = int(asks.min())
    assert {price for price, _, _ in chosen} == {best}
    assert len(chosen) == (asks == best).sum()


def test_a_cancel_that_finds_no_order(store, reference):
    """Nothing but cancels, of one side: they run out, and the rest is counted."""
    pool = pool_of(read_store(store), "train")
    which = (pool.type_N == CANCEL) & (pool.side_N == 0)
    only = type(pool)(*(x[which] for x in pool[:-1]), 0)
    moments, books = moments_of(store, reference.take([0]))
    (tape,) = iid_tapes(moments, books, {"XX": only}, LENGTH)
    num_bids = int((books[0].qty_SN[0] > 0).sum())
    assert tape.counts["orders"] == num_bids
    assert tape.counts["no order to cancel"] == LENGTH - num_bids
    assert (np.asarray(tape.messages["side"])[tape.seed_rows :] == 0).all()


def test_messages_after_the_close(store, reference):
    moments, books = moments_of(store, reference.take([0]))
    day = read_tape(store, str(reference.tape_B[0]))
    sent = to_messages(day.messages[day.seed_rows : day.seed_rows + 3])
    left_s = 57_600 - 34_200 - moments[0].trading_ns // 10**9
    after_ns = np.array([left_s - 9, left_s + 9, left_s + 50_000]) * 10**9
    tape = to_tape(moments[0], books[0], sent, after_ns, source="made up")
    assert tape.sessions == ((34_200, 57_610),)
    assert tape.notes == ("runs 10 s beyond the end of trading",)
    assert tape.counts["orders"] == 2 and tape.counts["after midnight"] == 1


def test_replay_gives_other_real_windows(store, reference):
    replay = make_baseline("replay", store, reference)
    assert replay.windows.num_windows == NUM
    assert sorted(replay.windows.group_B) == sorted(reference.group_B)
    stops = {t.name: t.split["train"][1] for t in read_store(store)}
    ends = replay.windows.row_B + LENGTH
    tapes = replay.windows.tape_B.tolist()
    assert all(e <= stops[t] for e, t in zip(ends, tapes, strict=True))
    many = reference.take(np.arange(200) % NUM)
    assert make_baseline("replay", store, many).notes


def test_unknown_names(store, reference):
    with pytest.raises(InputError, match="no baseline 'gan'"):
        make_baseline("gan", store, reference)
    with pytest.raises(InputError, match="part"):
        make_baseline("replay", store, reference, part="spring")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zi", "hawkes"])
def test_fitted_markets(name, store, reference):
    made = make_baseline(name, store, reference)
    windows = made.windows
    assert windows.num_windows == NUM and windows.type_BT.shape[1] == LENGTH
    assert_sound(windows)
    assert (windows.group_B == reference.group_B).all()
    begin = [windows.time_ns_BT[:, 0], reference.time_ns_BT[:, 0]]
    assert np.abs(begin[0] - begin[1]).max() < 60 * 10**9
    again = make_baseline(name, store, reference)
    for one, other in zip(made.tapes, again.tapes, strict=True):
        assert_same_tape(one, other)
    shares = [(x.type_BT == MARKET).mean() for x in (windows, reference)]
    assert abs(shares[0] - shares[1]) < 0.05
