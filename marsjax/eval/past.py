"""When the orders of a tape came, and what was left of them; from the events."""

import numpy as np

from marsjax.types import Event, EventKind

_KINDS = (EventKind.REST, EventKind.FILL, EventKind.CANCEL, EventKind.REPLACE)
_SETS = (EventKind.REST, EventKind.REPLACE)


class Past:
    """Everything that happened to resting orders, E events, by order and in time."""

    def __init__(self):
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._sorted = None

    def add(self, events: Event, row_E: np.ndarray) -> None:
        """Takes the next events; ``row_E``: the message row each belongs to."""
        which = np.isin(events.kind, _KINDS)
        maker = np.where(events.maker_id >= 0, events.maker_id, events.order_id)
        columns = (maker, row_E, events.kind, events.qty)
        self._parts.append(tuple(np.asarray(x)[which] for x in columns))
        self._sorted = None

    def _columns(self) -> tuple[np.ndarray, ...]:
        """Id, row, kind and quantity, by id and then in time."""
        if self._sorted is None:
            columns = [np.concatenate(x) for x in zip(*self._parts, strict=True)]
            by_id = np.argsort(columns[0], kind="stable")
            self._sorted = tuple(x[by_id] for x in columns)
        return self._sorted

    def came(self, row_C: np.ndarray, num_rows: int) -> np.ndarray:
        """The row in which the order that a row takes from came to rest; -1: unknown.

        An order that was given a new price came with that.

        Args:
          row_C: rows that cancel, or lower a quantity in place.
          num_rows: T.
        """
        id_E, row_E, kind_E, _ = self._columns()
        rests = kind_E == EventKind.REST
        place_E = np.arange(len(id_E))
        latest_E = np.maximum.accumulate(np.where(rests, place_E, -1))
        takes = np.isin(kind_E, (EventKind.CANCEL, EventKind.REPLACE))
        last_T = np.full(num_rows, -1)
        last_T[row_E[takes]] = place_E[takes]
        at_C = last_T[row_C]
        rest_C = np.where(at_C >= 0, latest_E[at_C], -1)
        is_known = (rest_C >= 0) & (id_E[rest_C] == id_E[at_C])
        return np.where(is_known, row_E[rest_C], -1)

    def taken_by_replace(self, row_C: np.ndarray) -> np.ndarray:
        """Shares by which rows lowered an order in place."""
        if not len(row_C):
            return np.zeros(0, np.int64)
        _, row_E, kind_E, qty_E = self._columns()
        # What is left after each event: what was set last, less what went since.
        sets = np.isin(kind_E, _SETS)
        gone_E = np.cumsum(np.where(sets, 0, qty_E))
        set_E = np.maximum.accumulate(np.where(sets, np.arange(len(sets)), 0))
        left_E = qty_E[set_E] - (gone_E - gone_E[set_E])
        lowers = np.flatnonzero(kind_E == EventKind.REPLACE)
        lowers = lowers[np.argsort(row_E[lowers], kind="stable")]
        at_C = lowers[np.searchsorted(row_E[lowers], row_C)]
        return left_E[at_C - 1] - left_E[at_C]
