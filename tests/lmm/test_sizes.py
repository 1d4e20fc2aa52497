"""The ladder's names are its counts, and its configs can be asked for by name."""

import importlib.util
from pathlib import Path

import jax
import pytest

from marsjax.config import load_config
from marsjax.errors import InputError
from marsjax.lmm import OrderModel, num_params
from marsjax.lmm.sizes import SIZES, count_params, size_table
from marsjax.tokens.orders import ORDERS

LADDER = Path(__file__).parents[2] / "configs/ladder.py"
UNITS = {"M": 1e6, "B": 1e9}


@pytest.fixture(scope="module")
def counts():
    return {name: count_params(config) for name, config in SIZES.items()}


def test_every_name_is_its_count(counts):
    for name, count in counts.items():
        named = float(name[:-1]) * UNITS[name[-1]]
        assert count == pytest.approx(named, rel=0.035), name
    assert list(counts.values()) == sorted(counts.values())
    of_mars = {"2M", "5M", "10M", "19M", "44M", "107M", "221M", "1.02B"}
    assert len(counts) >= 10 and of_mars < set(counts)


def test_the_count_is_that_of_the_whole_model(counts):
    """Counted from one and two blocks, and here from all three."""
    assert SIZES["0.2M"].num_layers == 3
    params = jax.eval_shape(OrderModel(SIZES["0.2M"]).init, jax.random.key(0))
    assert num_params(params) == counts["0.2M"]


def test_the_shapes_are_those_of_orders_at_the_context_of_mars():
    published = SIZES["407M"]
    shape = (published.num_layers, published.d_model, published.num_heads)
    assert (*shape, published.ff_dim) == (24, 1024, 16, 4096)
    for name, config in SIZES.items():
        assert config.num_features == len(ORDERS.features)
        assert config.window == 1024 or name in ("0.2M", "0.5M", "1M")


def test_the_table_has_a_row_a_size():
    cells = [list(column.cells) for column in size_table(["0.2M"]).columns]
    assert cells[0] == ["0.2M"] and cells[-2:] == [["195,603"], ["3,361,728"]]


def test_configs_of_the_ladder(counts):
    smallest, largest = (load_config(f"{LADDER}:{name}") for name in ("0.2M", "1.02B"))
    assert smallest.model == SIZES["0.2M"] and largest.model.dtype == "bfloat16"
    assert smallest.train.learning_rate == 2e-3
    assert load_config(f"{LADDER}:221M").train.learning_rate == pytest.approx(4e-4)
    orders = largest.train.batch_size * largest.train.seq_len * largest.train.steps
    assert orders == pytest.approx(20 * 1.02e9, rel=0.01)
    with pytest.raises(InputError, match=r"ladder.py:NAME with one of 0.2M, 0.5M"):
        load_config(LADDER)
    with pytest.raises(InputError, match=r"no Config named 3M; .* 1.02B"):
        load_config(f"{LADDER}:3M")


def test_the_counts_in_the_header_are_right(counts):
    spec = importlib.util.spec_from_file_location("ladder", LADDER)
    ladder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ladder)
    assert list(ladder.configs) == list(SIZES)
    for name, config in SIZES.items():
        shape = (config.num_layers, config.d_model, config.num_heads, config.kv_heads)
        cells = " | ".join(map(str, (name, *shape, config.window)))
        assert f"| {cells} | {counts[name]:,} |" in ladder.__doc__
