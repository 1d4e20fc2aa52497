"""Checkpoints as models that markets can run."""

from pathlib import Path

from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.lmm.trained import TrainedModel
from marsjax.tokens import tokenizer as tk
from marsjax.train.checkpoint import Checkpoint, load_checkpoint


def load(path: str | Path) -> TrainedModel:
    """The best model of a run, or of one checkpoint.

    Args:
      path: a folder that ``marsjax train`` wrote.

    Raises:
      InputError: nothing there, a damaged file, or a tokenizer that is not the one the
        model was trained with.
    """
    checkpoint = load_checkpoint(path)
    model = OrderModel(checkpoint.config.model)
    return TrainedModel(model, checkpoint.params, tokenizer_of(checkpoint))


def tokenizer_of(checkpoint: Checkpoint) -> tk.Tokenizer:
    """The tokenizer a checkpoint carries, checked against the hash it was saved with.

    Raises:
      InputError: missing, damaged, or another one.
    """
    file = checkpoint.path / "tokenizer.json"
    if checkpoint.tokenizer is None:
        raise InputError("is missing", "train again with marsjax train", file=file)
    tokenizer = tk.from_json(checkpoint.tokenizer, file)
    if tokenizer.sha256 != checkpoint.meta["tokenizer_sha256"]:
        raise InputError(
            "is not the tokenizer that the model was trained with",
            "restore the checkpoint as training wrote it",
            file=file,
        )
    if tuple(checkpoint.config.model.field_sizes) != tk.FIELD_SIZES:
        raise InputError(
            f"fields of {checkpoint.config.model.field_sizes} are not those of orders, "
            f"{tk.FIELD_SIZES}",
            "use a model of orders",
            file=checkpoint.path,
        )
    return tokenizer
