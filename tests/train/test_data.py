"""The sampler: right windows, right shares, and no state."""

import json

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train.data import make_sampler, read_dataset


def numbered(make_dataset, path, **changes):
    """Two tapes of 600 orders whose first feature is the order's own index."""
    index = np.arange(1_200)
    tokens = np.stack([index % 3, index % 4, index % 5, index % 2], 1).astype(np.uint8)
    features = np.stack([index, index + 1, index % 7], 1).astype(np.int16)
    return read_dataset(make_dataset(path, tokens, features, **changes))


def sampler_of(dataset, **changes):
    options = dict(length=16, batch_size=64, seed=0, mirror=False) | changes
    return make_sampler(dataset, **options)


def test_windows_are_runs_of_one_training_segment_and_reach_all_of_it(
    make_dataset, tmp_path
):
    dataset = numbered(make_dataset, tmp_path)
    sampler, seen = sampler_of(dataset, batch_size=512), set()
    for step in range(40):
        tokens, features = sampler(step)
        assert tokens.shape == (512, 17, 4) and features.shape == (512, 16, 3)
        first = features[:, 0, 0].astype(int)
        np.testing.assert_array_equal(
            features[..., 0], first[:, None] + np.arange(16)[None]
        )
        index = first[:, None] + np.arange(17)[None]
        np.testing.assert_array_equal(tokens, dataset.tokens_T4[index])
        for start, stop in zip(index[:, 0], index[:, -1] + 1, strict=True):
            assert any(
                s.start <= start and stop <= s.stop for s in dataset.part("train")
            )
        seen.update(first)
    expected = {x for s in dataset.part("train") for x in range(s.start, s.stop - 16)}
    assert seen == expected


def test_a_batch_is_a_function_of_seed_and_step(make_dataset, tmp_path):
    dataset = numbered(make_dataset, tmp_path)
    one, two, other = (
        sampler_of(dataset),
        sampler_of(dataset),
        sampler_of(dataset, seed=1),
    )
    for step in (5, 0, 3):
        np.testing.assert_array_equal(one(step).tokens, two(step).tokens)
    assert not np.array_equal(one(3).features, one(4).features)
    assert not np.array_equal(one(3).features, other(3).features)


def test_half_of_the_windows_are_mirrored_and_the_rest_untouched(
    make_dataset, tmp_path
):
    dataset = numbered(make_dataset, tmp_path)
    plain, mirrored = sampler_of(dataset), sampler_of(dataset, mirror=True)
    flipped = []
    for step in range(20):
        (tokens, features), (tokens_m, features_m) = plain(step), mirrored(step)
        flip = features_m[:, 0, 0] != features[:, 0, 0]
        np.testing.assert_array_equal(tokens[~flip], tokens_m[~flip])
        np.testing.assert_array_equal(features[~flip], features_m[~flip])
        a, b = tokens[flip].astype(int), tokens_m[flip].astype(int)
        np.testing.assert_array_equal(b[..., 0], np.array([1, 0, 2])[a[..., 0]])
        np.testing.assert_array_equal(b[..., 1], 3 - a[..., 1])
        np.testing.assert_array_equal(b[..., 2:], a[..., 2:])
        swapped = features[flip][..., [1, 0, 2]] * np.array([1, 1, -1])[None, None]
        np.testing.assert_array_equal(features_m[flip], swapped)
        flipped.extend(flip)
    assert 0.45 < np.mean(flipped) < 0.55


def test_the_mirror_twice_is_the_original(make_dataset, tmp_path):
    dataset = numbered(make_dataset, tmp_path)
    tokens, features = sampler_of(dataset)(0)
    again = dataset.mirror(*dataset.mirror(tokens, features))
    np.testing.assert_array_equal(again[0], tokens)
    np.testing.assert_array_equal(again[1], features)


def test_short_segments_are_counted_and_none_long_enough_is_an_error(
    make_dataset, tmp_path
):
    dataset = numbered(make_dataset, tmp_path)
    info = json.loads((tmp_path / "dataset.json").read_text())
    info["segments"].append({"tape": "x", "part": "train", "start": 0, "stop": 16})
    (tmp_path / "dataset.json").write_text(json.dumps(info))
    assert sampler_of(read_dataset(tmp_path)).num_short == 1
    with pytest.raises(InputError, match="no training segment holds a window of 501"):
        sampler_of(dataset, length=500)


def test_tokens_outside_their_field_are_an_error(make_dataset, tmp_path):
    tokens = np.zeros((1_200, 4), np.uint8)
    tokens[:, 2] = 5
    features = np.zeros((1_200, 3), np.int16)
    dataset = read_dataset(make_dataset(tmp_path, tokens, features))
    with pytest.raises(InputError, match=r"tokens\.npy: holds tokens up to"):
        sampler_of(dataset)(0)


def test_damaged_datasets_are_refused(make_dataset, tmp_path):
    def refused(says):
        with pytest.raises(InputError, match=says):
            read_dataset(tmp_path)

    refused("is not a dataset")
    numbered(make_dataset, tmp_path)
    whole = (tmp_path / "tokens.npy").read_bytes()
    (tmp_path / "tokens.npy").write_bytes(whole[:-100])
    refused(r"tokens\.npy: cannot be read")
    np.save(tmp_path / "tokens.npy", np.zeros((5, 4), np.uint8))
    refused("5 tokens but 1200 rows")
    np.save(tmp_path / "tokens.npy", np.zeros((1_200, 4), np.int64))
    refused("is int64")
    (tmp_path / "dataset.json").write_text('{"format": 2}')
    refused("has format 2")
    (tmp_path / "dataset.json").write_text('{"format": 1}')
    refused("segments")
    numbered(make_dataset, tmp_path, mirror=None)
    with pytest.raises(InputError, match="has no mirror"):
        sampler_of(read_dataset(tmp_path), mirror=True)
