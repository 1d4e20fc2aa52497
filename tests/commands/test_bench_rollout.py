"""``marsjax bench rollout``: what it measures, and that both ways are one model."""

import json

import jax
import numpy as np
import pytest

from marsjax.cli import main
from marsjax.commands import bench_rollout, rollout_speed
from marsjax.commands.machine import copy_bandwidth, memory_bandwidth
from marsjax.commands.rollout_rows import floor, speeds
from marsjax.commands.rollout_speed import Loop, Timed, same_orders
from marsjax.config import ModelConfig
from marsjax.lmm.sizes import SIZES
from marsjax.tokens.orders import ORDERS

TINY = ["bench", "rollout", "--model", "tiny", "--context", "16", "--markets", "1"]
TINY += ["--runs", "1", "--seconds", "0.01", "--steps", "4", "--slots", "512"]


@pytest.fixture
def tiny(monkeypatch):
    """A size that compiles fast, compiled carelessly."""
    config = ModelConfig(
        num_features=len(ORDERS.features),
        feature_scale=ORDERS.feature_scale,
        d_model=16,
        num_layers=1,
        num_heads=2,
    )
    monkeypatch.setitem(SIZES, "tiny", config)
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield config
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.slow
def test_rows_as_json_and_both_ways_the_same(tiny, capsys, monkeypatch):
    """One row for one market; the same orders with a cache and without."""
    compared = []
    monkeypatch.setattr(
        bench_rollout,
        "same_orders",
        lambda *records: compared.append(same_orders(*records)) or compared[-1],
    )
    main([*TINY, "--kv-heads", "1", "--json"])
    assert compared == [(4, 4)]
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["markets"], row["context"], row["kv_heads"]) == (1, 16, 1)
    assert row["min_orders_per_s"] <= row["orders_per_s"] <= row["max_orders_per_s"]
    assert row["us_per_order"] == pytest.approx(1e6 / row["orders_per_s"])
    assert row["ratio_to_recompute"] > 0 and row["recompute_orders_per_s"] > 0
    assert row["compile_s"] > 0 and row["device"] and row["cache_full"]
    assert row["cache_bytes_per_step"] == 2 * 8 * 16 * 4  # keys and values, 1 head of 8
    assert row["weight_bytes_per_step"] == 4 * row["parameters"]
    assert row["floor_s"] == pytest.approx(row["bytes_per_step"] / row["bytes_per_s"])


def records(*order_ids: int) -> rollout_speed.Record:
    """Of one market, whose orders differ in their ids alone."""
    ids_T1 = np.array(order_ids)[:, None]
    return rollout_speed.Record(*[ids_T1 * (name == "order_id") for name in FIELDS])


FIELDS = rollout_speed.Record._fields


def test_orders_that_differ_are_an_error(monkeypatch, capsys):
    assert same_orders(records(1, 2, 3), records(1, 2)) == (2, 2)
    assert same_orders(records(1, 2, 3), records(1, 5, 3)) == (2, 3)

    def loop(*order_ids):
        run = Timed(len(order_ids), 1.0, records(*order_ids), 0)
        return Loop(1, 1, 0.0, lambda *_, **__: run)

    class Start:
        model = type("Model", (), {"config": ModelConfig()})

    starts = rollout_speed.Starts(Start, Start)
    command = bench_rollout.BenchRollout()
    command._check_same(loop(1, 2), starts, loop(1, 2), starts)
    with pytest.raises(SystemExit) as stop:
        command._check_same(loop(1, 2), starts, loop(1, 3), starts)
    assert stop.value.code == 1
    assert "1 of 2 orders differ" in capsys.readouterr().err


def test_speeds_are_medians_and_ratios_of_the_same_run():
    """The machine is half as fast in the second run and twice in the third."""
    loops = [Loop(1, 1, 2.0, None), Loop(4, 2, 3.0, None)]
    slow_loops = [Loop(1, 1, 1.0, None), Loop(4, 4, 1.0, None)]

    def timed(*rates):
        return [[Timed(100, 100 / (r * by), None, 0) for r in rates] for by in BY]

    rows = speeds(loops, slow_loops, timed(600, 3000), timed(600, 2000), timed(10, 8))
    assert [row["orders_per_s"] for row in rows] == pytest.approx([600, 3000])
    assert [row["ratio_to_recompute"] for row in rows] == pytest.approx([60, 300])
    assert rows[1]["us_per_order_quarter_full"] == pytest.approx(500)
    assert (rows[1]["min_orders_per_s"], rows[1]["max_orders_per_s"]) == (1500, 6000)
    assert [row["group_size"] for row in rows] == [1, 2]
    assert rows[0]["recompute_markets"] == 1 and rows[1]["steps"] == 25
    without = speeds(loops, [], timed(600, 3000), timed(600, 2000), [[], [], []])
    assert without[0]["ratio_to_recompute"] is None


BY = (1.0, 0.5, 2.0)


def test_floor_is_bytes_over_bandwidth():
    """2 layers, 2 heads of width 8 for keys and values, 3 markets, bfloat16."""
    config = ModelConfig(
        d_model=32, num_layers=2, num_heads=4, num_kv_heads=2, dtype="bfloat16"
    )
    row = floor(config, 1_000, 3, 2, (1e6, "a table"))
    cache = 3 * 2 * 2 * 2 * 8 * 256 * 2
    assert row["cache_bytes_per_step"] == cache
    assert row["bytes_per_step"] == 2 * 1_000 + cache
    assert row["floor_s"] == pytest.approx((2 * 1_000 + cache) / 1e6)
    assert floor(config, 1_000, 3, 2, None)["floor_s"] is None


def test_bandwidth_of_this_machine_is_measured():
    rate, source = memory_bandwidth()
    assert 1e7 < rate < 1e13 and "measured" in source
    assert copy_bandwidth(1, 1) > 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--markets", "0"], "--markets"),
        (["--kv-heads", "0"], "--kv-heads"),
        (["--group-size", "0"], "--group-size"),
        (["--kv-heads", "3"], "cannot share"),
        (["--seconds", "0"], "--seconds"),
        (["--markets", "3", "--devices", "2"], "divided"),
        (["--model", "no-such-model"], "no-such-model"),
        (["--seed", "-1"], "out of range"),
    ],
)
def test_bad_options(args, says, tiny, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*TINY, *args])
    assert stop.value.code == 2
    assert says in capsys.readouterr().err.strip().splitlines()[-1]


def test_help_lists_both_parts(capsys):
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    told = capsys.readouterr().out
    assert "rollout" in told and "book" in told
