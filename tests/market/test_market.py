"""The closed loop: valid by construction, and the same whoever runs beside it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.book.slots import OWNER
from marsjax.config import ModelConfig
from marsjax.data import read_store, write_tapes
from marsjax.data.replay import book_at, replay_tape
from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.lmm.trained import TrainedModel
from marsjax.market import (
    rollout,
    start_from_synthetic,
    start_from_tape,
    to_tapes,
)
from marsjax.market.ground import can_cancel, cancel_target
from marsjax.market.rollout import run_chunk
from marsjax.market.summary import compare, real_orders, simulated_orders
from marsjax.tokens.clock import NS
from marsjax.tokens.dataset import fit_tokenizer
from marsjax.tokens.orders import encode
from marsjax.tokens.tape import observe_tape, tape_features
from marsjax.tokens.views import LEVELS, find_view, view_of
from marsjax.types import EventKind, Kind, Message, Side, Status

KEY = jax.random.key(7)


@pytest.fixture(scope="module")
def result(start):
    return rollout(
        start, KEY, num_markets=6, num_orders=300, group_size=4, chunk_size=100
    )


def test_every_message_is_valid(result, start):
    """Cancels hit live orders, prices and sizes are on tick and lot, no cross."""
    record = result.records
    assert (result.status == 0).all()
    assert (record.reason == 0).all()
    is_cancel = record.kind == Kind.CANCEL
    assert is_cancel.sum() > 50
    assert (record.last_event[is_cancel] == EventKind.CANCEL).all()
    is_new = record.kind == Kind.LIMIT
    assert (record.qty[is_new] % start.tape.lot_size == 0).all()
    assert (record.qty[is_new] > 0).all() and (record.price_ticks > 0).all()
    both = (record.bid_ticks > 0) & (record.ask_ticks > 0)
    assert not ((record.bid_ticks >= record.ask_ticks) & both).any()
    np.testing.assert_array_equal(np.isnan(result.mid_ticks), ~both)
    mid = (record.bid_ticks + record.ask_ticks)[both] / 2
    np.testing.assert_array_equal(result.mid_ticks[both], mid)
    clock = record.clock_s.astype(np.int64) * NS + record.clock_ns
    assert (np.diff(clock, axis=1) >= 0).all()


def test_a_market_does_not_depend_on_the_others(start, result):
    alone = rollout(
        start, KEY, market_ids=[5], num_orders=300, group_size=4, chunk_size=100
    )
    for one, many in zip(alone.records, result.records, strict=True):
        np.testing.assert_array_equal(one[0], many[5])
    assert len({tuple(row) for row in result.records.price_ticks}) == 6


def test_chunks_do_not_change_a_market(start, result):
    other = rollout(
        start, KEY, num_markets=2, num_orders=300, group_size=4, chunk_size=75
    )
    for one, many in zip(other.records, result.records, strict=True):
        np.testing.assert_array_equal(one, many[:2])


def test_one_compilation_for_each_shape(start, result):
    before = run_chunk._cache_size()
    rollout(
        start,
        jax.random.key(8),
        num_markets=9,
        num_orders=200,
        group_size=4,
        chunk_size=100,
    )
    assert run_chunk._cache_size() == before


def test_tapes_of_a_rollout_replay_to_the_same_quotes(result, start, tmp_path):
    """What the market writes, the readers and the exchange read the same."""
    write_tapes(tmp_path / "sim", to_tapes(result, start))
    tapes = read_store(tmp_path / "sim")
    assert len(tapes) == 6
    for b, tape in enumerate(tapes[:2]):
        replay = replay_tape(tape, observe_fn=mbook.quote)
        assert int(replay.book.status) == 0
        for name in ("bid_ticks", "ask_ticks"):
            np.testing.assert_array_equal(
                getattr(replay.observations, name)[tape.seed_rows :],
                getattr(result.records, name)[b],
            )


def assert_fed_its_own_tokens(model, tokenizer, start):
    """What the model was fed in a rollout is what its tape becomes in a dataset."""
    # From the last order's own time on: a first order that is held back until the
    # start has an interval that its token does not know.
    clock = {"start_s": start.market.clock_s, "start_ns": start.market.clock_ns}
    start = start._replace(world=start.world._replace(**clock))
    ran = rollout(start, KEY, num_markets=1, num_orders=120, group_size=1)
    (tape,) = to_tapes(ran, start)
    seen = observe_tape(tape, view=view_of(tokenizer.schema))
    seen = seen._replace(open2=int(start.world.open2_ticks))
    tokens = encode(tokenizer, seen.raw).astype(np.int32)
    features = tape_features(seen, tokenizer, tape.lot_size).astype(np.int32)
    # The interval of the first order counts from the last order of the real tape.
    history = 32
    observed = start.observed
    first = int(np.searchsorted(observed.row, start.row))
    old_tokens = encode(tokenizer, observed.raw)[first - history : first]
    old_features = tape_features(observed, tokenizer, tape.lot_size)
    gap = seen.trading_ns[0] - observed.trading_ns[first - 1]
    raw = seen.raw._replace(interval_ns=seen.raw.interval_ns.copy())
    raw.interval_ns[0] = gap
    tokens = encode(tokenizer, raw).astype(np.int32)
    hidden = model.apply(
        start.world.params,
        jnp.concatenate([jnp.asarray(old_tokens, jnp.int32), tokens]),
        jnp.concatenate(
            [jnp.asarray(old_features[first - history : first], jnp.int32), features]
        ),
    )
    markets = jax.tree.map(lambda x: jnp.asarray(x)[None], start.market)
    key = jax.vmap(jax.random.fold_in, (None, 0))(KEY, jnp.arange(1))
    market, _ = run_chunk(
        model,
        start.world,
        markets,
        key,
        jnp.int32(0),
        start.position,
        num_steps=120,
    )
    np.testing.assert_allclose(market.hidden_D[0], hidden[-1], atol=2e-4)


def test_tokens_of_a_simulated_tape_are_those_the_model_was_fed(
    model, start, tokenizer
):
    assert_fed_its_own_tokens(model, tokenizer, start)


@pytest.fixture(scope="module")
def of_levels(tape):
    """A model that sees the book by levels, and its tokenizer."""
    tokenizer = fit_tokenizer([tape], [observe_tape(tape, view=LEVELS)], LEVELS)
    schema = tokenizer.schema
    config = ModelConfig(
        num_features=len(schema.features),
        feature_scale=schema.feature_scale,
        d_model=16,
        num_layers=1,
        num_heads=2,
        window=32,
    )
    model = OrderModel(config)
    params = jax.jit(OrderModel.init, static_argnums=0)(model, jax.random.key(2))
    return TrainedModel(model, params, tokenizer)


@pytest.mark.slow
def test_a_model_of_levels_is_fed_levels(of_levels, tape):
    start = start_from_tape(of_levels, tape, 10.0, num_slots=256)
    assert start.observed.seen.volume_K.shape[1] == 20
    assert_fed_its_own_tokens(of_levels.model, of_levels.tokenizer, start)


def test_merged_cancels_are_merged_in_the_history(model, params, tape):
    """A start in the midst of a run of cancels leaves the whole run out."""
    view = find_view(merge_cancels=True)
    frame = tape.messages
    cancels = np.flatnonzero(frame["kind"] == Kind.CANCEL)
    seen = observe_tape(tape, view=view)
    tokenizer = fit_tokenizer([tape], [seen], view)
    start = start_from_tape(TrainedModel(model, params, tokenizer), tape, 10.0)
    assert start.world.tokenizer.view is view and len(cancels) > 50
    np.testing.assert_array_equal(start.observed.row, seen.row)


def test_the_start_is_the_tape(start, tape):
    """Book, clock and history are those of the tape at that moment."""
    book = book_at(tape, start.row)
    for view in (mbook.quote, lambda b: mbook.level2(b, 5)):
        jax.tree.map(
            np.testing.assert_array_equal,
            view(jax.tree.map(jnp.asarray, book)),
            view(start.market.book),
        )
    frame = tape.messages
    assert frame["time_s"][start.row] >= tape.sessions[0][0] + 10
    assert int(start.market.clock_s) < 10 <= frame["time_s"][start.row]
    assert int(start.market.next_id) > frame["order_id"].max() - 1_000
    assert start.history == 32


def test_nothing_happens_before_the_start(trained, tape):
    """The tape is known to be silent up to the start."""
    start = start_from_tape(trained, tape, 12.0)
    late = start.world._replace(start_s=start.world.start_s + 3)
    ran = rollout(start._replace(world=late), KEY, num_markets=8, num_orders=5)
    assert ran.records.clock_s.min() == 15  # three seconds is far beyond an interval
    ran = rollout(start, KEY, num_markets=8, num_orders=5)
    assert (ran.records.clock_s + ran.records.clock_ns / NS).min() >= 12.0
    (opening, *_) = to_tapes(ran, start)[0].messages["time_s"]
    assert opening == tape.sessions[0][0] + 12


def test_the_session_ends(start):
    """After the close nothing is sent, and the status says so."""
    close = start.market.clock_s + 2
    late = start._replace(world=start.world._replace(session_s=close))
    ran = rollout(late, KEY, num_markets=2, num_orders=400, group_size=2)
    sent = ran.records.kind != Kind.NONE
    assert 0 < sent.sum() < sent.size
    assert (np.diff(sent.astype(int), axis=1) <= 0).all()
    assert (ran.records.clock_s[sent] < int(close)).all()
    assert (ran.status == Status.SESSION_OVER).all()
    tapes = to_tapes(ran, late)
    assert tapes[0].counts["steps after the close"] == int((~sent[0]).sum())


def test_a_full_book_rejects_and_says_so(trained, tape, start):
    live = int((np.asarray(start.market.book.qty_SN) > 0).sum(axis=-1).max())
    start = start_from_tape(trained, tape, 10.0, num_slots=live)
    ran = rollout(start, KEY, num_markets=2, num_orders=300, group_size=2)
    assert (ran.status & Status.BOOK_FULL).all()
    rejected = ran.records.last_event == EventKind.REJECT
    assert rejected.any()
    assert (ran.records.reason[rejected] == Status.BOOK_FULL).all()
    # Its tapes hold what the book held: they replay to the same quotes, in silence.
    for b, simulated in enumerate(to_tapes(ran, start)):
        gone = rejected[b] & (ran.records.traded_qty[b] == 0)
        assert simulated.counts["refused"] == gone.sum()
        replay = replay_tape(simulated, observe_fn=mbook.quote)
        assert int(replay.book.status) == 0
        np.testing.assert_array_equal(
            replay.observations.bid_ticks[simulated.seed_rows :],
            ran.records.bid_ticks[b, ~gone],
        )


def test_cancels_spare_users_orders():
    rows = [
        (Kind.LIMIT, 0, 100, 500, 1, 3),  # a user's, nearest to what is wanted
        (Kind.LIMIT, 0, 98, 500, 2, 0),
        (Kind.LIMIT, 0, 98, 200, 3, 0),
        (Kind.LIMIT, 0, 98, 200, 4, 0),
    ]
    book = mbook.run(mbook.init(8), Message(*np.asarray(rows, np.int32).T)).book
    target = cancel_target(book, jnp.int32(200), jnp.int32(2), jnp.int32(100))
    assert int(target.order_id) == 3  # nearest price, nearest size, oldest
    assert int(target.price_ticks) == 98 and int(target.side) == Side.BUY
    assert bool(can_cancel(book))
    only_users = book.replace(order_SCFW=book.order_SCFW.at[:, :, OWNER].set(3))
    assert not bool(can_cancel(only_users))


def test_no_cancel_is_drawn_while_none_can_hit(start):
    """A market whose every order is a user's: the model only adds."""
    book = start.market.book
    owned = book.replace(order_SCFW=book.order_SCFW.at[:, :, OWNER].set(1))
    market = start.market.replace(book=owned)
    ran = rollout(
        start._replace(market=market),
        KEY,
        num_markets=4,
        num_orders=1,
        group_size=4,
    )
    assert (ran.records.kind == Kind.LIMIT).all()


