"""The weights of another checkpoint as the start of a run, and what they have seen."""

import dataclasses
import hashlib
from pathlib import Path
from typing import NamedTuple

from marsjax.config import Config
from marsjax.errors import InputError
from marsjax.lmm import Params
from marsjax.train.checkpoint import META, load_checkpoint
from marsjax.train.data import Dataset
from marsjax.train.shipped import find_model

KEY = "init_sha256"
"""In the ``data`` of a checkpoint: marks what the weights it began with had seen, by
the hash of the ``checkpoint.json`` they came from."""

FREE = ("dropout", "dtype", "window")
"""What of a model may change with its weights kept: it gives none of them a new
meaning."""


class Weights(NamedTuple):
    """Parameters to begin with, and their past, for the ``data`` of the new model."""

    params: Params
    record: list[dict]


def read_weights(path: str | Path, config: Config, dataset: Dataset) -> Weights:
    """Reads what a run is to begin with.

    Args:
      path: a checkpoint, or a run or a shipped model, whose best one is taken; of an
        exponential mean of weights where it kept one.
      config: of the run; its model must be that of the checkpoint but for `FREE`.
      dataset: of the run; of the same tokenizer.

    Raises:
      InputError: no sound checkpoint, another tokenizer, or another model.
    """
    sha = dataset.info.get("tokenizer_sha256")
    checkpoint = load_checkpoint(find_model(path), tokenizer_sha256=sha)
    theirs = dataclasses.asdict(checkpoint.config.model)
    ours = dataclasses.asdict(config.model)
    wrong = [k for k in ours if k not in FREE and ours[k] != theirs[k]]
    if wrong:
        told = "; ".join(f"{k} {theirs[k]}, not {ours[k]}" for k in wrong)
        raise InputError(
            f"is of another model: {told}",
            "train a model of the same shape (its config.json says it)",
            file=checkpoint.path,
        )
    data = checkpoint.meta.get("data")
    if data is None:
        raise InputError(
            "does not say what it was trained on",
            "begin with a checkpoint that does, so that what is made of it can be "
            "scored on what neither has seen",
            file=checkpoint.path,
        )
    origin = hashlib.sha256((checkpoint.path / META).read_bytes()).hexdigest()
    return Weights(checkpoint.params, [{**each, KEY: origin} for each in data])


def split_record(data: list[dict]) -> tuple[list[dict], list[dict]]:
    """A checkpoint's ``data``: of the run itself, and of the weights it began with."""
    own = [each for each in data if KEY not in each]
    return own, [each for each in data if KEY in each]
