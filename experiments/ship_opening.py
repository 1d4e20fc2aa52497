"""What openings of a shipped model come from, and what real orders did."""

from pathlib import Path

import numpy as np

from marsjax.commands.console import say
from marsjax.commands.synth_source import burn_in_for, part_of
from marsjax.data import read_tape
from marsjax.lmm.trained import TrainedModel
from marsjax.market import start_from_tape
from marsjax.market.invented import Invented
from marsjax.market.summary import MEASURES, Orders, real_orders
from marsjax.synth import ZIParams, find_market
from marsjax.synth.observed import measure
from marsjax.synth.tape import DAY_END_S, OPEN_S
from marsjax.tokens.clock import NS, to_trading_ns

ORDERS = 1_000
"""Orders of an opening's tape."""
WINDOW = 1_000
"""Orders of a window of real orders."""


def true_opening() -> Invented:
    """The market of Cont, Stoikov and Talreja, which the model learned from."""
    return Invented(
        market="zi",
        params=ZIParams(),
        about="zero intelligence (Cont, Stoikov, Talreja 2010)",
        symbol="ZI",
        tick_size=0.01,
        sessions=((OPEN_S, DAY_END_S),),
        begins_s=OPEN_S,
        orders=ORDERS,
        burn_in=0,
        num_slots=256,
        is_truth=True,
    )


def fitted_opening(where: str, symbol: str, trained: TrainedModel) -> Invented:
    """Zero intelligence fitted to the train part of a tape, beside its test part.

    Args:
      where: ``STORE/TAPE``.
      symbol: of the tapes it makes: not the real one, for they are invented.
      trained: the model, whose sight of the tape measures it.
    """
    path = Path(where)
    tape = read_tape(path.parent, path.name)
    market, train = find_market("zi"), part_of(tape, "train")
    say(f"fitting {market.title} to the training part of {tape.name}")
    params, _ = market.functions.calibrate([train])
    live = measure([train])["live orders"]
    say(f"measuring the test part of {tape.name}")
    second, ns = tape.split_time["test"][0]
    test_ns = to_trading_ns(np.array([second]), np.array([ns]), tape.sessions)[0]
    start = start_from_tape(trained, tape, float(test_ns) / NS)
    real, _ = real_orders(start, len(tape.messages))
    seconds = ORDERS * real.interval_s.mean()
    return Invented(
        market=market.name,
        params=params,
        about=f"zero intelligence fitted to the training part of {tape.name}",
        symbol=symbol.upper(),
        tick_size=tape.tick_size,
        sessions=tape.sessions,
        begins_s=int(second - seconds),
        orders=ORDERS,
        burn_in=burn_in_for(live),
        num_slots=1 << (int(live) // 2).bit_length(),  # of both sides, on one
        is_truth=False,
        measured={
            "what": f"the test part of {tape.symbol} on {tape.date}",
            "window": WINDOW,
            "rows": measured(real),
        },
    )


def measured(real: Orders) -> dict[str, list[float]]:
    """Mean, 5 % and 95 % of each measure over windows of real orders."""
    starts = range(0, len(real.type) - WINDOW + 1, WINDOW)
    windows = [Orders(*(x[a : a + WINDOW] for x in real)) for a in starts]
    rows = {}
    for name, measure_fn in MEASURES.items():
        values = [measure_fn(window) for window in windows]
        low, high = np.quantile(values, [0.05, 0.95])
        rows[name] = [float(np.mean(values)), float(low), float(high)]
    return rows
