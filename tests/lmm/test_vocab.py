"""Orders as fields, as one index and as multi-hot vectors."""

import numpy as np

from marsjax.lmm import joint_index, split_index
from marsjax.lmm.vocab import multi_hot

SIZES = (3, 32, 32, 16)


def test_the_index_is_that_of_mars_and_inverts():
    index = np.arange(49_152)
    token = np.asarray(split_index(index, SIZES))
    weights = np.array([16_384, 512, 16, 1])
    np.testing.assert_array_equal(token @ weights, index)
    np.testing.assert_array_equal(joint_index(token, SIZES), index)
    assert np.all(token.max(axis=0) == np.array(SIZES) - 1)


def test_multi_hot_has_a_one_a_field():
    hot = np.asarray(multi_hot(np.array([2, 31, 0, 15]), SIZES))
    np.testing.assert_array_equal(np.flatnonzero(hot), [2, 34, 35, 82])
