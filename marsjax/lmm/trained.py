"""A trained order model with all that a market needs of it."""

from typing import NamedTuple

from marsjax.lmm.model import OrderModel, Params
from marsjax.tokens.tokenizer import Tokenizer


class TrainedModel(NamedTuple):
    """The model's shape, its weights and the tokenizer they were trained with."""

    model: OrderModel
    params: Params
    tokenizer: Tokenizer
