"""Rotary phases have no error at any position."""

import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.lmm.rotary import angles, frequencies, rotate


@pytest.mark.parametrize("position", [0, 1, 12_345, 2**31 - 1, 2**31 + 7, 2**32 - 1])
def test_angles_are_exact_at_any_position(position):
    cos, sin = angles(jnp.uint32(position), 8, 10_000.0)
    for j, step in enumerate(frequencies(8, 10_000.0)):
        turns = float(Fraction(position * int(step), 2**32) % 1)
        assert math.isclose(cos[j], math.cos(2 * math.pi * turns), abs_tol=1e-6)
        assert math.isclose(sin[j], math.sin(2 * math.pi * turns), abs_tol=1e-6)


def test_frequencies_are_those_of_the_paper_to_nine_digits():
    turns = frequencies(64, 10_000.0) / 2.0**32
    paper = 10_000.0 ** -(np.arange(0, 64, 2) / 64) / (2 * math.pi)
    np.testing.assert_allclose(turns, paper, atol=2.0**-33)


def test_products_depend_on_the_distance_alone():
    rng = np.random.default_rng(0)
    q_E, k_E = rng.normal(size=(2, 8)).astype(np.float32)

    def product(i, j):
        return rotate(q_E, *angles(i, 8, 100.0)) @ rotate(k_E, *angles(j, 8, 100.0))

    near = product(jnp.int32(9), jnp.int32(4))
    far = product(jnp.int32(-(2**31) + 2), jnp.int32(2**31 - 3))  # across the sign
    np.testing.assert_allclose(near, far, atol=1e-5)
    assert abs(near - product(jnp.int32(9), jnp.int32(5))) > 1e-3
