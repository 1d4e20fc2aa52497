"""A whole stream of messages as one kernel, the book on the chip all the while.

A program of the kernel is one book. It loads the book once, takes every elementary
action on registers (`marsjax.book.registers`), writes events as they come, and stores
the book at the end. Between the first load and the last store it moves only messages
and events: 28 and 48 bytes of memory an action. The rule is `advance`, the same code as
everywhere; on a CPU the kernel runs in Pallas's interpreter, which is for tests.
"""

from collections.abc import Callable
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

from marsjax.book.kernel import in_mode
from marsjax.book.match import advance
from marsjax.book.pending import Pending
from marsjax.book.registers import Registers
from marsjax.book.rules import Rules
from marsjax.book.slots import FIELDS, Order
from marsjax.book.state import Book, Working, rebuild_cache
from marsjax.types import Array, Event, Message

MOST_SLOTS = 1024
"""Slots a side that the registers of one program can hold: 56 KiB."""

_SCALARS = ("next_seq", "last_price_ticks", "reference_ticks", "phase", "status")
_NUM_EVENT = len(Event._fields) + 1


@lru_cache
def make_pallas_chunk(num_actions: int) -> Callable:
    """The kernel's form of :func:`marsjax.book.stream.make_chunk`; ``vmap`` it.

    Slots a side must be a power of two, at most `MOST_SLOTS`.
    """

    def run(book: Book, cursor, rows_TM: Array):
        num_slots = book.num_slots
        if num_slots & (num_slots - 1) or num_slots > MOST_SLOTS:
            raise ValueError(
                f"the kernel needs a power of two of at most {MOST_SLOTS} slots a "
                f"side, not {num_slots}: use another implementation"
            )
        order_SFN = jnp.moveaxis(book.order_SCFW, 2, 1).reshape(2, len(FIELDS), -1)
        rules = jax.tree.leaves(book.rules)
        tie_breaks_R, rules = (
            rules[_TIE_BREAKS],
            [x for i, x in enumerate(rules) if i != _TIE_BREAKS],
        )
        small = [getattr(book, name).astype(jnp.int32) for name in _SCALARS]
        position, pending = cursor
        state_V = jnp.stack(
            [*small, book.total_qty_S[0], book.total_qty_S[1], position, *pending]
        )
        rules_V = jnp.concatenate([jnp.stack(rules), tie_breaks_R])
        out_VA = jnp.zeros((_NUM_EVENT, num_actions), jnp.int32)
        operands = (order_SFN, state_V, rules_V, rows_TM, out_VA)
        kernel = partial(_kernel, num_actions, book.order_SCFW.shape[1])

        # A few lanes a thread: reductions across threads cost more than across lanes.
        num_warps = max(1, num_slots // 256)

        def call(interpret: bool):
            shapes = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in operands]
            return pl.pallas_call(
                in_mode("pallas", kernel),
                out_shape=(shapes[0], shapes[1], shapes[4]),
                input_output_aliases={0: 0, 1: 1, 4: 2},
                interpret=interpret,
                compiler_params=triton.CompilerParams(num_warps=num_warps),
                name="exchange",
            )

        order_SFN, state_V, out_VA = lax.platform_dependent(
            *operands, cpu=call(True), default=call(False)
        )
        num_blocks, _, width = book.order_SCFW.shape[1:]
        order_SCFW = jnp.moveaxis(
            order_SFN.reshape(2, len(FIELDS), num_blocks, width), 1, 2
        )
        values = [state_V[i] for i in range(state_V.shape[0])]
        small, (bid, ask, position), pending = values[:5], values[5:8], values[8:]
        small[-1] = small[-1].astype(jnp.uint32)
        book = Book(
            order_SCFW,
            rebuild_cache(order_SCFW),
            total_qty_S=jnp.stack([bid, ask]),
            rules=book.rules,
            **dict(zip(_SCALARS, small, strict=True)),
        )
        return book, type(cursor)(position, Pending(*pending)), out_VA

    return run


_TIE_BREAKS = list(Rules.__dataclass_fields__).index("tie_breaks_R")


def _kernel(num_actions: int, num_blocks: int, *refs) -> None:
    """One book: load, act until the stream or the buffer ends, store."""
    order_ref, state_ref, rules_ref, rows_ref, _, *out_refs = refs
    order_out, state_out, out_ref = out_refs
    length, num_fields = rows_ref.shape
    sides = (Order(*(order_ref[s, f, :] for f in range(len(FIELDS)))) for s in range(2))
    state = [state_ref[i] for i in range(state_ref.shape[0])]
    rules = [rules_ref[i] for i in range(rules_ref.shape[0])]
    num_rules = len(Rules.__dataclass_fields__) - 1
    tie_breaks = tuple(rules[num_rules:])
    rules = Rules(*rules[:_TIE_BREAKS], tie_breaks, *rules[_TIE_BREAKS:num_rules])
    small, totals, position = state[:5], tuple(state[5:7]), state[7]
    start = (jnp.int32(0), tuple(sides), totals, tuple(small), position)

    def goes_on(carry):
        i, *_, position, _ = carry
        return (i < num_actions) & (position < length)

    def action(carry):
        i, (bids, asks), totals, small, position, pending = carry
        message = Message(*(rows_ref[position, m] for m in range(num_fields)))
        scalars = dict(zip(_SCALARS, small, strict=True))
        scalars["status"] = scalars["status"].astype(jnp.uint32)
        slots = Registers(bids, asks, num_blocks)
        work = Working(slots, total_qty_S=totals, rules=rules, **scalars)
        work, event, pending = advance(work, message, pending)
        for v, value in enumerate((*event, position)):
            out_ref[v, i] = value
        small = [getattr(work, name).astype(jnp.int32) for name in _SCALARS]
        sides = (work.slots.bids, work.slots.asks)
        position = position + event.is_last
        return i + 1, sides, work.total_qty_S, tuple(small), position, pending

    carry = (*start, Pending(*state[8:]))
    _, sides, totals, small, position, pending = lax.while_loop(goes_on, action, carry)
    for s in range(2):
        for f, field in enumerate(sides[s]):
            order_out[s, f, :] = field
    for i, value in enumerate((*small, *totals, position, *pending)):
        state_out[i] = value
