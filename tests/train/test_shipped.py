"""The models in the package: whole, small, and not telling where they were made."""

import json
import re
import shutil

import jax
import numpy as np
import pytest

import marsjax
from marsjax.errors import InputError
from marsjax.lmm.trained import TrainedModel
from marsjax.market.invented import FILE, read_opening
from marsjax.train import shipped
from marsjax.train.card import card_text
from marsjax.train.checkpoint import META, load_checkpoint
from marsjax.train.load import load

NAMES = shipped.shipped_names()
PATHS = re.compile(rb"/(home|root|tmp|work|mnt|Users|var|opt)/|[A-Z]:\\\\")


def files(name):
    return [p for p in (shipped.WEIGHTS / name).rglob("*") if p.is_file()]


def test_there_are_two_at_least():
    assert {"sse", "zi"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEach:
    def test_small_and_of_no_machine(self, name):
        assert sum(p.stat().st_size for p in files(name)) <= shipped.MOST_BYTES
        for path in files(name):
            assert path.suffix not in (".pkl", ".pickle", ".npy", ".npz"), path
            assert not PATHS.search(path.read_bytes()), path

    def test_loads_by_its_name(self, name):
        trained = load(name)
        assert isinstance(trained, TrainedModel)
        checkpoint = load_checkpoint(shipped.find_model(name))
        card = shipped.read_card(name)
        assert card["tokenizer_sha256"] == trained.tokenizer.sha256
        sizes = [np.size(x) for x in jax.tree.leaves(trained.params)]
        assert card["parameters"] == sum(sizes)
        assert checkpoint.meta["step"] == card["step"]
        assert not (shipped.find_model(name) / "state").exists()

    def test_card_says_what_it_must(self, name):
        card = shipped.read_card(name)
        assert card["name"] == name and card["limits"]
        assert card["data"]["source"] and card["data"]["licence"]
        for tape in card["tapes"].values():
            assert set(tape["times"]) == {"train", "valid", "test"}
            assert len(tape["entry_sha256"]) == 64
        text = marsjax.model_card(name)
        assert str(text) == card_text(card)
        assert f"{card['parameters']:,} parameters" in text
        assert "Limits" in text and text._repr_markdown_() == str(text)

    def test_has_an_opening(self, name):
        invented = read_opening(shipped.find_model(name))
        assert invented.is_truth or invented.measured["rows"]


def test_the_table():
    found = marsjax.models()
    assert [m.name for m in found] == NAMES
    assert all(m.megabytes < 16 and m.parameters > 0 for m in found)
    text, html = repr(found), found._repr_html_()
    for m in found:
        assert m.name in text and f"<td>{m.name}</td>" in html
        assert m.nats is None or f"{m.nats:.3f}" in text
    assert repr(shipped.Models()) == "" and shipped.Models()._repr_html_()


def test_a_path_that_exists_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped.find_model("zi") == shipped.WEIGHTS / "zi"
    (tmp_path / "zi").mkdir()
    assert shipped.find_model("zi").resolve() == tmp_path / "zi"
    with pytest.raises(InputError, match="holds no checkpoint"):
        load("zi")


def test_an_unknown_name_lists_the_names():
    for ask in (load, shipped.find_model, shipped.read_card, marsjax.model_card):
        with pytest.raises(InputError, match=r"sse, zi|sse.*zi"):
            ask("none-such")


@pytest.mark.parametrize("file", ["config.json", FILE, "card.json"])
def test_damage_is_told(file, tmp_path):
    """No file can change without an error that names it."""
    copy = tmp_path / "zi"
    shutil.copytree(shipped.WEIGHTS / "zi", copy)
    assert json.loads((copy / META).read_text())["files"][file]
    (copy / file).write_text((copy / file).read_text() + " ")
    with pytest.raises(InputError, match=file):
        load(copy)
