"""The order model: a decoder over orders, its two heads and its cache."""

from marsjax.lmm.cache import Cache
from marsjax.lmm.model import OrderModel, Params, num_params
from marsjax.lmm.vocab import joint_index, split_index

__all__ = [
    "Cache",
    "OrderModel",
    "Params",
    "joint_index",
    "num_params",
    "split_index",
]
