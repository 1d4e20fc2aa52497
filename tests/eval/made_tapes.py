"""Small tapes whose windows are known by hand, and random ones."""

import numpy as np

from marsjax.data import Tape, message_frame
from marsjax.synth.random_stream import RandomStream
from marsjax.types import Kind

SESSIONS = ((34_200, 34_260), (34_300, 34_360))

L, K, C, I, M = (  # noqa: E741
    Kind.LIMIT,
    Kind.COLLECT,
    Kind.CANCEL,
    Kind.IOC,
    Kind.MODIFY,
)
ROWS = [  # time, kind, side, price, quantity, id
    (34_200.0, K, 0, 100, 50, 1),
    (34_200.0, K, 1, 102, 10, 2),
    (34_201.0, L, 1, 104, 30, 3),
    (34_202.5, C, 0, 0, 20, 1),
    (34_203.0, L, 0, 103, 45, 5),  # takes 10 at 102, rests
    (34_204.0, I, 0, 90, 5, 6),  # expires
    (34_205.0, C, 0, 0, 7, 99),  # refused
    (34_206.0, I, 1, 103, 4, 7),
    (34_250.0, C, 0, 0, 0, 5),
    (34_280.0, L, 0, 101, 5, 8),  # in the break
    (34_301.0, Kind.HIDDEN_FILL, 1, 103, 9, 0),
    (34_302.0, Kind.HALT, 1, -1, 0, 0),
    (34_310.0, C, 0, 0, 0, 3),  # the last ask
    (34_311.0, M, 1, 101, 3, 8),  # in place; a modify's side does not count
    (34_312.0, M, 1, 100, 3, 8),  # anew
    (34_313.0, Kind.AUCTION_FILL, 0, 100, 1, 8),
    (34_314.0, Kind.MARKET, 1, 0, 31, 10),  # 30 of order 1, 1 of order 8
]
NUM_SEEDS = 2


def made_tape(rows=ROWS, *, name="XX_2024-01-02", seed_rows=NUM_SEEDS, **more) -> Tape:
    """A tape of such rows."""
    columns = [np.array(x) for x in zip(*rows, strict=True)]
    ns = np.round(columns[0].astype(np.float64) * 1e9).astype(np.int64)
    names = ("kind", "side", "price_ticks", "qty", "order_id")
    frame = message_frame(
        "XX",
        "2024-01-02",
        time_s=ns // 10**9,
        time_ns=ns % 10**9,
        owner=np.zeros(len(rows), int),
        **dict(zip(names, columns[1:], strict=True)),
    )
    about = {
        "name": name,
        "symbol": "XX",
        "date": "2024-01-02",
        "messages": frame,
        "tick_size": 0.01,
        "lot_size": 1,
        "sessions": SESSIONS,
        "source": "made up",
        "seed_rows": seed_rows,
    }
    return Tape(**about | more)


def random_tape(seed: int, num: int, num_live: int = 24, **more) -> Tape:
    """A realistic stream, an order every 7.3 ms from 09:30 on, opening book first."""
    stream = RandomStream(seed, num_live)
    opening = stream.opening()
    opening[:, 0] = Kind.COLLECT
    rows = np.concatenate([opening, stream.rows(num)])
    place = np.maximum(np.arange(len(rows)) - len(opening) + 1, 0)
    time = 34_200 + 0.0073 * place
    listed = [(t, *row[:5]) for t, row in zip(time, rows.tolist(), strict=True)]
    sessions = ((34_200, 57_600),)
    about = {"seed_rows": len(opening), "sessions": sessions} | more
    return made_tape(listed, **about)
