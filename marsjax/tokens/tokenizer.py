"""The tokenizer: bins fitted on training data, and what a token decodes to."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marsjax.errors import InputError
from marsjax.tokens.bins import (
    equal_frequency_edges,
    quantile_table,
    symmetric_edges,
    to_bins,
)
from marsjax.tokens.observe import FEATURE_SCALE, MIRROR_PERM, MIRROR_SIGN

NUM_TYPES, NUM_PRICES, NUM_VOLUMES, NUM_INTERVALS = 3, 32, 32, 16
FIELD_SIZES = (NUM_TYPES, NUM_PRICES, NUM_VOLUMES, NUM_INTERVALS)
NUM_BOOK_VOLUMES = 32
TABLE_SIZE = 256

SELL, BUY, CANCEL = 0, 1, 2
"""Order types of a token, numbered as in MarS."""


class RawOrders(NamedTuple):
    """Orders of a tape before binning; numpy ``[T]``.

    ``type``: `SELL`, `BUY` or `CANCEL`. ``price2``: twice the order's price minus
    twice the anchor before it, half ticks. ``lots``: quantity. ``interval_ns``: trading
    time since the order before, int64.
    """

    type: np.ndarray
    price2: np.ndarray
    lots: np.ndarray
    interval_ns: np.ndarray


@dataclass(frozen=True, eq=False)  # arrays: compare by `sha256`
class Tokenizer:
    """Edges and decoding tables; see `fit` for how they come about.

    Edges are inclusive upper bounds, so a value's bin is the number of edges below it.
    Tables hold `TABLE_SIZE` equally likely values a bin.
    """

    price2_edges: np.ndarray
    lots_edges: np.ndarray
    interval_ns_edges: np.ndarray
    book_lots_edges: np.ndarray
    price2_table: np.ndarray
    lots_table: np.ndarray
    interval_ns_table: np.ndarray

    def encode(self, raw: RawOrders) -> np.ndarray:
        """Tokens ``uint8[T, 4]``: type, price bin, volume bin, interval bin."""
        return np.stack(
            [
                raw.type,
                to_bins(raw.price2, self.price2_edges),
                to_bins(raw.lots, self.lots_edges),
                to_bins(raw.interval_ns, self.interval_ns_edges),
            ],
            axis=-1,
        ).astype(np.uint8)

    def to_json(self) -> str:
        """Everything as JSON."""
        fields = {
            name: value.tolist() for name, value in dataclasses.asdict(self).items()
        }
        return json.dumps({"format": 1, **fields}) + "\n"

    @property
    def sha256(self) -> str:
        """Identity of the tokenizer: checkpoints and datasets carry it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


_SHAPES = {
    "price2_edges": (NUM_PRICES - 1,),
    "lots_edges": (NUM_VOLUMES - 1,),
    "interval_ns_edges": (NUM_INTERVALS - 1,),
    "book_lots_edges": (NUM_BOOK_VOLUMES - 1,),
    "price2_table": (NUM_PRICES, TABLE_SIZE),
    "lots_table": (NUM_VOLUMES, TABLE_SIZE),
    "interval_ns_table": (NUM_INTERVALS, TABLE_SIZE),
}


def fit(raw: RawOrders, book_lots: np.ndarray) -> Tokenizer:
    """Fit bins on training orders only.

    Price bins are symmetric about the mid, so that the market's mirror image (buy for
    sell) has the mirror image's tokens.

    Args:
      raw: orders of the training part, all tapes together.
      book_lots: lots seen at the ticks around the mid and at the touch, any shape;
        zeros are left out.
    """
    price2_edges = symmetric_edges(raw.price2, NUM_PRICES)
    lots_edges = equal_frequency_edges(raw.lots, NUM_VOLUMES)
    interval_edges = equal_frequency_edges(raw.interval_ns, NUM_INTERVALS)
    resting = book_lots[book_lots > 0]
    # The lower half is the mirror image of the upper one, an order at the mid included.
    half = NUM_PRICES // 2
    upper_edges = price2_edges[half:]
    upper = quantile_table(np.abs(raw.price2), upper_edges, TABLE_SIZE)
    return Tokenizer(
        price2_edges=price2_edges,
        lots_edges=lots_edges,
        interval_ns_edges=interval_edges,
        book_lots_edges=equal_frequency_edges(resting, NUM_BOOK_VOLUMES),
        price2_table=np.concatenate([-upper[::-1, ::-1], upper]),
        lots_table=np.maximum(quantile_table(raw.lots, lots_edges, TABLE_SIZE), 1),
        interval_ns_table=quantile_table(raw.interval_ns, interval_edges, TABLE_SIZE),
    )


def from_json(text: str, file: str | Path | None = None) -> Tokenizer:
    """Inverse of `Tokenizer.to_json`; checks every shape.

    Raises:
      InputError: not a tokenizer, or one of another format.
    """
    remedy = "use the tokenizer.json that training wrote"
    try:
        data = json.loads(text)
        if data.get("format") != 1:
            raise InputError(
                f"tokenizer of format {data.get('format')}", remedy, file=file
            )
        fields = {name: np.asarray(data[name], np.int64) for name in _SHAPES}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not a tokenizer ({error!r})", remedy, file=file) from None
    for name, shape in _SHAPES.items():
        if fields[name].shape != shape:
            raise InputError(
                f"{name} has shape {fields[name].shape}, not {shape}", remedy, file=file
            )
        if name.endswith("edges") and (np.diff(fields[name]) < 0).any():
            raise InputError(f"{name} do not ascend", remedy, file=file)
    return Tokenizer(**fields)


def mirror_json() -> dict:
    """The mirror symmetry of tokens and features, for `dataset.json`."""
    return {
        "type": [BUY, SELL, CANCEL],
        "price": list(range(NUM_PRICES))[::-1],
        "volume": None,
        "interval": None,
        "feature_perm": list(MIRROR_PERM),
        "feature_sign": list(MIRROR_SIGN),
    }


def feature_scale() -> list[float]:
    """What the model multiplies each feature by."""
    return list(FEATURE_SCALE)
