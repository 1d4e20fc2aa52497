"""Ways to make tokens and features of a market, by the schema of their tokenizer.

A tape that is tokenised and a market that runs must do the same, and a model has been
trained with one of these ways: the tokenizer that a checkpoint carries names its schema
and with it everything here, statically, so that what is not asked for costs nothing.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from marsjax.errors import InputError
from marsjax.tokens.levels import level_features, look_levels, observe_levels
from marsjax.tokens.observe import features, look, observe
from marsjax.tokens.orders import ORDERS, ORDERS_LEVELS
from marsjax.tokens.schema import EventSchema


class View(NamedTuple):
    """One way to make tokens and features.

    Attributes:
      schema: of its tokenizers.
      book: ``ticks`` (five slots a side around the mid) or ``levels`` (ten a side).
      merges_cancels: repeated cancels are one token (`marsjax.tokens.merge`).
      observe_fn: an `Observation` of a book; look_fn: the same of its ladder.
      features_fn: an `Observation` and more to features, as
        `marsjax.tokens.observe.features`.
    """

    schema: EventSchema
    book: str
    merges_cancels: bool
    observe_fn: Callable
    look_fn: Callable
    features_fn: Callable


def _merged(view: View) -> View:
    schema = dataclasses.replace(view.schema, name=f"{view.schema.name}_merged")
    return view._replace(schema=schema, merges_cancels=True)


TICKS = View(ORDERS, "ticks", False, observe, look, features)
LEVELS = View(
    ORDERS_LEVELS, "levels", False, observe_levels, look_levels, level_features
)
VIEWS = (TICKS, LEVELS, _merged(TICKS), _merged(LEVELS))


def find_view(book: str = "ticks", merge_cancels: bool = False) -> View:
    """The view with these options.

    Raises:
      InputError: no such view of the book.
    """
    for view in VIEWS:
        if (view.book, view.merges_cancels) == (book, merge_cancels):
            return view
    known = ", ".join(dict.fromkeys(view.book for view in VIEWS))
    raise InputError(f"there is no view {book!r} of the book", f"use one of {known}")


def is_of_orders(schema: EventSchema) -> bool:
    """Whether it is a schema of orders that markets can run."""
    return any(view.schema == schema for view in VIEWS)


def view_of(schema: EventSchema) -> View:
    """The view whose schema this is.

    Raises:
      InputError: none has it.
    """
    for view in VIEWS:
        if view.schema == schema:
            return view
    raise InputError(
        f"{schema.name} with the fields {', '.join(schema.field_names)} are not orders "
        "as this version knows them",
        "use a tokenizer of orders",
    )