def test_synthetic_opening(trained):
    start = start_from_synthetic(trained, 3, num_orders=200)
    assert start.history == 32
    ran = rollout(start, KEY, num_markets=1, num_orders=20, group_size=1)
    assert (ran.status == 0).all()
    real, _ = real_orders(start, 50)
    assert len(real.type) == 50


def test_slots_too_few_for_the_live_orders(trained, tape):
    with pytest.raises(InputError, match="do not fit"):
        start_from_tape(trained, tape, 10.0, num_slots=4)


def test_sampling_is_the_worlds_and_needs_no_other_compilation(trained, tape, start):
    """Of each field its own; one value a field makes a market of its likeliest."""
    per_field = {"temperature": (0.5, 1, 1, 2), "top_k": (1, 0, 0, 0)}
    cold = start_from_tape(trained, tape, 10.0, num_slots=256, **per_field)
    np.testing.assert_array_equal(cold.world.sampling.temperature_C, [0.5, 1, 1, 2])
    options = {"num_markets": 4, "num_orders": 60, "group_size": 4}
    ran = rollout(cold, KEY, **options)
    before = run_chunk._cache_size()
    other = cold.world.sampling._replace(top_k_C=jnp.array([1, 1, 1, 0], jnp.int32))
    narrow = cold._replace(world=cold.world._replace(sampling=other))
    again = rollout(narrow, KEY, **options)
    assert run_chunk._cache_size() == before
    # Buys and sells alike need more than the likeliest type at each step to come.
    sizes = [len(np.unique(r.records.qty)) for r in (ran, again)]
    assert sizes[1] < sizes[0]
    with pytest.raises(InputError, match=r"top_p is 2"):
        start_from_tape(trained, tape, 10.0, top_p=2)


