"""Orders of a market as events: type, price, volume and interval, and their schemas."""

import dataclasses
from typing import NamedTuple

import numpy as np

from marsjax.tokens.levels import (
    LEVEL_FEATURE_NAMES,
    LEVEL_FEATURE_SCALE,
    LEVEL_MIRROR_PERM,
    LEVEL_MIRROR_SIGN,
)
from marsjax.tokens.observe import (
    FEATURE_NAMES,
    FEATURE_SCALE,
    MIRROR_PERM,
    MIRROR_SIGN,
)
from marsjax.tokens.schema import Binned, Categorical, EventSchema, Feature
from marsjax.tokens.tokenizer import Tokenizer
from marsjax.tokens.tokenizer import fit as fit_events

SELL, BUY, CANCEL = 0, 1, 2
"""Order types of a token, numbered as in MarS."""


def _features(names, scales, mirror_perm, mirror_sign) -> tuple[Feature, ...]:
    columns = zip(names, scales, mirror_perm, mirror_sign, strict=True)
    return tuple(
        Feature(name, scale, swap=names[i], sign=sign)
        for name, scale, i, sign in columns
    )


ORDERS = EventSchema(
    name="orders",
    fields=(
        Categorical("type", ("sell", "buy", "cancel"), mirror=(BUY, SELL, CANCEL)),
        # Half ticks from the anchor before the order: symmetric about the mid, so that
        # the market's mirror image (buy for sell) has the mirror image's tokens.
        Binned("price", 32, symmetric=True),
        Binned("volume", 32, least=1),
        Binned("interval", 16),
    ),
    features=_features(FEATURE_NAMES, FEATURE_SCALE, MIRROR_PERM, MIRROR_SIGN),
    feature_bins=(Binned("book_lots", 32),),
)
"""The schema of orders, as in MarS (arXiv 2409.07486, section 3.1) and its code."""

ORDERS_LEVELS = dataclasses.replace(
    ORDERS,
    name="orders_levels",
    features=_features(
        LEVEL_FEATURE_NAMES,
        LEVEL_FEATURE_SCALE,
        LEVEL_MIRROR_PERM,
        LEVEL_MIRROR_SIGN,
    ),
)
"""The same with the book by levels, as in MarS's paper."""

FIELD_SIZES = ORDERS.field_sizes


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


def columns(raw: RawOrders) -> dict[str, np.ndarray]:
    """The values of each field of the schema."""
    return dict(zip(ORDERS.field_names, raw, strict=True))


def encode(tokenizer: Tokenizer, raw: RawOrders) -> np.ndarray:
    """Tokens ``uint8[T, 4]``: type, price bin, volume bin, interval bin."""
    return tokenizer.encode(columns(raw))


def fit(
    raw: RawOrders, book_lots: np.ndarray, schema: EventSchema = ORDERS
) -> Tokenizer:
    """Fit bins on training orders only.

    Args:
      raw: orders of the training part, all tapes together.
      book_lots: lots seen in the book, any shape; zeros are left out.
      schema: one of orders (`marsjax.tokens.views`).
    """
    resting = book_lots[book_lots > 0]
    return fit_events(schema, columns(raw) | {"book_lots": resting})
