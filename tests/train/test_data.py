"""Datasets are read as they were written, or refused in one line."""

import json

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train.data import data_record, read_dataset


def write(make_dataset, path, **changes):
    """Two tapes of 600 orders."""
    tokens, features = np.zeros((1_200, 4), np.uint8), np.ones((1_200, 3), np.int16)
    return read_dataset(make_dataset(path, tokens, features, **changes))


def test_damaged_datasets_are_refused(make_dataset, tmp_path):
    def refused(says):
        with pytest.raises(InputError, match=says):
            read_dataset(tmp_path)

    refused("is not a dataset")
    write(make_dataset, tmp_path)
    whole = (tmp_path / "tokens.npy").read_bytes()
    (tmp_path / "tokens.npy").write_bytes(whole[:-100])
    refused(r"tokens\.npy: cannot be read")
    np.save(tmp_path / "tokens.npy", np.zeros((5, 4), np.uint8))
    refused("5 tokens but 1200 rows")
    np.save(tmp_path / "tokens.npy", np.zeros((1_200, 4), np.int64))
    refused("is int64")
    np.save(tmp_path / "tokens.npy", np.zeros((1_200, 3), np.uint8))
    refused(r"not uint8 or uint16 \[T, 4\]")
    (tmp_path / "dataset.json").write_text('{"format": 1}')
    refused("has format 1, not 2")
    (tmp_path / "dataset.json").write_text('{"format": 2}')
    refused("segments")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"field_names": ["a", "b", "c"]}, "3 names of 4 fields"),
        ({"field_names": ["a", "b", "c", "loss"]}, "can be named 'loss'"),
        ({"feature_scale": [1.0]}, "feature_scale has a wrong length"),
        ({"mirror": {"fields": []}}, "cannot be read"),
        (
            {
                "mirror": {
                    "fields": [[1, 1, 2], None, None, None],
                    "feature_perm": [0, 1, 2],
                    "feature_sign": [1, 1, 1],
                }
            },
            "no permutation of 3",
        ),
        (
            {
                "mirror": {
                    "fields": [None] * 4,
                    "feature_perm": [0, 0, 2],
                    "feature_sign": [1, 1, 1],
                }
            },
            "no permutation of 3",
        ),
        (
            {
                "mirror": {
                    "fields": [None] * 4,
                    "feature_perm": [0, 1, 2],
                    "feature_sign": [1, 1, 7],
                }
            },
            "feature_sign",
        ),
    ],
)
def test_descriptions_that_contradict_themselves(make_dataset, tmp_path, changes, says):
    with pytest.raises(InputError, match=says):
        write(make_dataset, tmp_path, **changes)


def test_the_record_of_data_names_its_sources_and_times(make_dataset, tmp_path):
    times = {"train": [[34200, 0], [35000, 0]], "valid": [[35000, 0], [36000, 5]]}
    tape = {"symbol": "A", "date": None, "files": [{"sha256": "c" * 64}]}
    tapes = {"A_m1": tape | {"split_time": times}}
    dataset = write(make_dataset, tmp_path, tapes=tapes)
    (record,) = data_record([(dataset, 2)])
    assert record["weight"] == 2.0 and record["sha256"] == dataset.sha256
    assert record["tapes"]["A_m1"] == {
        **{"symbol": "A", "date": None, "sha256": ["c" * 64], "entry_sha256": None},
        **times,
    }
    json.dumps(record)
    info = json.loads((tmp_path / "dataset.json").read_text())
    (tmp_path / "dataset.json").write_text(json.dumps(info | {"more": 1}))
    assert read_dataset(tmp_path).sha256 != dataset.sha256
