"""FLOPs are those of the model's products, and utilisation is of a real peak."""

import dataclasses

import jax
import pytest

from marsjax.config import ModelConfig
from marsjax.train import peak
from marsjax.train.flops import matrix_entries, mean_keys, train_flops

MODEL = ModelConfig(
    d_model=32, num_layers=3, num_heads=4, num_kv_heads=2, d_ff=96, window=8
)


def test_matrices_are_counted_one_by_one():
    d, sizes = 32, MODEL.field_sizes
    block = d * (4 + 2 * 2) * 8 + d * d + 3 * d * 96  # qkv, out, gate, up, down
    features = MODEL.num_features * d
    factorised = d * len(sizes) * d + d * sum(sizes)
    assert matrix_entries(MODEL) == 3 * block + features + factorised
    joint = dataclasses.replace(MODEL, head="joint")
    assert matrix_entries(joint) == 3 * block + features + d * 3 * 32 * 32 * 16


@pytest.mark.parametrize(("length", "window"), [(1, 8), (5, 8), (8, 8), (20, 8)])
def test_attention_counts_the_keys_that_are_seen(length, window):
    seen = sum(min(i + 1, window) for i in range(length))
    assert mean_keys(length, window) == seen / length
    config = dataclasses.replace(MODEL, window=window)
    attention = 3 * 12 * config.d_model * seen / length
    assert train_flops(config, length) == pytest.approx(
        6 * matrix_entries(config) + attention
    )


def test_a_product_is_timed_where_no_table_knows_the_device(monkeypatch):
    monkeypatch.setattr(peak, "SIDE", 64)
    monkeypatch.setattr(peak, "SECONDS", 0.0)
    assert peak.find_peak("float32", measure=False) is None
    found = peak.find_peak("bfloat16", 4, measure=True)
    assert 1e6 < found.flops < 1e15 and "product of 64, float32" in found.source
    kind = jax.devices()[0].device_kind
    monkeypatch.setitem(peak.DENSE, kind, (4e12, 2e12))
    assert peak.find_peak("bfloat16", measure=False).flops == 4e12
    assert peak.find_peak("float32", 8, measure=True).flops == 16e12
