"""A small model with random weights: enough to drive every path of the market."""

import jax
import numpy as np
import pytest

from marsjax import synth
from marsjax.config import ModelConfig
from marsjax.data import read_store, write_tapes
from marsjax.lmm import OrderModel
from marsjax.lmm.trained import TrainedModel
from marsjax.market import start_from_tape
from marsjax.tokens import dataset as ds
from marsjax.tokens.observe import NUM_FEATURES
from marsjax.tokens.orders import ORDERS
from marsjax.tokens.tape import observe_tape


@pytest.fixture(scope="session")
def tape(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    write_tapes(folder, [synth.synthetic_tape(0, 1_000)])
    return read_store(folder)[0]


@pytest.fixture(scope="session")
def tokenizer(tape):
    return ds.fit_tokenizer([tape], [observe_tape(tape)])


@pytest.fixture(scope="session")
def model():
    return OrderModel(
        ModelConfig(
            num_features=NUM_FEATURES,
            feature_scale=ORDERS.feature_scale,
            d_model=16,
            num_layers=2,
            num_heads=2,
            window=16,
        )
    )


@pytest.fixture(scope="session")
def params(model):
    params = model.init(jax.random.key(1))
    # Untrained heads are near uniform; larger weights make markets differ.
    return jax.tree.map(lambda x: x * np.float32(1.5), params)


@pytest.fixture(scope="session")
def trained(model, params, tokenizer):
    return TrainedModel(model, params, tokenizer)


@pytest.fixture(scope="session")
def start(trained, tape):
    return start_from_tape(trained, tape, 10.0, num_slots=256)
