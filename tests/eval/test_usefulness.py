"""Forecasts: equal in law gives equal scores, noise gives chance."""

import numpy as np
import pytest

from marsjax.eval.forecast_model import (
    balanced_accuracy,
    confusion,
    fit_model,
    mcc,
    resampled,
)
from marsjax.eval.forecast_task import (
    DOWN,
    FLAT,
    UP,
    classes,
    make_examples,
    tercile_edges,
)
from marsjax.eval.usefulness import (
    DIFFERENCE,
    GENERATED,
    LAST,
    MAJORITY,
    REAL,
    ROWS,
    usefulness,
)
from marsjax.eval.windows import ASK, BID, LIMIT, Windows
from tests.eval.made import blank_windows, make_windows

SMALL = {"horizon": 20, "num_draws": 200}


def foreseeable(num_windows: int, seed: int, *, is_seen: bool = True) -> Windows:
    """A mid that goes where the volumes at the best prices lean, or anywhere."""
    rng = np.random.default_rng(seed)
    out = make_windows(num_windows, 200, seed, memory=0.5, spread_ticks=1.0)
    lean = rng.normal(size=(num_windows, 200))
    for t in range(1, 200):
        lean[:, t] = 0.97 * lean[:, t - 1] + (1 - 0.97**2) ** 0.5 * lean[:, t]
    force = rng.normal(size=lean.shape) + (lean if is_seen else 0)
    step = (rng.random(lean.shape) < 0.3) * np.sign(force)
    bid = 10_000 + np.cumsum(step, axis=1)
    away = np.arange(10)
    price, qty = out.level_price_BTSK.copy(), out.level_qty_BTSK.copy()
    price[:, :, BID] = bid[..., None] - away
    price[:, :, ASK] = bid[..., None] + 1 + away
    qty[:, :, BID, 0] = 1000 * np.exp(0.7 * lean)
    qty[:, :, ASK, 0] = 1000 * np.exp(-0.7 * lean)
    return out._replace(
        type_BT=np.full(out.type_BT.shape, LIMIT, np.int8),
        level_price_BTSK=price,
        level_qty_BTSK=qty,
        traded_BT=np.zeros_like(out.traded_BT),
    )


TRAIN, TEST = foreseeable(24, 1), foreseeable(24, 2)


def test_equal_in_law_gives_equal_scores():
    found = usefulness(TRAIN, foreseeable(24, 3), TEST, **SMALL)
    assert [key[0] for key in found][::2] == list(ROWS)
    for name in (REAL, GENERATED):
        assert found[name, "balanced accuracy"].low > 0.45
        assert found[name, "MCC"].low > 0.15
    for metric in ("balanced accuracy", "MCC"):
        difference = found[DIFFERENCE, metric]
        assert difference.low < 0 < difference.high
        assert difference.high - difference.low < 0.3
        np.testing.assert_allclose(
            difference.value, found[GENERATED, metric].value - found[REAL, metric].value
        )
    assert found[REAL, "MCC"].value > found[LAST, "MCC"].value
    assert "24 windows" in found[REAL, "MCC"].note


def test_noise_gives_chance():
    found = usefulness(TRAIN, foreseeable(24, 3, is_seen=False), TEST, **SMALL)
    assert found[GENERATED, "MCC"].value < 0.15
    assert found[DIFFERENCE, "MCC"].high < 0
    assert found[DIFFERENCE, "balanced accuracy"].high < 0
    assert found[MAJORITY, "MCC"].value == 0
    np.testing.assert_allclose(found[MAJORITY, "balanced accuracy"].value, 1 / 3)


def test_the_real_model_has_no_more_windows():
    found = usefulness(TRAIN, foreseeable(8, 3), TEST, **SMALL)
    assert "8 windows each" in found[REAL, "MCC"].note


def test_too_few_windows_or_examples():
    few = TRAIN.take(np.arange(3))
    found = usefulness(few, TRAIN, TEST, **SMALL)
    assert all(np.isnan(x.value) for x in found.values())
    assert all("3 real training" in x.note for x in found.values())
    found = usefulness(TRAIN, few, TEST, **SMALL)
    assert np.isnan(found[GENERATED, "MCC"].value)
    assert np.isnan(found[DIFFERENCE, "MCC"].value)
    found = usefulness(TRAIN, TRAIN, TEST, horizon=500)
    assert all(np.isnan(x.value) and x.note for x in found.values())
    found = usefulness(*(blank_windows(9, 20),) * 3)
    assert all(np.isnan(x.value) and x.note for x in found.values())


