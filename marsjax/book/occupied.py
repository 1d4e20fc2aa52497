"""Which of many levels are occupied: a tree of bits, 32 to a word.

Bit i of the lowest row says that level i holds something, bit j of the row above that
word j below is not 0, and so on up to a single word. Setting a bit touches a word a row
and the lowest or highest level is found in a word a row, however far apart the occupied
levels are; no search walks over empty ones. All rows lie in one array, the lowest
first, for each side of a book.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax

from marsjax.types import Array

_BITS = 5  # of a place in a word


def num_rows(num_levels: int) -> int:
    """Rows of the smallest tree over so many levels."""
    return next(r for r in range(1, 7) if 1 << _BITS * r >= num_levels)


def row_starts(rows: int) -> tuple[int, ...]:
    """Where each row begins; the last one is the single word."""
    sizes = [1 << _BITS * (rows - 1 - r) for r in range(rows)]
    return tuple(sum(sizes[:r]) for r in range(rows))


def tree_of(is_occupied_SP: np.ndarray) -> np.ndarray:
    """The words ``int32[2, W]`` of levels ``bool[2, 32 ** rows]`` (host)."""
    bit = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    rows, bits_SP = [], is_occupied_SP
    while bits_SP.shape[1] > 1:
        words_SW = np.where(bits_SP.reshape(2, -1, 32), bit, 0).sum(
            axis=-1, dtype=np.uint32
        )
        rows.append(words_SW)
        bits_SP = words_SW != 0
    return np.concatenate(rows, axis=1).view(np.int32)


def _word(words_SW: Array, side: Array, place: Array) -> Array:
    return lax.dynamic_slice(words_SW, (side, place), (1, 1))[0, 0]


def changed_words(
    words_SW: Array, rows: int, side: Array, level: Array, is_occupied: Array
) -> list[tuple[Array, Array]]:
    """Places and values of the words, a row each, after a level was filled or left."""
    out = []
    for start in row_starts(rows):
        mask = lax.shift_left(jnp.int32(1), level & 31)
        level = lax.shift_right_logical(level, _BITS)
        word = _word(words_SW, side, start + level)
        word = jnp.where(is_occupied, word | mask, word & ~mask)
        out.append((start + level, word))
        is_occupied = word != 0
    return out


def highest(words_SW: Array, rows: int, side: int) -> tuple[Array, Array]:
    """The highest occupied level of a side, and whether there is one."""
    return _descend(words_SW, rows, side, lambda word: 31 - lax.clz(word))


def lowest(words_SW: Array, rows: int, side: int) -> tuple[Array, Array]:
    """The lowest occupied level of a side, and whether there is one."""
    return _descend(words_SW, rows, side, lambda word: 31 - lax.clz(word & -word))


def _descend(words_SW, rows, side, place_fn) -> tuple[Array, Array]:
    starts = row_starts(rows)
    top = words_SW[side, starts[-1]]
    at = jnp.maximum(place_fn(top), 0)
    for start in starts[-2::-1]:
        word = _word(words_SW, jnp.int32(side), start + at)
        at = lax.shift_left(at, _BITS) + jnp.maximum(place_fn(word), 0)
    return at, top != 0


def next_lower(
    words_SW: Array, rows: int, side: int, level: Array
) -> tuple[Array, Array]:
    """The highest occupied level of a side below one, and whether there is one."""
    below = lambda place: lax.shift_left(jnp.int32(1), place) - 1  # noqa: E731
    return _next(words_SW, rows, side, level, below, lambda word: 31 - lax.clz(word))


def next_higher(
    words_SW: Array, rows: int, side: int, level: Array
) -> tuple[Array, Array]:
    """The lowest occupied level of a side above one, and whether there is one."""
    above = lambda place: lax.shift_left(jnp.int32(-2), place)  # noqa: E731
    lowest_bit = lambda word: 31 - lax.clz(word & -word)  # noqa: E731
    return _next(words_SW, rows, side, level, above, lowest_bit)


def _next(words_SW, rows, side, level, beyond_fn, place_fn) -> tuple[Array, Array]:
    """Of each row the level's own word, beyond its bit, or else the one found above."""
    starts, side = row_starts(rows), jnp.int32(side)
    at, is_any = jnp.int32(0), jnp.bool(False)
    for row in reversed(range(rows)):
        here = lax.shift_right_logical(level, _BITS * row)
        place = lax.shift_right_logical(here, _BITS)
        own = _word(words_SW, side, starts[row] + place) & beyond_fn(here & 31)
        is_own = own != 0
        word = jnp.where(is_own, own, _word(words_SW, side, starts[row] + at))
        at = lax.shift_left(jnp.where(is_own, place, at), _BITS)
        at += jnp.maximum(place_fn(word), 0)
        is_any |= is_own
    return at, is_any
