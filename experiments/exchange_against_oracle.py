"""Millions of random messages of all kinds: the exchange beside the plain-Python one.

    python -m experiments.exchange_against_oracle

Run it from the repository's root, for it compares with ``tests/oracle.py``. Ten million
messages through a book of 128 slots a side and as many through one of 4,096, a process
each: about five minutes on two free cores, 300 MB each. Rules change every 16,384
messages, all kinds of self-trade prevention in turn. Every event is compared, and every
order of the book with each change of rules. Expected: ``0 mismatches`` for both and
exit code 0. At the first mismatch the command stops, shrinks what came before to a few
messages that still show it, prints them to paste into a test, and exits with 1.
"""

import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass
from queue import Empty

import numpy as np
import tyro

from marsjax import book as mbook
from marsjax.book.stream import run
from marsjax.commands.console import progress_bar, say
from marsjax.errors import InputError, exit_on_input_error
from marsjax.synth.all_kinds import with_all_kinds
from marsjax.synth.random_stream import RandomStream
from marsjax.types import EventKind, SelfTrade, Status
from tests.book.streams import assert_same_state, to_message, to_rules
from tests.oracle import Oracle, OracleRules

CHUNK = 2**14
MOST_SHRUNK = 512  # messages before a mismatch that shrinking looks at
# Expensive kinds become rarer with the slots, for the oracle walks through its book.
RARE_SLOTS = 4
RULES = (
    *(OracleRules(self_trade=mode) for mode in SelfTrade),
    OracleRules(self_trade=SelfTrade.CANCEL_OLDEST, keep_priority=False),
    OracleRules(halt_bps=5, rest_market=True),
    OracleRules(collar_bps=1, self_trade=SelfTrade.DECREMENT),
    OracleRules(collar_bps=1, collar_ticks=20, band_bps=2, max_qty=1_000),
    OracleRules(low_ticks=99_900, high_ticks=100_100, self_trade=SelfTrade.CANCEL_BOTH),
)


@dataclass(frozen=True)
class Args:
    """Random messages of all kinds through the exchange and the oracle."""

    messages: int = 10_000_000
    """messages for each book"""
    slots: tuple[int, ...] = (128, 4096)
    """slots a side of the books, a process each, two at a time"""
    seed: int = 0
    """of the messages"""


def expected(oracle: Oracle, rows: np.ndarray) -> np.ndarray:
    """Events ``[E, 8]`` of the oracle: its seven numbers and the message's index."""
    events, index = [], []
    for t, row in enumerate(rows.tolist()):
        new = oracle.submit(*row)
        events += new
        index += [t] * len(new)
    kind, order_id, maker_id, price, *rest = zip(*events, strict=True)
    price = [0 if p is None else p for p in price]
    return np.stack(
        [np.array(x) for x in (kind, order_id, maker_id, price, *rest, index)]
    ).T


def happened(book, rows: np.ndarray, length: int):
    """The book after rows, and its events ``[E, 8]`` as `expected` has them.

    Rows are padded to ``length``, so that streams share one compilation.
    """
    result = run(book, to_message(rows, length), chunk_size=length)
    e = result.events
    # What a reject has for a price means nothing.
    price = np.where(e.kind == EventKind.REJECT, 0, e.price_ticks)
    columns = (e.kind, e.order_id, e.maker_id, price, e.qty, e.reason, e.refill_qty)
    return result.book, np.stack([*columns, result.message_index], axis=-1)


def first_difference(got: np.ndarray, want: np.ndarray) -> int | None:
    """The index of the first message whose events differ."""
    num = min(len(got), len(want))
    rows = np.flatnonzero((got[:num] != want[:num]).any(axis=1))
    if len(rows):
        return int(min(got[rows[0], -1], want[rows[0], -1]))
    if len(got) != len(want):
        return int(max(got, want, key=len)[num, -1])
    return None


def start(slots: int, rules: OracleRules):
    """An empty book and its oracle."""
    book = mbook.init(slots, rules=to_rules(rules))
    return book, Oracle(slots, OracleRules(**vars(rules)))


def shrink(rows: np.ndarray, slots: int, rules: OracleRules) -> np.ndarray | None:
    """Few of these rows that still make a mismatch in an empty book, if they do."""

    def is_wrong(rows):
        book, oracle = start(slots, rules)
        try:
            want = expected(oracle, rows)
            book, got = happened(book, rows, MOST_SHRUNK)
            assert_same_state(book, oracle)
        except AssertionError:
            return True
        return first_difference(got, want) is not None

    rows = rows[-MOST_SHRUNK:]
    if not is_wrong(rows):
        return None
    size = len(rows) // 2
    while size:
        at = 0
        while at < len(rows):
            fewer = np.delete(rows, slice(at, at + size), axis=0)
            if len(fewer) and is_wrong(fewer):
                rows = fewer
            else:
                at += size
        size //= 2
    return rows


