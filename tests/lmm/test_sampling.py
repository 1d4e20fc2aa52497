"""Restricted draws stay inside their set and follow what is left of the law."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.lmm import make_sampling
from marsjax.lmm.sampling import PAIRS, shaped
from tests.lmm.small import NAMES, make

shape = jax.jit(shaped, static_argnums=1)


def law(logits):
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def plain(logits, temperature, k, p):
    """The same in plain Python: the set that may be drawn and its probabilities."""
    weights = law(np.asarray(logits, np.float64) / temperature)
    ranked = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    kept = ranked[: k or None]
    total, reached, nucleus = sum(weights[i] for i in kept), 0.0, []
    for i in kept:
        if reached < p * total or p == 1:
            nucleus.append(i)
        reached += weights[i]
    out = np.zeros(len(weights))
    out[nucleus] = weights[nucleus]
    return out / out.sum()


@pytest.mark.parametrize("size", [11, PAIRS + 1])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_is_what_the_definitions_leave(seed, size):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, size).astype(np.float32)
    logits[rng.integers(0, 11, 3)] = logits[0]  # equal values
    for k in (0, 1, 3, 10, 11, 50):
        for p in (1e-6, 0.3, 0.9, 1.0):
            temperature = rng.uniform(0.3, 3)
            sampling = make_sampling("x", temperature, k, p)
            got = np.asarray(shape(logits, 0, sampling))
            want = plain(logits, temperature, k, p)
            np.testing.assert_array_equal(np.isfinite(got), want > 0)
            np.testing.assert_allclose(law(got), want, atol=1e-6)


def test_forbidden_values_stay_forbidden_and_one_is_always_left():
    logits = jnp.array([-jnp.inf, 3.0, -jnp.inf, 3.0, 1.0])
    for k, p, left in ((1, 1.0, [1]), (3, 1.0, [1, 3, 4]), (0, 0.01, [1])):
        got = shape(logits, 0, make_sampling("x", 1.0, k, p))
        assert np.flatnonzero(np.isfinite(got)).tolist() == left
    only = shape(jnp.array([-jnp.inf, 0.0]), 0, make_sampling("x", 1.0, 2, 0.5))
    assert np.isfinite(only).tolist() == [False, True]


def test_no_restriction_ranks_nothing():
    """And other values of the options are no other program."""
    logits = jnp.zeros(5)

    def steps(sampling):
        found = jax.make_jaxpr(partial(shaped, field=0))(logits, sampling=sampling)
        return len(found.eqns)

    assert steps(make_sampling("x", 0.7)) <= 4 < steps(make_sampling("x", 1.0, 3))
    before = shape._cache_size()
    for temperature, k in ((1.0, 3), (0.5, 2)):
        shape(logits, 0, make_sampling("x", temperature, k))
    assert shape._cache_size() - before == 1


def test_options_are_spread_over_the_fields():
    sampling = make_sampling(NAMES, (1, 2, 3, 4), 5, None)
    np.testing.assert_array_equal(sampling.temperature_C, [1, 2, 3, 4])
    np.testing.assert_array_equal(sampling.top_k_C, [5] * 4)
    assert sampling.top_p_C is None
    assert sampling.temperature_C.dtype == jnp.float32
    assert sampling.top_k_C.dtype == jnp.int32


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"temperature": 0}, "temperature is 0; give a positive"),
        ({"temperature": (1, 1, float("nan"), 1)}, "temperature is nan"),
        ({"temperature": (1, 2)}, "temperature has 2 values; give one, .* type price"),
        ({"top_k": -1}, "top_k is -1; give a whole number"),
        ({"top_k": 1.5}, "top_k is 1.5"),
        ({"top_p": 0.0}, "top_p is 0.0; give a number above 0"),
        ({"top_p": (1, 1, 1, 1.01)}, "top_p is 1.01"),
        ({"top_p": (0.5,) * 5}, "top_p has 5 values"),
    ],
)
def test_values_that_make_no_sense(options, says):
    with pytest.raises(InputError, match=says):
        make_sampling(NAMES, **options)


@pytest.fixture(scope="module", params=["factorised", "joint"])
def drawn(request):
    """A model, a state and 20,000 draws by given options."""
    model, params, tokens, features = make(head=request.param, field_sizes=(3, 2, 3, 2))
    hidden_D = model.apply(params, tokens, features)[-1]
    keys = jax.random.split(jax.random.key(1), 20_000)

    @jax.jit
    def sample(mask, sampling):
        one = partial(model.sample, params, hidden_D)
        return jax.vmap(lambda key: one(key, mask, sampling))(keys)

    def conditional(prefix):
        """Of the next field given the ones before it."""
        sizes = model.config.field_sizes
        field = len(prefix)
        targets = np.zeros((sizes[field], 4), np.int32)
        targets[:, :field], targets[:, field] = prefix, np.arange(sizes[field])
        hidden_LD = jnp.broadcast_to(hidden_D, (len(targets), len(hidden_D)))
        return np.asarray(model.log_prob(params, hidden_LD, targets))[:, field]

    def draw(mask=(True, True, True), **options):
        sampling = make_sampling(NAMES, **options)
        return np.asarray(sample(jnp.array(mask), sampling))

    return draw, conditional


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [
        ((0.5, 1.0, 2.0, 1.0), 0, 1.0),
        (1.0, (2, 0, 2, 1), 1.0),
        ((1.5, 1, 1, 1), 3, (0.8, 1.0, 0.6, 0.9)),
    ],
)
def test_draws_follow_the_shaped_law_of_each_field(drawn, temperature, top_k, top_p):
    draw, conditional = drawn
    tokens = draw(temperature=temperature, top_k=top_k, top_p=top_p)
    options = [np.broadcast_to(x, 4) for x in (temperature, top_k, top_p)]
    checked = 0
    for field in range(4):
        prefixes, counts = np.unique(tokens[:, :field], axis=0, return_counts=True)
        prefix = prefixes[np.argmax(counts)]  # the one with the most draws
        rows = (tokens[:, :field] == prefix).all(axis=1)
        want = plain(conditional(prefix), *(x[field] for x in options))
        count = np.bincount(tokens[rows, field], minlength=len(want))
        assert count[want == 0].sum() == 0
        sigma = np.sqrt(np.maximum(want * (1 - want), 1e-9) * rows.sum())
        assert (np.abs(count - want * rows.sum()) <= 5 * sigma + 1e-6).all()
        checked += (want == 0).sum()
    assert checked or top_p == 1.0


def test_a_mask_comes_before_the_restriction(drawn):
    draw, conditional = drawn
    likeliest = int(np.argmax(conditional([])))
    mask = np.arange(3) != likeliest
    tokens = draw(mask, top_k=(1, 0, 0, 0), top_p=1.0)
    left = np.where(mask, conditional([]), -np.inf)
    assert (tokens[:, 0] == np.argmax(left)).all()


def test_a_low_temperature_draws_the_likeliest(drawn):
    draw, conditional = drawn
    (token,) = np.unique(draw(temperature=1e-4, top_k=0, top_p=1.0), axis=0)
    for field in range(4):
        assert token[field] == np.argmax(conditional(token[:field]))


def test_default_draws_are_those_of_no_restriction(drawn):
    draw, _ = drawn
    free = draw()
    np.testing.assert_array_equal(free, draw(top_k=0, top_p=1.0))
    assert len(np.unique(free, axis=0)) > 10
