"""Checkpoints, of one's own or shipped, as models that markets can run."""

from pathlib import Path

from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.lmm.trained import TrainedModel
from marsjax.tokens.tokenizer import Tokenizer, from_json
from marsjax.tokens.views import is_of_orders
from marsjax.train.checkpoint import Checkpoint, load_checkpoint
from marsjax.train.shipped import find_model


def load(path: str | Path) -> TrainedModel:
    """The best model of a run, or of one checkpoint, or one of this package.

    Args:
      path: a folder that ``marsjax train`` wrote, or a name of `marsjax.models`. A path
        that exists wins.

    Raises:
      InputError: nothing there, a damaged file, a tokenizer that is not the one the
        model was trained with, or a model of something else than orders.
    """
    checkpoint = load_checkpoint(find_model(path))
    model, tokenizer = OrderModel(checkpoint.config.model), tokenizer_of(checkpoint)
    if not is_of_orders(tokenizer.schema):
        raise InputError(
            f"is a model of {tokenizer.schema.name} with the fields "
            f"{', '.join(tokenizer.schema.field_names)}, not of orders as this version "
            "knows them",
            "use a model of orders",
            file=checkpoint.path,
        )
    return TrainedModel(model, checkpoint.params, tokenizer)


def tokenizer_of(checkpoint: Checkpoint) -> Tokenizer:
    """The tokenizer a checkpoint carries, checked against the hash it was saved with.

    Raises:
      InputError: missing, damaged, or another one.
    """
    file = checkpoint.path / "tokenizer.json"
    if checkpoint.tokenizer is None:
        raise InputError("is missing", "train again with marsjax train", file=file)
    tokenizer = from_json(checkpoint.tokenizer, file)
    if tokenizer.sha256 != checkpoint.meta["tokenizer_sha256"]:
        raise InputError(
            "is not the tokenizer that the model was trained with",
            "restore the checkpoint as training wrote it",
            file=file,
        )
    sizes = checkpoint.config.model.field_sizes
    if sizes != tokenizer.schema.field_sizes:
        raise InputError(
            f"has fields of {tokenizer.schema.field_sizes}, its model of {sizes}",
            "restore the checkpoint as training wrote it",
            file=file,
        )
    return tokenizer
