"""A small dataset with something to learn, and a tiny model."""

import json
from pathlib import Path

import numpy as np
import pytest

from marsjax.config import Config, ModelConfig, TrainConfig

SIZES = (3, 4, 5, 2)
NAMES = ("type", "price", "volume", "interval")


def write(path: Path, tokens: np.ndarray, features: np.ndarray, **changes) -> Path:
    """A dataset folder of two tapes, each split into train, valid and test."""
    path.mkdir(parents=True, exist_ok=True)
    np.save(path / "tokens.npy", tokens)
    np.save(path / "features.npy", features)
    half, segments = len(tokens) // 2, []
    for tape in range(2):
        cuts = [int(half * share) for share in (0, 0.7, 0.85, 1)]
        for part, a, b in zip(("train", "valid", "test"), cuts, cuts[1:], strict=False):
            span = {"start": tape * half + a, "stop": tape * half + b}
            segments.append({"tape": f"tape{tape}", "part": part, **span})
    info = {
        "format": 2,
        "segments": segments,
        "num_features": 3,
        "field_names": NAMES,
        "field_sizes": SIZES,
        "feature_scale": [0.1, 0.5, 1.0],
        "tokenizer_sha256": "a" * 64,
        "mirror": {
            "fields": [[1, 0, 2], [3, 2, 1, 0], None, None],
            "feature_perm": [1, 0, 2],
            "feature_sign": [1, 1, -1],
        },
    }
    (path / "dataset.json").write_text(json.dumps(info | changes))
    (path / "tokenizer.json").write_text('{"bins": []}\n')
    return path


@pytest.fixture(scope="session")
def dataset_dir(tmp_path_factory) -> Path:
    """Orders whose type is a function of the last order's features."""
    rng, count = np.random.default_rng(0), 1_200
    tokens = rng.integers(0, SIZES, (count, 4)).astype(np.uint8)
    features = rng.integers(-5, 6, (count, 3)).astype(np.int16)
    tokens[1:, 0] = np.where(features[:-1, 2] > 0, 0, 1)
    tokens[1:, 1] = (tokens[:-1, 1] + rng.integers(0, 2, count - 1)) % 4
    return write(tmp_path_factory.mktemp("data") / "dataset", tokens, features)


@pytest.fixture(scope="session")
def config() -> Config:
    """A model that trains in a blink."""
    return Config(
        model=ModelConfig(
            field_sizes=SIZES,
            num_features=3,
            d_model=16,
            num_layers=1,
            num_heads=2,
            window=8,
            dropout=0.2,
        ),
        train=TrainConfig(
            steps=6,
            batch_size=4,
            micro_batch=2,
            seq_len=16,
            warmup_steps=2,
            learning_rate=0.01,
            eval_every=3,
            eval_stride=16,
            eval_batch=4,
            checkpoint_every=3,
            log_every=1,
            ema_decay=0.9,
        ),
    )


@pytest.fixture(scope="session")
def make_dataset():
    """:func:`write`."""
    return write
