"""What a run will need is told without making it, and told right."""

import dataclasses

import jax
import pytest

from marsjax.config import Config, MeshConfig, ModelConfig, TrainConfig
from marsjax.train import estimate as module
from marsjax.train.estimate import bytes_of, estimate
from marsjax.train.flops import train_flops
from marsjax.train.peak import Peak
from marsjax.train.step import init_state

CONFIG = Config(
    ModelConfig(d_model=16, num_layers=3, num_heads=2, window=8, d_ff=32),
    TrainConfig(steps=5, batch_size=4, micro_batch=2, seq_len=16, ema_decay=0.9),
)


def test_a_billion_parameters_are_estimated_without_making_them(monkeypatch):
    monkeypatch.setattr(module, "find_peak", lambda *_, **__: Peak(1e14, "a table"))
    seen = []

    def cost(config, peak):
        seen.append((config.model.num_layers, config.train.batch_size))
        return module.Cost(1e9 * (3 + config.model.num_layers), None)

    monkeypatch.setattr(module, "_cost", cost)
    model = ModelConfig(d_model=2_048, num_layers=23, num_heads=16, num_kv_heads=4)
    options = TrainConfig(batch_size=64, seq_len=1_024, steps=10)
    found = estimate(Config(model, options, MeshConfig(data=1)), 1_000_000)
    assert seen == [(1, 64), (2, 64)]
    num, memory = found["parameters"], found["memory_bytes"]
    assert 1.0e9 < num < 1.1e9
    assert memory["parameters"] == 4 * num and memory["mean"] == 0
    assert memory["activations"] == pytest.approx(26e9 - 4 * num)
    assert memory["total"] == sum(memory.values()) - memory["total"]
    assert found["epochs"] == pytest.approx(0.65536)
    flops = train_flops(model, 1_024) * 64 * 1_024
    assert found["flops_per_step"] == flops
    assert found["seconds"] == pytest.approx(10 * flops / (1e14 * module.UTILISATION))
    assert "assumed" in found["how"]


def test_every_device_holds_its_part():
    state = jax.eval_shape(lambda: init_state(CONFIG))
    sizes = {"data": 1, "fsdp": 1, "tensor": 1}
    whole = bytes_of(state.params, sizes)
    assert whole == sum(4 * leaf.size for leaf in jax.tree.leaves(state.params))
    assert bytes_of(state.params, {**sizes, "data": 4}) == whole
    assert whole / 2 < bytes_of(state.params, {**sizes, "fsdp": 2}) < 0.6 * whole


@pytest.mark.slow
def test_a_further_layer_adds_the_same_every_time():
    """Three compiled layers need what one and two say."""
    peak = Peak(1e11, "any")
    expected = module._step(CONFIG, peak).temporary
    found = module._cost(CONFIG, peak).temporary
    assert expected == pytest.approx(found, rel=0.02)
    one = dataclasses.replace(CONFIG.model, num_layers=1)
    alone = module._step(dataclasses.replace(CONFIG, model=one), peak)
    assert alone.temporary < found and alone.seconds > 0