def test_a_generated_mid_that_stands_still():
    still = TRAIN._replace(
        level_price_BTSK=np.broadcast_to(
            TRAIN.level_price_BTSK[:, :1], TRAIN.level_price_BTSK.shape
        )
    )
    found = usefulness(TRAIN, still, TEST, **SMALL)
    assert "one way only" in found[GENERATED, "MCC"].note
    assert found[REAL, "MCC"].value > 0.15


def test_books_with_one_side_are_left_out():
    price = TRAIN.level_price_BTSK.copy()
    price[:, 60:80, ASK] = 0
    holed = make_examples(TRAIN._replace(level_price_BTSK=price), 20, 1)
    whole = make_examples(TRAIN, 20, 1)
    assert np.isfinite(holed.x_NF).all() and np.isfinite(holed.move_N).all()
    # Of places 50 to 179, 60-99 and 110-129 have no mid or none 5, 20 or 50 before,
    # and 50-59 have fewer than ten among the next 20.
    assert len(whole.move_N) == 24 * 130
    assert len(holed.move_N) == 24 * 60


def test_labels_by_hand():
    """The mean of the next two mids over the mid now."""
    windows = TRAIN.take([0])
    (found,) = (make_examples(windows, 2, 1),)
    best = windows.level_price_BTSK[0, :, :, 0].sum(axis=-1) / 2
    now, one, two = best[50:198], best[51:199], best[52:200]
    np.testing.assert_allclose(found.move_N, (one + two) / 2 / now - 1)
    before = (best[49:197] + best[48:196]) / 2
    np.testing.assert_allclose(found.past_N, now / before - 1)


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        (np.repeat([-2, -1, 0, 1, 2], 20), (40, 20, 40)),
        (np.repeat([-1, 0, 1], [10, 70, 20]), (10, 70, 20)),
        (np.repeat([-1, 0, 1], [40, 20, 40]), (40, 20, 40)),
        (np.arange(99), (33, 33, 33)),
    ],
)
def test_terciles_with_ties(moves, expected):
    found = classes(moves.astype(float), tercile_edges(moves.astype(float)))
    counts = [(found == label).sum() for label in (DOWN, FLAT, UP)]
    assert tuple(counts) == expected


def test_metrics_by_hand():
    truth, said = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 2, 2, 0])
    count = confusion(truth, said)[None]
    np.testing.assert_allclose(balanced_accuracy(count), (1 + 0.5 + 0.5) / 3)
    # 4 hits of 6; answers 3, 1, 2: 4 * 6 - 2 * 6, 36 - 14 and 36 - 12.
    np.testing.assert_allclose(mcc(count), 12 / np.sqrt(22 * 24))
    one = confusion(truth, np.zeros(6, int))[None]
    assert mcc(one)[0] == 0
    none = confusion(truth[:4], said[:4])[None]
    assert np.isnan(balanced_accuracy(none)[0])


def test_one_step_is_near_a_fit_to_the_copies():
    rng = np.random.default_rng(0)
    x_NF = rng.normal(size=(2000, 3))
    class_N = (x_NF + 0.8 * rng.normal(size=(2000, 3))).argmax(axis=1)
    window_N = np.repeat(np.arange(20), 100)
    weight_RB = rng.multinomial(20, np.full(20, 1 / 20), size=3).astype(float)
    model = fit_model(x_NF, class_N)
    drawn = resampled(model, x_NF, class_N, window_N, weight_RB)
    for weight_B, weight_FC in zip(weight_RB, drawn, strict=True):
        times_N = weight_B[window_N].astype(int)
        copies = fit_model(
            np.repeat(x_NF, times_N, axis=0), np.repeat(class_N, times_N)
        )
        # In the units of the first fit.
        slopes = copies.weight_FC[:3] * (model.std_F / copies.std_F)[:, None]
        moved = slopes - model.weight_FC[:3]
        assert np.abs(moved).max() > 0.03
        np.testing.assert_allclose(weight_FC[:3], slopes, atol=0.35 * abs(moved).max())
    same = resampled(model, x_NF, class_N, window_N, np.ones((1, 20)))[0]
    np.testing.assert_allclose(same, model.weight_FC, atol=1e-12)
