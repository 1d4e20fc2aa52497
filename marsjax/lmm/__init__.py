"""The order model: a decoder over orders, its two heads and its cache."""

from marsjax.lmm.cache import Cache
from marsjax.lmm.model import OrderModel, Params, num_params
from marsjax.lmm.sampling import Sampling, make_sampling
from marsjax.lmm.vocab import joint_index, split_index

__all__ = [
    "Cache",
    "OrderModel",
    "Params",
    "Sampling",
    "joint_index",
    "make_sampling",
    "num_params",
    "split_index",
]
