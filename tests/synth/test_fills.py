"""The fills of synthetic tapes are those of the exchange."""

import numpy as np
import polars as pl

from marsjax.data.tape import FILL_SCHEMA
from marsjax.synth.fills import with_fills
from marsjax.synth.tape import to_tapes
from marsjax.types import Kind
from tests.synth.zi_run import ZI, default_run


def test_fills_are_what_orders_took():
    params, run = default_run()
    tapes = with_fills(to_tapes(ZI, params, run, symbol="ZI")[:2])
    for tape in tapes:
        fills, messages = tape.fills, tape.messages
        assert fills.schema == pl.Schema(FILL_SCHEMA)
        # In this market only market orders trade, each with the side opposite its own.
        row = fills["row"].to_numpy()
        assert (messages["kind"].to_numpy()[row] == Kind.IOC).all()
        assert len(np.unique(row)) == (messages["kind"] == int(Kind.IOC)).sum()
        taker = messages["order_id"].to_numpy()[row]
        np.testing.assert_array_equal(fills["taker_id"], taker)
        side = dict(messages.filter(pl.col("kind") != 3)[["order_id", "side"]].rows())
        maker_side = [side[i] for i in fills["maker_id"]]
        np.testing.assert_array_equal(maker_side, 1 - messages["side"].to_numpy()[row])
