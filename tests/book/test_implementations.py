"""Every implementation, batch and order of books gives the same integers."""

import gzip
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.book.many import run_many
from marsjax.book.reports import report_lines, to_stream
from marsjax.book.rules import rules
from marsjax.book.stream import StreamResult, make_chunk, packed, start_cursor
from marsjax.types import EventKind, Message, SelfTrade
from tests.book.streams import EVERYTHING, random_rows, to_message

IMPLEMENTATIONS = ("loop", "vmap", "pallas")
NUM_BOOKS, LENGTH, SLOTS = 6, 96, 16


def stack(trees):
    return jax.tree.map(lambda *xs: jnp.stack(xs), *trees)


def take(tree, index):
    return jax.tree.map(lambda x: x[index], tree)


def make_books():
    """Books whose rules differ: rules are data."""
    modes = list(SelfTrade)
    return stack(
        [
            mbook.init(
                SLOTS,
                rules=rules(
                    self_trade=modes[b % len(modes)],
                    keep_priority=b % 2 == 0,
                    halt_bps=[0, 300][b % 2],
                    collar_bps=[0, 0, 500][b % 3],
                ),
                reference_ticks=100,
            )
            for b in range(NUM_BOOKS)
        ]
    )


@pytest.fixture(scope="module")
def messages_BT():
    rng = np.random.default_rng(5)
    streams = [
        to_message(random_rows(rng, LENGTH, EVERYTHING)) for _ in range(NUM_BOOKS)
    ]
    return stack(streams)


@pytest.fixture(scope="module")
def by_loop(messages_BT):
    return run_many(make_books(), messages_BT, implementation="loop")


def assert_same(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def listed(result, b):
    """Events of a book that happened, with their messages."""
    events, index = take((result.events, result.message_index), b)
    keep = np.asarray(events.kind) != EventKind.NONE
    return jax.tree.map(lambda x: np.asarray(x)[keep], (events, index))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS[1:])
def test_implementations_agree(messages_BT, by_loop, implementation):
    """Events, and books slot for slot, caches included."""
    assert len(np.unique(by_loop.events.kind)) == len(EventKind)
    result = run_many(make_books(), messages_BT, implementation=implementation)
    assert_same(by_loop, result)


def test_batch_size_order_and_chunks_do_not_matter(messages_BT, by_loop):
    order = np.array([3, 1])
    pair = run_many(take(make_books(), order), take(messages_BT, order))
    for i, b in enumerate(order):
        assert_same(take(pair.books, i), take(by_loop.books, b))
        assert_same(listed(pair, i), listed(by_loop, b))
        alone = mbook.run(take(make_books(), b), take(messages_BT, b))
        assert_same(alone.book, take(by_loop.books, b))
        assert_same((alone.events, alone.message_index), listed(by_loop, b))
    short = run_many(make_books(), messages_BT, num_actions=LENGTH // 2)
    assert_same(short.books, by_loop.books)
    for b in range(NUM_BOOKS):
        assert_same(listed(short, b), listed(by_loop, b))


def test_books_over_a_mesh(messages_BT, by_loop):
    mesh = jax.make_mesh((1,), ("books",), devices=jax.devices()[:1])
    assert_same(run_many(make_books(), messages_BT, mesh=mesh), by_loop)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_one_compilation_for_each_shape(messages_BT, implementation):
    from marsjax.book.many import _make_run

    num_actions = LENGTH + LENGTH // 4 + 8
    for _ in range(2):
        run_many(make_books(), messages_BT, implementation=implementation)
    assert _make_run(num_actions, implementation, None)._cache_size() == 1


@pytest.mark.parametrize("implementation", ["vmap", "pallas"])
def test_lowers_for_a_gpu(implementation):
    """Compiled for CUDA up to where a device is needed."""
    chunk = jax.vmap(make_chunk(32, implementation))
    books, cursors = stack([mbook.init(128)] * 2), stack([start_cursor()] * 2)
    rows = jnp.zeros((2, 32, len(Message._fields)), jnp.int32)
    traced = jax.jit(chunk).trace(books, cursors, rows)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert ("triton" in text) == (implementation == "pallas")


def test_the_kernel_says_what_it_cannot_hold():
    books = stack([mbook.init(2048)])
    nothing = Message(*jnp.zeros((6, 1, 4), jnp.int32))
    with pytest.raises(ValueError, match="power of two of at most 1024"):
        run_many(books, nothing, implementation="pallas")


@pytest.mark.parametrize(
    "implementation",
    [
        pytest.param(name, marks=pytest.mark.slow) if name != "loop" else name
        for name in IMPLEMENTATIONS
    ],
)
@pytest.mark.parametrize("file", ["edge_cases", "workloads"])
def test_conformance(shared, file, implementation):
    """All cases as one batch, 300 messages each; test_reports has them whole."""
    with gzip.open(shared / f"conformance/{file}.jsonl.gz", "rt") as lines:
        cases = [json.loads(line) for line in lines]
    msgs = [np.array(c["msgs"], np.int32).reshape(-1, 7)[:300] for c in cases]
    length = max(len(m) for m in msgs)
    streams = [packed(to_stream(m)) for m in msgs]
    rows = np.stack([np.pad(r, ((0, length - len(r)), (0, 0))) for r in streams])
    books = stack([mbook.init(512, rules=rules(keep_priority=False))] * len(cases))
    stream = Message(*jnp.moveaxis(jnp.asarray(rows), -1, 0))
    result = run_many(books, stream, implementation=implementation)
    for b, case in enumerate(cases):
        got = report_lines(msgs[b], StreamResult(None, *listed(result, b), ()))
        assert got == case["reports"][: len(got)], case["case"]
        assert len(got) >= len(msgs[b])