def compare(slots: int, num_messages: int, seed: int, queue) -> None:
    """One book beside its oracle; puts what it finds into the queue."""
    stream = RandomStream(seed, slots // 2, num_ids=4 * slots + 4)
    rng = np.random.default_rng(seed)
    rare = min(RARE_SLOTS / slots, 1e-2)
    book, oracle = start(slots, RULES[0])
    rows = stream.opening()
    counts, reasons, sent, most_live = Counter(), Counter(), 0, 0
    oracle_s = book_s = 0.0
    for turn in range(-(-num_messages // CHUNK)):
        rules = RULES[turn % len(RULES)]
        book = book.replace(rules=to_rules(rules))
        oracle.rules = OracleRules(**vars(rules))
        # Now and then so many orders that the sides fill up.
        stream.num_live = slots if turn % 8 == 7 else slots // 2
        new = stream.rows(max(min(CHUNK, num_messages - sent) - len(rows), 0))
        new = with_all_kinds(rng, new, stream.num_ids, rare=rare)
        rows = np.concatenate([rows, new])[:CHUNK]
        began = time.process_time()
        want = expected(oracle, rows)
        oracle_s += time.process_time() - began
        began = time.process_time()
        book, got = happened(book, rows, CHUNK)
        book_s += time.process_time() - began
        at = first_difference(got, want)
        state = None
        if at is None:
            try:
                assert_same_state(book, oracle)
            except AssertionError as error:
                at, state = len(rows) - 1, str(error)
        if at is not None:
            queue.put(
                (slots, "wrong", _report(rows, at, got, want, state, slots, turn))
            )
            return
        sent += len(rows)
        rows = rows[:0]
        most_live = max(most_live, *(side.count for side in oracle.sides))
        counts.update(got[:, 0].tolist())
        reasons.update(got[got[:, 0] == EventKind.REJECT, 5].tolist())
        queue.put((slots, "sent", sent))
    told = {
        "messages": sent,
        "events": {EventKind(k).name: n for k, n in sorted(counts.items())},
        "rejects": {str(Status(r)): n for r, n in reasons.most_common()},
        "most live on a side": most_live,
        "live at the end": [side.count for side in oracle.sides],
        "oracle, messages a CPU second": round(sent / oracle_s),
        "book, messages a CPU second": round(sent / book_s),
    }
    queue.put((slots, "same", told))


def _report(rows, at, got, want, state, slots, turn) -> str:
    """What differs at message ``at`` of a chunk, and the shortest way there."""
    rules = RULES[turn % len(RULES)]
    few = shrink(rows[: at + 1], slots, rules)
    lines = [
        f"{slots} slots, message {turn * CHUNK + at}: {rows[at].tolist()}",
        f"rules {rules}",
        state or f"the book: {got[got[:, -1] == at].tolist()}",
        "" if state else f"the oracle: {want[want[:, -1] == at].tolist()}",
        f"the last {MOST_SHRUNK} messages show no mismatch in an empty book"
        if few is None
        else f"rows that show it in an empty book: {few.tolist()}",
    ]
    return "\n".join(lines)


def main(args: Args) -> int:
    """Compare all books; the exit code."""
    if args.messages < 1 or not args.slots or min(args.slots) < 2:
        raise InputError("a number is too small", "give messages, and slots from 2 on")
    context = multiprocessing.get_context("spawn")
    queue, began, code = context.Queue(), time.perf_counter(), 0
    waiting, running, done = list(dict.fromkeys(args.slots)), {}, []
    with progress_bar() as report:
        while waiting or running:
            while waiting and len(running) < 2:
                slots = waiting.pop(0)
                job = (slots, args.messages, args.seed, queue)
                running[slots] = context.Process(target=compare, args=job, daemon=True)
                running[slots].start()
            try:
                slots, what, told = queue.get(timeout=5)
            except Empty:
                if all(process.exitcode in (None, 0) for process in running.values()):
                    continue
                slots = next(s for s in running if running[s].exitcode)
                what, told = "wrong", f"{slots} slots: the process failed, see above"
            if what == "sent":
                report(f"{slots:,} slots", told, args.messages)
                continue
            running.pop(slots).join()
            done.append((slots, what, told))
            code = code or int(what == "wrong")
            if code:
                for process in running.values():
                    process.terminate()
                break
    for slots, what, told in done:
        if what == "wrong":
            say(f"MISMATCH\n{told}")
            continue
        for name, value in told.items():
            say(f"{slots:,} slots, {name}: {value}")
        say(f"{slots:,} slots: {told['messages']:,} messages, 0 mismatches")
    say(f"{time.perf_counter() - began:.0f} s")
    return code


if __name__ == "__main__":
    with exit_on_input_error():
        sys.exit(main(tyro.cli(Args, description=__doc__)))
