"""Which order ids were sent already, in a bit each."""

import numpy as np

_PAGE_BITS = 15


class Seen:
    """A set of non-negative ids, in pages that are made where there are any.

    An exchange numbers its orders one after the other, so that a day's ids fill their
    pages: 32 MB hold 250 million orders.
    """

    def __init__(self):
        self._pages: dict[int, np.ndarray] = {}

    def contains(self, ids: np.ndarray) -> np.ndarray:
        """``bool[T]``."""
        out = np.zeros(len(ids), bool)
        for page, at in _by_page(ids):
            bits = self._pages.get(page)
            if bits is not None:
                byte, bit = _place(ids[at])
                out[at] = bits[byte] & bit > 0
        return out

    def add(self, ids: np.ndarray) -> None:
        """Takes ids in."""
        for page, at in _by_page(ids):
            bits = self._pages.get(page)
            if bits is None:
                bits = self._pages[page] = np.zeros(1 << (_PAGE_BITS - 3), np.uint8)
            np.bitwise_or.at(bits, *_place(ids[at]))


def _place(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Byte in the page, and the bit of it."""
    low = ids & ((1 << _PAGE_BITS) - 1)
    return low >> 3, np.left_shift(1, low & 7).astype(np.uint8)


def _by_page(ids: np.ndarray):
    """Each page's number and the places in ``ids`` of those that are on it."""
    page = ids >> _PAGE_BITS
    order = np.argsort(page, kind="stable")
    numbers, starts = np.unique(page[order], return_index=True)
    places = np.split(order, starts[1:])  # one, of nothing, where there are no ids
    yield from zip(numbers.tolist(), places, strict=False)
