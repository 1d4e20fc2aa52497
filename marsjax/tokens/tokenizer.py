"""The tokenizer of a domain: bins fitted on training data, and what a token decodes to.

A `Tokenizer` is a schema (`marsjax.tokens.schema`) with the edges of its bins and the
values that each bin decodes to. That of orders is made in `marsjax.tokens.orders`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from marsjax.errors import InputError
from marsjax.tokens.bins import (
    equal_frequency_edges,
    quantile_table,
    symmetric_edges,
    to_bins,
)
from marsjax.tokens.schema import Binned, EventSchema, from_dict, to_dict

FORMAT = 2
TABLE_SIZE = 256


@dataclass(frozen=True, eq=False)  # arrays: compare by `sha256`
class Tokenizer:
    """Edges and decoding tables by the name of what is binned; see `fit`.

    Edges are inclusive upper bounds, int64 ``[num_bins - 1]``: a value's bin is the
    number of edges below it. Tables hold `TABLE_SIZE` equally likely values a bin,
    int64 ``[num_bins, TABLE_SIZE]``; bins that only features use have none.
    """

    schema: EventSchema
    edges: dict[str, np.ndarray]
    tables: dict[str, np.ndarray]

    @property
    def dtype(self) -> np.dtype:
        """Of tokens: the smaller of uint8 and uint16 that holds every field."""
        is_small = max(self.schema.field_sizes) <= 2**8
        return np.dtype(np.uint8 if is_small else np.uint16)

    def encode(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Tokens ``uint8[T, C]`` (``uint16`` where a field has more than 256 values).

        Args:
          columns: by the name of each of the C fields its values, integers ``[T]``.

        Raises:
          InputError: a categorical value that has no name.
        """
        tokens = [self._encode(field, columns[field.name]) for field in self._fields]
        return np.stack(tokens, axis=-1).astype(self.dtype)

    def decode(
        self, tokens_TC: np.ndarray, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Values that tokens stand for: int64 ``[T]`` by the name of the field.

        Each binned value is drawn from its bin's own distribution.
        """
        columns = {}
        for i, field in enumerate(self._fields):
            value = np.asarray(tokens_TC[:, i], np.int64)
            if isinstance(field, Binned):
                draw = rng.integers(TABLE_SIZE, size=len(value))
                value = self.tables[field.name][value, draw]
            columns[field.name] = value
        return columns

    def to_json(self) -> str:
        """Everything as JSON."""
        data = {
            "format": FORMAT,
            "schema": to_dict(self.schema),
            "edges": {name: x.tolist() for name, x in self.edges.items()},
            "tables": {name: x.tolist() for name, x in self.tables.items()},
        }
        return json.dumps(data) + "\n"

    @property
    def sha256(self) -> str:
        """Identity of the tokenizer: checkpoints and datasets carry it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def _fields(self):
        return self.schema.fields

    def _encode(self, field, values: np.ndarray) -> np.ndarray:
        if isinstance(field, Binned):
            return to_bins(values, self.edges[field.name])
        values = np.asarray(values)
        strange = (values < 0) | (values >= field.size)
        if strange.any():
            raise InputError(
                f"event {int(np.argmax(strange))} has the {field.name} "
                f"{values[strange][0]}, which has no name",
                f"give 0 to {field.size - 1}: {', '.join(field.names)[:200]}",
            )
        return values


def fit(schema: EventSchema, columns: Mapping[str, np.ndarray]) -> Tokenizer:
    """Fit bins on training events only.

    Symmetric bins and their tables are the mirror image of themselves, so that a
    mirrored event has the mirrored token.

    Args:
      schema: of the domain.
      columns: by name, integers of any shape: the values of every binned field of the
        training part, all tapes together, and what feature bins are to count.

    Raises:
      InputError: no training events at all.
    """
    edges, tables = {}, {}
    for binned in schema.binned:
        values = np.ravel(columns[binned.name])
        if not len(values):
            raise InputError(
                f"there is no {binned.name} in the training part to make bins of",
                "give tapes with more events",
            )
        edges[binned.name], table = _fit_one(binned, values)
        if binned not in schema.feature_bins:
            tables[binned.name] = table
    return Tokenizer(schema, edges, tables)


def _fit_one(binned: Binned, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges and table of one binned field."""
    if binned.symmetric:
        # The lower half is the mirror image of the upper one, a value of 0 included.
        edges = symmetric_edges(values, binned.num_bins)
        upper_edges = edges[binned.num_bins // 2 :]
        upper = quantile_table(np.abs(values), upper_edges, TABLE_SIZE)
        return edges, np.concatenate([-upper[::-1, ::-1], upper])
    edges = equal_frequency_edges(values, binned.num_bins)
    table = quantile_table(values, edges, TABLE_SIZE)
    return edges, table if binned.least is None else np.maximum(table, binned.least)


def from_json(text: str, file: str | Path | None = None) -> Tokenizer:
    """Inverse of `Tokenizer.to_json`; checks every shape.

    Raises:
      InputError: not a tokenizer, or one of another format.
    """
    remedy = "use the tokenizer.json that training wrote"
    try:
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise InputError(
                f"tokenizer of format {data.get('format')}, not {FORMAT}",
                "make the dataset and train the model again with this version",
                file=file,
            )
        schema = from_dict(data["schema"])
        edges = {b.name: _integers(data["edges"][b.name]) for b in schema.binned}
        tables = {
            b.name: _integers(data["tables"][b.name])
            for b in schema.binned
            if b not in schema.feature_bins
        }
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not a tokenizer ({error!r})", remedy, file=file) from None
    for binned in schema.binned:
        wrong = _fault(binned, edges[binned.name], tables.get(binned.name))
        if wrong:
            raise InputError(f"of {binned.name} {wrong}", remedy, file=file)
    return Tokenizer(schema, edges, tables)


def _fault(binned: Binned, edges: np.ndarray, table: np.ndarray | None) -> str | None:
    """What is wrong with the edges and the table read for ``binned``."""
    num = binned.num_bins
    if edges.shape != (num - 1,):
        return f"the edges have shape {edges.shape}, not {(num - 1,)}"
    if (np.diff(edges) < 0).any():
        return "the edges do not ascend"
    if table is not None and table.shape != (num, TABLE_SIZE):
        return f"the table has shape {table.shape}, not {(num, TABLE_SIZE)}"
    return None


def _integers(values: list) -> np.ndarray:
    """A list of integers as an int64 array; anything else is an error."""
    array = np.asarray(values)
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{array.dtype} instead of integers")
    return array.astype(np.int64)
