"""Two small tapes as readers make them."""

import pytest

from marsjax.data import prepare_lobster, prepare_sse
from tests.data.fixtures import MESSAGES, ORDERBOOK, ORDERS, TRADES, write


@pytest.fixture
def sse(tmp_path):
    return prepare_sse(*write(tmp_path, A_orders=ORDERS, A_trades=TRADES))


@pytest.fixture
def lobster(tmp_path):
    paths = write(tmp_path, B_message=MESSAGES, B_orderbook=ORDERBOOK)
    return prepare_lobster(*paths, level1=paths[1], date="2024-01-02")
