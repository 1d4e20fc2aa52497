"""The same model learns events that have nothing to do with markets."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.tokens.events import EventTape, write_events
from marsjax.tokens.tokenizer import fit
from marsjax.train import fit_baselines, load_checkpoint, read_dataset, train
from marsjax.train.load import load, tokenizer_of
from tests.tokens.server_log import SERVERS, server_log


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Logs of two racks, tokenised by a schema of their own: five fields."""
    logs = {f"rack{seed}": server_log(seed, 3_000) for seed in range(2)}
    cuts = {"train": (0, 2_100), "valid": (2_100, 2_600), "test": (2_600, 3_000)}
    train_part = [
        {name: values[:2_100] for name, values in columns.items()}
        for columns, _ in logs.values()
    ]
    together = {
        name: np.concatenate([columns[name] for columns in train_part])
        for name in SERVERS.field_names
    }
    tokenizer = fit(SERVERS, together | {"queue": np.arange(20)})
    tapes = (
        EventTape(name, tokenizer.encode(columns), features, cuts)
        for name, (columns, features) in logs.items()
    )
    folder = tmp_path_factory.mktemp("servers") / "dataset"
    write_events(tapes, folder, tokenizer)
    return folder


@pytest.mark.slow
def test_the_model_learns_a_server_log(servers, config, tmp_path):
    """What comes next follows from the load, which counts of events cannot see."""
    # The config is one of orders; fields, features and scales are the dataset's.
    model = dataclasses.replace(config.model, dropout=0.0)
    steps = dict(steps=100, eval_every=100, checkpoint_every=100, ema_decay=None)
    options = dataclasses.replace(
        config.train, batch_size=8, learning_rate=0.02, micro_batch=None, **steps
    )
    config = dataclasses.replace(config, model=model, train=options)
    summary = train(config, servers, tmp_path / "run")
    assert summary["valid_nats"] < summary["baselines"]["unigram"] - 0.5
    checkpoint = load_checkpoint(tmp_path / "run")
    assert checkpoint.config.model.field_names == SERVERS.field_names
    assert checkpoint.config.model.field_sizes == (3, 5, 6, 4, 4)
    assert tokenizer_of(checkpoint).schema == SERVERS
    with pytest.raises(InputError, match="is a model of server events with the fields"):
        load(tmp_path / "run")


def test_one_field_is_enough_for_the_baselines(make_dataset, tmp_path):
    """A bare sequence of symbols, each the one before or the next."""
    rng = np.random.default_rng(0)
    tokens = (np.cumsum(rng.integers(0, 2, 2_000)) % 7).astype(np.uint8)[:, None]
    alone = {"field_names": ["symbol"], "field_sizes": [7], "mirror": None}
    features = np.zeros((2_000, 3), np.int16)
    dataset = read_dataset(make_dataset(tmp_path, tokens, features, **alone))
    log_prob = fit_baselines(dataset).log_prob(tokens[:-1], tokens[1:])
    assert -log_prob["unigram"].mean() == pytest.approx(np.log(7), abs=0.02)
    assert -log_prob["bigram"].mean() == pytest.approx(np.log(2), abs=0.02)


@pytest.mark.parametrize("head", ["factorised", "joint"])
@pytest.mark.parametrize("sizes", [(7,), (3, 5), (2, 3, 4, 5, 6, 7)])
def test_any_number_of_fields(config, head, sizes):
    """By shapes alone: nothing is compiled."""
    names = tuple(f"field{i}" for i in range(len(sizes)))
    shape = dict(head=head, field_sizes=sizes, field_names=names)
    model = OrderModel(dataclasses.replace(config.model, **shape))

    def run(key):
        tokens, features = jnp.zeros((8, len(sizes)), int), jnp.zeros((8, 3), int)
        params = model.init(key)
        hidden = model.apply(params, tokens, features)
        log_prob = model.log_prob(params, hidden, tokens)
        return log_prob, model.sample(params, hidden[-1], key)

    log_prob, token = jax.eval_shape(run, jax.random.key(0))
    assert log_prob.shape == (8, len(sizes)) and token.shape == (len(sizes),)
    assert token.dtype == jnp.int32
