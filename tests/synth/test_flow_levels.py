"""Live orders by price, from events, are those of the exchange's book."""

import numpy as np
import pytest

from marsjax.book import live_orders
from marsjax.data.replay import replay_messages
from marsjax.synth.all_kinds import with_all_kinds
from marsjax.synth.flow_levels import Levels, distance
from marsjax.synth.random_stream import RandomStream
from marsjax.types import Kind, Message, Side


def followed(messages_T, result):
    levels = Levels()
    names = ("kind", "side", "price_ticks", "qty", "order_id", "maker_id")
    acts = np.stack([getattr(result.events, name) for name in names], axis=1)
    first_T = np.searchsorted(result.message_index, np.arange(len(messages_T.kind) + 1))
    for t, kind in enumerate(messages_T.kind.tolist()):
        own = acts[first_T[t] : first_T[t + 1]].tolist()
        levels.follow(kind, [tuple(act) for act in own])
    return levels


@pytest.mark.parametrize("num", [1_500, 3_000, 5_000])
def test_all_kinds_of_messages_are_followed(num):
    """Auctions, modified orders and all else of a tape: all orders and levels."""
    stream = RandomStream(0, 30, num_ids=240)
    rows = np.concatenate([stream.opening(), stream.rows(num)])
    rows = with_all_kinds(np.random.default_rng(0), rows, 240, rare=3e-3)
    messages_T = Message(*rows.T[:6])  # tapes know no icebergs
    result = replay_messages(messages_T, num_slots=256)
    levels = followed(messages_T, result)
    seen = live_orders(result.book)
    expected = {
        int(seen.order_id[n]): [
            int(seen.side[n]),
            int(seen.price_ticks[n]),
            int(seen.qty[n]),
        ]
        for n in np.flatnonzero(seen.is_live)
    }
    assert len(expected) > 20 and levels.orders == expected
    for side in Side:
        prices = {}
        for own, price, qty in expected.values():
            if own == side:
                num_here, qty_here = prices.get(price, (0, 0))
                prices[price] = [num_here + 1, qty_here + qty]
        assert levels.levels[side] == prices
        assert levels.num[side] == sum(level[0] for level in prices.values())
        best = max(prices) if side == Side.BUY else min(prices)
        assert levels.quotes()[side] == best
    assert levels.last_ticks == int(result.book.last_price_ticks)


def test_an_empty_side_stands_behind_the_other():
    levels = Levels()
    assert levels.quotes() == (0, 0) and levels.references() == (0, 1)
    levels.follow(Kind.LIMIT, [(1, Side.SELL, 100, 5, 7, -1)])
    assert levels.quotes() == (0, 100) and levels.references() == (99, 100)
    levels.follow(Kind.IOC, [(2, Side.BUY, 100, 5, 8, 7)])
    assert levels.quotes() == (0, 0) and levels.references() == (100, 101)
    assert levels.gone == [7] and not levels.orders
    assert distance(Side.BUY, 99, 100, 101) == 2
    assert distance(Side.SELL, 99, 100, 101) == -1
