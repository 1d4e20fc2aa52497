"""The sampler: right windows, right shares, and no state."""

import json

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train import sampler as sampler_module
from marsjax.train.data import read_dataset
from marsjax.train.sampler import make_sampler


@pytest.fixture(scope="module")
def numbered(make_dataset, tmp_path_factory):
    """Makes two tapes of 600 orders whose first feature is the order's own index."""

    def make(first=0, **changes):
        index = np.arange(1_200)
        tokens = [index % 3, index % 4, index % 5, index % 2]
        features = [first + index, first + index + 1, 1 + index % 7]
        path = make_dataset(
            tmp_path_factory.mktemp("numbered"),
            np.stack(tokens, 1).astype(np.uint8),
            np.stack(features, 1).astype(np.int16),
            **changes,
        )
        return read_dataset(path)

    return make


@pytest.fixture(scope="module")
def dataset(numbered):
    return numbered()


def sampler_of(datasets, **changes):
    options = dict(length=16, batch_size=64, seed=0, mirror=False) | changes
    return make_sampler(datasets, **options)


def same(one, two):
    for a, b in zip(one, two, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_windows_are_runs_of_one_training_segment_and_reach_all_of_it(dataset):
    starts = {x for s in dataset.part("train") for x in range(s.start, s.stop - 16)}
    sampler, seen = sampler_of(dataset, batch_size=len(starts) // 4), []
    for step in range(8):
        tokens, features = sampler(step)
        assert tokens.dtype == np.uint8 and features.dtype == np.int16
        assert tokens.shape[1:] == (17, 4) and features.shape[1:] == (16, 3)
        first = features[:, 0, 0].astype(int)
        index = first[:, None] + np.arange(17)[None]
        np.testing.assert_array_equal(features[..., 0], index[:, :-1])
        np.testing.assert_array_equal(tokens, dataset.tokens_TC[index])
        seen.extend(first)
    # Each epoch of four batches has every window once, in another order.
    half = len(starts)
    assert set(seen[:half]) == set(seen[half:]) == starts
    assert seen[:half] != seen[half:] and seen[:half] != sorted(seen[:half])


def test_a_batch_is_a_function_of_seed_and_step(dataset):
    one, two, other = (
        sampler_of(dataset, mirror=True),
        sampler_of(dataset, mirror=True),
        sampler_of(dataset, mirror=True, seed=1),
    )
    for step in (5, 0, 3, 1_000_000_007):
        same(one(step), two(step))
    assert not np.array_equal(one(3).features, one(4).features)
    assert not np.array_equal(one(3).features, other(3).features)


@pytest.mark.parametrize("prefetch", [0, 3])
def test_going_on_at_any_step_gives_the_same_batches(dataset, prefetch):
    sampler = sampler_of([(dataset, 1.0), (dataset, 2.0)], mirror=True)
    batches = sampler.iterate(41, prefetch=prefetch)
    for step in range(41, 47):
        same(next(batches), sampler(step))


def test_shards_in_their_order_are_the_batch_of_one(dataset, numbered):
    mixed = [(dataset, 1.0), (numbered(5_000), 0.5)]
    for datasets in (dataset, mixed):
        whole = sampler_of(datasets, mirror=True)
        shards = [
            sampler_of(datasets, mirror=True, shard_index=i, shard_count=4)
            for i in range(4)
        ]
        for step in (0, 7, 200):
            parts = [shard(step) for shard in shards]
            assert {len(part.tokens) for part in parts} == {16}
            same(map(np.concatenate, zip(*parts, strict=True)), whole(step))
    with pytest.raises(InputError, match="no shard 0 of 3"):
        sampler_of(dataset, shard_count=3)
    with pytest.raises(InputError, match="no shard 4 of 4"):
        sampler_of(dataset, shard_index=4, shard_count=4)


def test_half_of_the_windows_are_mirrored(dataset):
    sampler, flipped = sampler_of(dataset, mirror=True), []
    for step in range(20):
        tokens, features = sampler(step)
        flip = features[:, 0, 2] < 0
        first = features[:, 0, 0].astype(int) - flip
        index = first[:, None] + np.arange(17)[None]
        plain, seen = dataset.tokens_TC[index], dataset.features_TF[index[:, :-1]]
        np.testing.assert_array_equal(tokens[~flip], plain[~flip])
        np.testing.assert_array_equal(features[~flip], seen[~flip])
        a, b = plain[flip].astype(int), tokens[flip].astype(int)
        np.testing.assert_array_equal(b[..., 0], np.array([1, 0, 2])[a[..., 0]])
        np.testing.assert_array_equal(b[..., 1], 3 - a[..., 1])
        np.testing.assert_array_equal(b[..., 2:], a[..., 2:])
        swapped = seen[flip][..., [1, 0, 2]] * np.array([1, 1, -1])[None, None]
        np.testing.assert_array_equal(features[flip], swapped)
        flipped.extend(flip)
    assert 0.45 < np.mean(flipped) < 0.55


def test_the_mirror_twice_is_the_original(dataset):
    tokens, features = sampler_of(dataset)(0)
    same(dataset.mirror(*dataset.mirror(tokens, features)), (tokens, features))


def test_datasets_are_mixed_by_weight(dataset, numbered):
    other = numbered(5_000)
    sampler = sampler_of([(dataset, 1.0), (other, 0.25)], batch_size=50)
    alone, seen = sampler_of(dataset, batch_size=50), []
    for step in range(10):
        features = sampler(step).features
        is_other = features[:, 0, 0] >= 5_000
        assert is_other.sum() == 10
        seen.append(features[~is_other, 0, 0])
    # The windows of the first are those it would show alone.
    seen, first = (
        np.concatenate(seen),
        [alone(step).features[:, 0, 0] for step in (0, 1)],
    )
    np.testing.assert_array_equal(seen[:100], np.concatenate(first))


def test_datasets_that_cannot_be_mixed(dataset, numbered):
    other = numbered(tokenizer_sha256="b" * 64)
    with pytest.raises(InputError, match="made with another tokenizer"):
        sampler_of([(dataset, 1.0), (other, 1.0)])
    for weight in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="has the weight"):
            sampler_of([(dataset, 1.0), (dataset, weight)])
    with pytest.raises(InputError, match="has no mirror"):
        sampler_of([(dataset, 1.0), (numbered(mirror=None), 1.0)], mirror=True)


def test_more_windows_than_can_be_shuffled_are_thinned_out(dataset, monkeypatch):
    monkeypatch.setattr(sampler_module, "MAX_WINDOWS", 100)
    sampler, seen = sampler_of(dataset, batch_size=40, mirror=True), set()
    for step in range(4):
        seen.update(np.minimum(*np.moveaxis(sampler(step).features[:, 0, :2], -1, 0)))
    # 808 windows and their mirror images: every 17th.
    assert len(seen) == 48 and max(seen) > 900


def test_short_segments_are_counted_and_none_long_enough_is_an_error(numbered):
    dataset = numbered()
    info = json.loads((dataset.path / "dataset.json").read_text())
    info["segments"].append({"tape": "x", "part": "train", "start": 0, "stop": 16})
    (dataset.path / "dataset.json").write_text(json.dumps(info))
    assert sampler_of(read_dataset(dataset.path)).num_short == 1
    with pytest.raises(InputError, match="no training segment holds a window of 501"):
        sampler_of(dataset, length=500)


def test_tokens_outside_their_field_are_an_error(make_dataset, tmp_path):
    tokens = np.zeros((1_200, 4), np.uint8)
    tokens[:, 2] = 5
    features = np.zeros((1_200, 3), np.int16)
    dataset = read_dataset(make_dataset(tmp_path, tokens, features))
    with pytest.raises(InputError, match=r"tokens\.npy: holds tokens up to"):
        sampler_of(dataset)(0)
