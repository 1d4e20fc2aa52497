"""What is true of a synthetic store can be read again."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.synth.markets import find_market
from marsjax.synth.truth import TRUTH, Truth, read_truth, write_truth
from marsjax.synth.zero_intelligence import Params

PARAMS = Params(limit_k=0.1, cancel_rate_K=jnp.array([0.3, 1 / 3]), num_distances=7)


@pytest.fixture
def truth():
    nats = {"entropy": {"mean": 1.5, "error": 0.1}, "orders": 10}
    rest = {"last_price_ticks": 99, "excited_MI": np.float32([[0.1, 1 / 3]])}
    return Truth(find_market("zi"), PARAMS, 5, 64, ("ZI_m0000",), 2_000, (rest,), nats)


def test_written_is_read(truth, tmp_path):
    write_truth(tmp_path, truth)
    again = read_truth(tmp_path)
    for name in ("market", "seed", "num_slots", "tapes", "burn_in", "nats", "fit"):
        assert getattr(again, name) == getattr(truth, name)
    for field in dataclasses.fields(PARAMS):
        a, b = (getattr(each, field.name) for each in (again.params, PARAMS))
        np.testing.assert_array_equal(a, b)
    assert again.params.cancel_rate_K.dtype == jnp.float32
    rest, expected = again.rest_of("ZI_m0000"), truth.rests[0]
    assert rest["last_price_ticks"] == 99
    read = np.array(rest["excited_MI"], np.float32)
    np.testing.assert_array_equal(read, expected["excited_MI"])


def test_no_truth_or_a_damaged_one_is_an_error(truth, tmp_path):
    with pytest.raises(InputError, match="not synthetic"):
        read_truth(tmp_path)
    write_truth(tmp_path, truth)
    text = (tmp_path / TRUTH).read_text()
    for damaged in (text[:-20], text.replace("limit_k", "k"), "[]"):
        (tmp_path / TRUTH).write_text(damaged)
        with pytest.raises(InputError, match="damaged"):
            read_truth(tmp_path)


def test_an_unknown_market_is_an_error():
    with pytest.raises(InputError, match="choose one of zi"):
        find_market("real")
