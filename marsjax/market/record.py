"""A rollout as tapes: the same canonical stream that readers make of real files."""

import numpy as np

from marsjax.data.tape import Tape, message_frame
from marsjax.market.rollout import Rollout
from marsjax.market.start import Start
from marsjax.synth.opening import opening_messages
from marsjax.tokens.clock import to_wall
from marsjax.types import EventKind, Kind, Message


def to_tapes(result: Rollout, start: Start) -> list[Tape]:
    """One tape a market: the opening book, then what the model sent.

    Steps after the end of the session hold no message and are left out, as are orders
    that the exchange refused; one refused after a part of it had traded becomes an
    immediate-or-cancel order. ``counts`` says how many.
    """
    seeds = opening_messages(start.market.book)
    num_seeds = len(seeds.kind)
    open_s, open_ns = to_wall(
        np.asarray(start.world.start_s)[None],
        np.asarray(start.world.start_ns)[None],
        start.tape.sessions,
    )
    tapes = []
    for b, market_id in enumerate(result.market_ids.tolist()):
        record = [x[b] for x in result.records]
        record = result.records._make(record)
        is_over = record.kind == Kind.NONE
        is_refused = record.last_event == EventKind.REJECT
        is_cut = is_refused & (record.traded_qty > 0)
        kind = np.where(is_cut, int(Kind.IOC), record.kind)
        record = record._replace(kind=kind)
        sent = ~is_over & (~is_refused | is_cut)
        time_s, time_ns = to_wall(
            record.clock_s[sent], record.clock_ns[sent], start.tape.sessions
        )
        columns = {
            name: np.concatenate([getattr(seeds, name), getattr(record, name)[sent]])
            for name in Message._fields[:6]
        }
        name = f"{start.tape.name}_m{market_id:04d}"
        tapes.append(
            Tape(
                name=name,
                symbol=start.tape.symbol,
                date=start.tape.date,
                messages=message_frame(
                    start.tape.symbol,
                    start.tape.date,
                    time_s=np.concatenate([np.repeat(open_s, num_seeds), time_s]),
                    time_ns=np.concatenate([np.repeat(open_ns, num_seeds), time_ns]),
                    **columns,
                ),
                tick_size=start.tape.tick_size,
                lot_size=start.tape.lot_size,
                sessions=start.tape.sessions,
                source="marsjax",
                seed_rows=num_seeds,
                counts={
                    "seeds": num_seeds,
                    "orders": int(sent.sum()),
                    "refused": int((is_refused & ~is_cut).sum()),
                    "refused after a part had traded": int(is_cut.sum()),
                    "steps after the close": int(is_over.sum()),
                },
            )
        )
    return tapes
