"""A checkpoint becomes a model of the package, whole or not at all."""

import json

import jax
import numpy as np
import pytest

from experiments import ship
from marsjax.errors import InputError
from marsjax.train.card import card_text
from marsjax.train.checkpoint import load_checkpoint
from marsjax.train.shipped import WEIGHTS

CARD = ship.ROOT / "experiments/cards/zi.json"
SPEED = {"orders_per_s": 1_000.0, "how": "made up", "device": "none"}


@pytest.fixture
def args(tmp_path):
    """Ships what is shipped, in another place."""
    fields = json.loads(CARD.read_text()) | {"speed": SPEED}
    (tmp_path / "card.json").write_text(json.dumps(fields))
    card, weights = tmp_path / "card.json", tmp_path / "weights"
    return ship.Args(WEIGHTS / "zi", "again", card, "zi", weights)


@pytest.mark.slow
def test_the_same_model_comes_out(args):
    ship.main(args)
    ship.main(args)  # in the place of the first
    (folder,) = args.weights.iterdir()
    first, again = load_checkpoint(args.run), load_checkpoint(folder)
    same = jax.tree.map(np.array_equal, first.params, again.params)
    assert all(jax.tree.leaves(same)) and first.config == again.config
    assert first.tokenizer == again.tokenizer and first.dataset == again.dataset
    card = json.loads((folder / "card.json").read_text())
    assert card["name"] == "again" and card["speed"] == SPEED
    assert (folder / "card.md").read_text() == card_text(card)


def refused(args, what):
    with pytest.raises(InputError, match=what):
        ship.main(args)
    assert not (args.weights / "again").exists()


def test_what_is_too_large_is_refused(args, monkeypatch):
    monkeypatch.setattr(ship, "MOST_BYTES", 1_000)
    refused(args, "at most")


def test_a_path_of_this_machine_is_refused(args, tmp_path):
    fields = json.loads(args.card.read_text())
    fields["training"]["command"] = f"marsjax train --out {tmp_path}/run"
    args.card.write_text(json.dumps(fields))
    refused(args, "a folder of this machine")


def test_other_log_probabilities_are_refused(args, monkeypatch):
    seen = iter([np.zeros(3), np.ones(3)])
    monkeypatch.setattr(ship, "log_probs", lambda checkpoint: next(seen))
    refused(args, "log-probabilities")


def test_a_card_that_lacks_a_field_is_refused(args):
    fields = json.loads(args.card.read_text())
    del fields["limits"]
    args.card.write_text(json.dumps(fields))
    refused(args, "lacks limits")
