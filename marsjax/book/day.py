"""A day's messages with the control messages of its schedule among them.

Nothing is left out: a message outside a session reaches the exchange and is rejected
there, with ``Status.PHASE``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from marsjax.book.integers import to_int32
from marsjax.book.sessions import Controls, Schedule, controls, make_controls, stage_at
from marsjax.types import Array, Kind, Message, Phase

_COLLECTING = (Phase.COLLECT, Phase.COLLECT_FINAL)


class DayStream(NamedTuple):
    """A day's messages with the control messages among them, numpy ``[T]`` each.

    ``row``: int32, the row of the original stream, or -1 for a control message.
    """

    messages: Message
    time_s: np.ndarray
    time_ns: np.ndarray
    row: np.ndarray


def halt_controls(
    halt_time_s: int, pause_s: int, schedule: Schedule, *, reference_ticks: int = 0
) -> Controls:
    """What reopens a market that a volatility halt has stopped: a call auction.

    Orders are collected from ``halt_time_s`` on (the first whole second after the halt;
    until then the halted exchange takes cancels only), and ``pause_s`` later they are
    uncrossed and the halted stage goes on. If that stage ends first, the auction is
    uncrossed at its end instead, or, if an auction is next, its orders go into that
    one; the schedule goes on either way.

    Args:
      reference_ticks: reference price from the reopening on, 0 to leave it. With the
        old one the halt's band stays where it was, and may halt the market again.

    Raises:
      ValueError: the market is not in continuous trading at that time, or the pause is
        not positive.
    """
    stages = schedule.with_night
    stage = int(stage_at(schedule, halt_time_s))
    if stages[stage].phase != Phase.CONTINUOUS:
        raise ValueError(f"no continuous trading to halt at {halt_time_s} s")
    if pause_s < 1:
        raise ValueError(f"a pause must last at least a second, not {pause_s}")
    rows = [(halt_time_s, Kind.PHASE, Phase.COLLECT, 0)]
    reopen_s = halt_time_s + pause_s
    after = stages[stage + 1] if stage + 1 < len(stages) else None
    if after is None or reopen_s < after.start_s:
        rows.append((reopen_s, Kind.UNCROSS, 0, 0))
        rows.append((reopen_s, Kind.PHASE, Phase.CONTINUOUS, reference_ticks))
    elif after.phase not in _COLLECTING:
        rows.append((after.start_s, Kind.UNCROSS, 0, 0))
    return make_controls(rows)


def release_times(schedule: Schedule, time_s: np.ndarray) -> np.ndarray:
    """When the exchange sees messages sent at ``time_s``: later only if held (host)."""
    release = [stage.start_s for stage in schedule.with_night]
    for index in reversed(range(len(release) - 1)):
        if schedule.with_night[index].held:
            release[index] = release[index + 1]
    stage = np.asarray(stage_at(schedule, time_s))
    return np.maximum(np.array(release, np.int32)[stage], time_s).astype(np.int32)


def with_schedule(
    messages_T: Message,
    time_s_T: Array,
    time_ns_T: Array,
    schedule: Schedule,
    references: int | Mapping[int, int] | None = None,
    *,
    halts: Sequence[Controls] = (),
) -> DayStream:
    """A day's messages with the schedule's control messages in their places (host).

    A control due at ``t`` comes before the first message of time ``t`` or later. The
    messages keep their order, whatever their times (a tape's order is its truth), and
    all of them are there. Those sent in a stage that holds them back follow the control
    that ends it and have its time.

    Args:
      messages_T: the messages; ``display_qty`` may be None.
      time_s_T, time_ns_T: int32 ``[T]``, when each was sent.
      references: as in `controls`.
      halts: known halts, each from `halt_controls`; on a tie they come first.

    Raises:
      ValueError: not one time for each message; or what `controls` raises.
    """
    fields = [None if f is None else to_int32(f) for f in messages_T]
    sent_s, sent_ns = to_int32(time_s_T), to_int32(time_ns_T)
    if not len(fields[0]) == len(sent_s) == len(sent_ns):
        raise ValueError("each message needs one time_s and one time_ns")
    seen_s = release_times(schedule, sent_s)
    time_ns = np.where(seen_s > sent_s, 0, sent_ns)
    parts = [*halts, controls(schedule, references)]
    due_s = np.concatenate([part.time_s for part in parts])
    order = np.argsort(due_s, kind="stable")
    # A message that follows a later one in the stream is not earlier for the exchange.
    at = np.searchsorted(np.maximum.accumulate(seen_s), due_s[order], side="left")

    def merge(values: np.ndarray, of_controls: np.ndarray) -> np.ndarray:
        return np.insert(values, at, of_controls[order])

    merged = [
        None
        if values is None
        else merge(values, np.concatenate([_field(part, name) for part in parts]))
        for name, values in zip(Message._fields, fields, strict=True)
    ]
    rows = np.arange(len(seen_s), dtype=np.int32)
    return DayStream(
        messages=Message(*merged),
        time_s=merge(seen_s, due_s),
        time_ns=merge(time_ns, np.zeros_like(due_s)),
        row=merge(rows, np.full_like(due_s, -1)),
    )


def _field(part: Controls, name: str) -> np.ndarray:
    values = getattr(part.messages, name)
    return np.zeros_like(part.time_s) if values is None else values
