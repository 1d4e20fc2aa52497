"""The comparison with the oracle sees what it is there to see."""

import pytest

from experiments import exchange_against_oracle as experiment
from tests.oracle import Oracle


class Found:
    """A queue that keeps what it is given."""

    def __init__(self):
        self.items = []

    def put(self, item):
        self.items.append(item)


@pytest.fixture
def compare(monkeypatch):
    """Runs the comparison on a small book; what it told last."""
    monkeypatch.setattr(experiment, "CHUNK", 512)

    def run(num_messages):
        found = Found()
        experiment.compare(16, num_messages, 0, found)
        return found.items[-1]

    return run


def test_all_rules_in_turn_without_a_mismatch(compare):
    _, what, told = compare(512 * len(experiment.RULES))
    assert what == "same"
    assert told["messages"] == 512 * len(experiment.RULES)
    assert told["most live on a side"] > 8


def test_a_mismatch_is_found_and_shrunk(compare, monkeypatch):
    """An oracle that takes one share too few off: a few messages show it."""
    real = Oracle.take_off

    def wrong(self, order, qty, reason=0):
        if qty == order.qty and qty > 1:
            qty -= 1
        return real(self, order, qty, reason)

    monkeypatch.setattr(Oracle, "take_off", wrong)
    _, what, told = compare(5_000)
    assert what == "wrong"
    rows = told.split("empty book: ")[1]
    assert 2 <= rows.count("], [") + 1 <= 3
