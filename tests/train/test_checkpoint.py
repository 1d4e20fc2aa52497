"""Checkpoints come back as they were, or are refused in one line."""

import dataclasses
import json
import shutil

import jax
import numpy as np
import pytest

from marsjax.config import to_json
from marsjax.errors import InputError
from marsjax.train import load_checkpoint, read_dataset
from marsjax.train.checkpoint import META, file_sums, meta_sha256, read_meta
from marsjax.train.load import tokenizer_of
from marsjax.train.save import save_checkpoint
from marsjax.train.step import init_state


@pytest.fixture(scope="module")
def kept(config, dataset_dir, tmp_path_factory):
    """A checkpoint and what it holds."""
    run = tmp_path_factory.mktemp("run")
    params = init_state(config).params
    meta = {"step": 7, "valid_nats": 1.5}
    dataset = read_dataset(dataset_dir)
    save_checkpoint(run / "best", config, dataset, meta | {"step": 5}, params)
    path = save_checkpoint(run / "best", config, dataset, meta, params)
    return path, params


@pytest.fixture
def saved(kept, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(kept[0], tmp_path / "best" / kept[0].name)


def test_a_checkpoint_comes_back_by_its_own_path_and_by_its_run(kept, config):
    path, params = kept
    assert [p.name for p in path.parent.iterdir()] == ["00000007"]
    for name in (path, path.parents[1]):
        found = load_checkpoint(name)
        assert found.config == config and found.path == path
        assert found.meta["step"] == 7 and found.meta["valid_nats"] == 1.5
        jax.tree.map(np.testing.assert_array_equal, found.params, params)


def test_a_checkpoint_says_where_it_came_from(kept, dataset_dir):
    meta = read_meta(kept[0])
    assert meta["versions"]["jax"] == jax.__version__
    assert meta["devices"]["kind"] == jax.devices()[0].device_kind
    assert set(meta["git"] or {"revision": 0, "is_changed": 0}) == {
        "revision",
        "is_changed",
    }
    found = load_checkpoint(kept[0])
    assert found.dataset == json.loads((dataset_dir / "dataset.json").read_text())
    assert found.tokenizer == (dataset_dir / "tokenizer.json").read_text()
    assert meta["data"][0]["sha256"] == read_dataset(dataset_dir).sha256


def test_only_checkpoints_make_way_for_a_newer_one(saved, config, dataset_dir, kept):
    best = saved.parent
    (best / ".DS_Store").write_text("x")
    (best / "notes").mkdir()
    (best / ".00000008.partial").mkdir()  # as a killed run leaves it
    save_checkpoint(best, config, read_dataset(dataset_dir), {"step": 9}, kept[1])
    assert {p.name for p in best.iterdir()} == {".DS_Store", "notes", "00000009"}
    assert load_checkpoint(best.parent).meta["step"] == 9


def test_to_read_a_checkpoint_writes_nothing(saved):
    def look():
        stats = {p: p.stat() for p in [saved.parent, saved, *saved.rglob("*")]}
        return {p: (s.st_mtime_ns, s.st_ctime_ns, s.st_size) for p, s in stats.items()}

    before = look()
    load_checkpoint(saved)
    assert look() == before


def test_another_tokenizer_is_refused(kept):
    assert load_checkpoint(kept[0], tokenizer_sha256="a" * 64)
    with pytest.raises(InputError, match="was trained with tokenizer aaaa"):
        load_checkpoint(kept[0], tokenizer_sha256="b" * 64)


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    """One bit, in the middle."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (cut, "changed since it was written|damaged"),
        (flip, "changed since it was written|damaged"),
        (lambda file: file.unlink(), "missing|holds no checkpoint"),
    ],
)
def test_every_damaged_file_is_told_in_one_line(saved, damage, says):
    files = [p for p in saved.rglob("*") if p.is_file()]
    assert {"config.json", "dataset.json", "tokenizer.json", META} <= {
        p.name for p in files
    }
    for file in files:
        if not file.stat().st_size:
            continue
        sound = file.read_bytes()
        damage(file)
        with pytest.raises(InputError, match=says) as caught:
            load_checkpoint(saved)
        assert "\n" not in str(caught.value) and str(saved) in str(caught.value)
        file.write_bytes(sound)
    assert load_checkpoint(saved)


def test_no_byte_of_what_it_says_can_be_changed(saved):
    """A value of ``checkpoint.json`` is as safe as the arrays."""
    text = (saved / META).read_text()
    for old, new in (('"step": 7', '"step": 8'), ("1.5", "0.5"), ("sha256", "sha257")):
        assert old in text
        (saved / META).write_text(text.replace(old, new))
        with pytest.raises(InputError, match=r"checkpoint\.json: is damaged"):
            read_meta(saved)
    (saved / META).write_text("[]")
    with pytest.raises(InputError, match=r"checkpoint\.json: is damaged"):
        read_meta(saved)
    (saved / META).write_text(text.replace('"format": 2', '"format": 3'))
    with pytest.raises(InputError, match="has format 3, not 2"):
        read_meta(saved)


def seal(path):
    """Makes the sums of a checkpoint right, whatever is in it."""
    meta = json.loads((path / META).read_text())
    del meta["sha256"]
    meta["files"] = file_sums(path)
    meta["sha256"] = meta_sha256(meta)
    (path / META).write_text(json.dumps(meta))


def test_parts_of_two_checkpoints_are_refused(saved, config):
    told = "does not hold the arrays that config.json asks for"
    for change in ({"d_ff": 96}, {"num_layers": 2}, {"head": "joint"}):
        other = dataclasses.replace(config.model, **change)
        text = to_json(dataclasses.replace(config, model=other))
        (saved / "config.json").write_text(text)
        with pytest.raises(InputError, match=r"config\.json: is changed"):
            load_checkpoint(saved)
        seal(saved)
        with pytest.raises(InputError, match=told) as caught:
            load_checkpoint(saved)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "dataset.json"])
def test_a_sound_sum_of_nonsense_is_refused(saved, name):
    (saved / name).write_text("{")
    seal(saved)
    with pytest.raises(InputError, match=f"{name}: is (damaged|not JSON)|not JSON"):
        load_checkpoint(saved)
    (saved / name).unlink()
    seal(saved)
    with pytest.raises(InputError, match=f"{name}: is damaged"):
        load_checkpoint(saved)


def test_the_tokenizer_of_another_model_is_refused(saved):
    (saved / "tokenizer.json").write_text('{"bins": [1]}\n')
    with pytest.raises(InputError, match=r"tokenizer\.json: is changed"):
        load_checkpoint(saved)
    seal(saved)
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        tokenizer_of(load_checkpoint(saved))


def test_a_checkpoint_of_the_first_format_is_read(saved, kept):
    meta = json.loads((saved / META).read_text())
    for name in ("sha256", "git", "versions", "devices", "split_sha256"):
        del meta[name]
    (saved / META).write_text(json.dumps(meta | {"format": 1}))
    config = json.loads((saved / "config.json").read_text())
    del config["mesh"]
    (saved / "config.json").write_text(json.dumps(config))
    meta["files"] = file_sums(saved)
    (saved / META).write_text(json.dumps(meta | {"format": 1}))
    found = load_checkpoint(saved)
    jax.tree.map(np.testing.assert_array_equal, found.params, kept[1])
