"""The longest piece of each sequence that occurs in a set of others; exact.

All suffixes of all sequences are ranked by prefix doubling (Manber and Myers, SIAM
Journal on Computing 22(5), 1993): ranks of blocks of 2 n symbols from those of n. Among
suffixes in order, the one that agrees longest with a given one is a neighbour, and how
far two agree is read off the ranks, largest blocks first.
"""

from typing import NamedTuple

import numpy as np


class Matches(NamedTuple):
    """Longest matches of B sequences; ints ``[B]``.

    Attributes:
      length_B: symbols of the longest match; 0 for none.
      start_B: where in the sequence it begins (the first such place); -1 for none.
      source_B, source_start_B: the searched sequence it is in, and where there; one of
        several if there are more.
    """

    length_B: np.ndarray
    start_B: np.ndarray
    source_B: np.ndarray
    source_start_B: np.ndarray


def longest_matches(symbol_BT: np.ndarray, searched_CU: np.ndarray) -> Matches:
    """The longest runs of sequences that occur in searched ones.

    Args:
      symbol_BT: sequences of integers; a negative one matches nothing, not even itself.
      searched_CU: sequences to search, of any length.

    Returns:
      a match for each of the B sequences. No match crosses the end of a sequence.
    """
    num, length = symbol_BT.shape
    length_searched = searched_CU.shape[1]
    own_N = _with_end(symbol_BT)
    text_N = np.concatenate([own_N, _with_end(searched_CU)])
    if not num or not length or not searched_CU.size:
        none_B = np.full(num, -1)
        return Matches(np.zeros(num, int), none_B, none_B, none_B)
    rank_KN = _block_ranks(text_N, min(length, length_searched))
    order_N = np.argsort(rank_KN[-1], kind="stable")
    is_searched_N = order_N >= len(own_N)
    # Neighbours among the searched suffixes, before and after each in order.
    place_N = np.arange(len(text_N))
    before_N = np.maximum.accumulate(np.where(is_searched_N, place_N, -1))
    after_N = np.where(is_searched_N, place_N, len(text_N))
    after_N = np.minimum.accumulate(after_N[::-1])[::-1]
    own_M = np.flatnonzero(~is_searched_N)
    found_P = np.zeros(len(own_N), int)
    where_P = np.full(len(own_N), -1)
    for near_N in (before_N, after_N):
        is_near_M = (near_N[own_M] >= 0) & (near_N[own_M] < len(text_N))
        at_Q = order_N[own_M[is_near_M]]
        near_Q = order_N[near_N[own_M[is_near_M]]]
        agree_Q = _agreement(rank_KN, at_Q, near_Q)
        is_longer_Q = agree_Q > found_P[at_Q]
        found_P[at_Q[is_longer_Q]] = agree_Q[is_longer_Q]
        where_P[at_Q[is_longer_Q]] = near_Q[is_longer_Q]
    found_BT = found_P.reshape(num, length + 1)
    start_B = found_BT.argmax(axis=1)
    length_B = np.take_along_axis(found_BT, start_B[:, None], axis=1)[:, 0]
    where_B = where_P.reshape(num, length + 1)[np.arange(num), start_B] - len(own_N)
    has_B = length_B > 0
    return Matches(
        length_B,
        np.where(has_B, start_B, -1),
        np.where(has_B, where_B // (length_searched + 1), -1),
        np.where(has_B, where_B % (length_searched + 1), -1),
    )


def _with_end(symbol_BT: np.ndarray) -> np.ndarray:
    """Sequences one after the other, a -1 behind each."""
    return np.pad(symbol_BT, ((0, 0), (0, 1)), constant_values=-1).ravel()


def _block_ranks(text_N: np.ndarray, longest: int) -> list[np.ndarray]:
    """Ranks of the blocks of 1, 2, 4, ... symbols from each place on.

    Ends are ranked apart from each other, so that two blocks that hold one differ.
    """
    is_end_N = text_N < 0
    rank_N = np.unique(text_N, return_inverse=True)[1]
    rank_N = np.where(is_end_N, rank_N.max() + np.cumsum(is_end_N), rank_N)
    ranks, size = [rank_N], 1
    while size < longest:
        next_N = np.zeros_like(rank_N)
        # Behind the last place there is nothing: the text ends with an end, which is
        # like no other, so that what follows it decides nothing.
        next_N[:-size] = rank_N[size:]
        both_N = rank_N * (rank_N.max() + 1) + next_N
        rank_N = np.unique(both_N, return_inverse=True)[1]
        ranks.append(rank_N)
        size *= 2
        if rank_N.max() == len(rank_N) - 1:
            break
    return ranks


def _agreement(rank_KN: list[np.ndarray], at_Q: np.ndarray, near_Q: np.ndarray):
    """How many symbols two suffixes share from their start, ``[Q]``."""
    far_Q = np.zeros(len(at_Q), int)
    # An end agrees with nothing, so that no place is ever beyond one.
    for level in range(len(rank_KN) - 1, -1, -1):
        rank_N = rank_KN[level]
        is_same_Q = rank_N[at_Q + far_Q] == rank_N[near_Q + far_Q]
        far_Q += is_same_Q.astype(int) << level
    return far_Q
