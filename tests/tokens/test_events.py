"""Dataset folders: written in pieces, whole, and with what they were made of."""

import json

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.tokens.events import EventTape, write_events
from marsjax.tokens.npy import RowWriter
from marsjax.tokens.tokenizer import fit, from_json
from tests.tokens.server_log import SERVERS, server_log


def event_tapes(tokenizer, counts):
    for seed, count in enumerate(counts):
        columns, features = server_log(seed, count)
        cut = count * 3 // 4
        yield EventTape(
            f"rack{seed}",
            tokenizer.encode(columns),
            features,
            {"train": (0, cut), "valid": (cut, count)},
        )


@pytest.fixture(scope="module")
def tokenizer():
    return fit(SERVERS, server_log(0, 500)[0] | {"queue": np.arange(9)})


def test_rows_appended_are_the_rows_read(tmp_path):
    rng, pieces = np.random.default_rng(0), []
    with RowWriter(tmp_path / "a.npy", np.int16, 3) as writer:
        for count in (0, 7, 100_000, 1):
            pieces.append(rng.integers(-9, 9, (count, 3)).astype(np.int16))
            writer.append(pieces[-1])
        with pytest.raises(ValueError, match="rows are int64"):
            writer.append(np.zeros((2, 3), np.int64))
    read = np.load(tmp_path / "a.npy", mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(read, np.concatenate(pieces))


def test_events_of_any_domain_on_disk(tokenizer, tmp_path):
    info = write_events(event_tapes(tokenizer, (400, 300)), tmp_path / "a", tokenizer)
    assert json.loads((tmp_path / "a/dataset.json").read_text()) == info
    tokens = np.load(tmp_path / "a/tokens.npy", allow_pickle=False)
    features = np.load(tmp_path / "a/features.npy", allow_pickle=False)
    assert tokens.shape == (700, 5) and features.shape == (700, 2)
    written = (tmp_path / "a/tokens.npy").stat().st_size
    written += (tmp_path / "a/features.npy").stat().st_size
    assert info["bytes_per_order"] == 9 == (written - 2 * 128) / 700
    assert info["segments"][2] == {
        **{"tape": "rack1", "part": "train"},
        **{"start": 400, "stop": 625},
    }
    assert info["field_names"] == list(SERVERS.field_names)
    assert from_json((tmp_path / "a/tokenizer.json").read_text()).schema == SERVERS


def test_what_cannot_be_written_leaves_nothing(tokenizer, tmp_path):
    (tape,) = event_tapes(tokenizer, (100,))
    for tapes, error, says in (
        ([tape, tape], InputError, "two tapes are named rack0"),
        ([tape._replace(features_TF=tape.features_TF * 9_999)], InputError, "16 bits"),
        ([tape._replace(features_TF=tape.features_TF[1:])], ValueError, "99 rows"),
        ([tape._replace(parts={"train": (0, 101)})], ValueError, "bad part"),
    ):
        with pytest.raises(error, match=says):
            write_events(tapes, tmp_path / "a", tokenizer)
        assert not list(tmp_path.iterdir())
