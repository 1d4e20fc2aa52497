"""Tapes of markets with a law, and their tokens: one run a market for all tests.

Eight markets of 2,000 orders, so that the runs of zero intelligence share a compilation
with those of `tests.synth.zi_run`.
"""

from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from marsjax.data import Tape
from marsjax.synth.many import Simulated, simulate_many
from marsjax.synth.markets import Market, find_market
from marsjax.synth.tape import to_tapes
from marsjax.tokens import orders
from marsjax.tokens.tape import ObservedTape, book_lots, observe_tape
from marsjax.tokens.tokenizer import Tokenizer
from marsjax.tokens.truth import TokenTruth, token_truths

NUM_MARKETS, NUM_ORDERS = 8, 2_000
SLOTS = {"zi": 64, "queue": 128}


class Made(NamedTuple):
    """A market's tapes from the middle of a run, a tokenizer of them, their law."""

    market: Market
    params: Any
    simulated: Simulated
    tapes: list[Tape]
    observed: list[ObservedTape]
    tokenizer: Tokenizer
    truths: list[TokenTruth]

    @property
    def rests(self) -> list[dict]:
        return [opening.rest for opening in self.simulated.openings]

    def again(self, tapes: list[Tape]) -> list[TokenTruth]:
        """Of as many other tapes with the same openings."""
        options = {"rests": self.rests, "num_slots": SLOTS[self.market.name]}
        return token_truths(self.market, self.params, tapes, self.tokenizer, **options)

    def column(self, name: str) -> np.ndarray:
        """``[B, T, C]`` of the truths."""
        return np.stack([getattr(each, name) for each in self.truths])


@cache
def made(name: str) -> Made:
    """Eight tapes of the default market, after a burn-in."""
    market, slots = find_market(name), SLOTS[name]
    params = market.functions.Params()
    simulated = simulate_many(
        market,
        params,
        jax.random.key(1),
        NUM_MARKETS,
        NUM_ORDERS,
        num_slots=slots,
        burn_in=NUM_ORDERS,
        num_threads=1,
    )
    tapes = to_tapes(market, params, simulated, symbol="X")
    observed = [observe_tape(tape) for tape in tapes]
    raw = [np.concatenate(x) for x in zip(*(o.raw for o in observed), strict=True)]
    lots = np.concatenate([book_lots(each, 100) for each in observed])
    tokenizer = orders.fit(orders.RawOrders(*raw), lots)
    run = Made(market, params, simulated, tapes, observed, tokenizer, [])
    return run._replace(truths=run.again(tapes))
