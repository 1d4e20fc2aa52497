"""What the exchange filled when a market ran, as a table of its tape (host)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os import cpu_count

import polars as pl

from marsjax.data.fidelity import fills_of_events
from marsjax.data.replay import replay_tape
from marsjax.data.tape import FILL_SCHEMA, Tape


def with_fills(tapes: Sequence[Tape]) -> list[Tape]:
    """The tapes with the fills of their orders.

    The exchange gives the same events for the same messages, so those of the run are
    found again by sending its messages once more. That takes less than half the time
    that drawing them took; keeping all events of the run would take longer.
    """
    first = [_with_fills(tape) for tape in tapes[:1]]  # it compiles for all
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        return first + list(pool.map(_with_fills, tapes[1:]))


def _with_fills(tape: Tape) -> Tape:
    result = replay_tape(tape)
    fills_F5 = fills_of_events(result.events, result.message_index)
    columns = dict(zip(FILL_SCHEMA, fills_F5.T, strict=True))
    return replace(tape, fills=pl.DataFrame(columns).cast(FILL_SCHEMA))