def test_no_history_is_an_error(trained, tape):
    with pytest.raises(InputError, match="no order before"):
        start_from_tape(trained, tape, 0.0)


def test_comparison_of_a_tape_with_itself(start, result):
    real, times = real_orders(start, 200)
    assert len(times) == 200
    rows = compare([real, real], real)
    for row in rows:
        if row["real"] is not None:
            assert row["simulated"] == pytest.approx(row["real"])
    names = {row["measure"] for row in compare(simulated_orders(result, start), real)}
    assert "valid messages (share)" in names


def test_comparison_of_known_orders(start, result):
    (orders, *_) = simulated_orders(result, start)
    known = orders._replace(
        type=np.array([0, 1, 2, 1]),
        lots=np.array([1, 3, 9, 5]),
        spread_ticks=np.array([1, 3, np.nan, 2]),
        mid_ticks=np.array([10.0, 10, np.nan, 12]),
        traded_lots=np.array([0, 3, 0, 0]),
        interval_s=np.array([1.0, 2, 1, 4]),
        is_valid=np.array([True, True, False, True]),
    )
    values = {row["measure"]: row["real"] for row in compare([known], known)}
    assert values["spread, mean (ticks)"] == 2
    assert values["one-sided book (share of orders)"] == 0.25
    assert values["buy orders (1/s)"] == 0.25
    assert values["cancels (share)"] == 0.25
    assert values["marketable (share of new orders)"] == pytest.approx(1 / 3)
    assert values["size of new orders, median (lots)"] == 3
    assert values["mid, standard deviation of changes (ticks)"] == 1
    assert values["valid messages (share)"] == 0.75
