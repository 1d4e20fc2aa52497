"""What generated data are good for: train on them, test on real data.

Two forecast models, alike but for what they were trained on, answer the same questions
on real test windows. If the one trained on generated windows does as well as the one
trained on as many real windows, the former hold what is needed for this forecast.

The intervals are over training and test windows together: both are drawn anew, and the
models fitted to what was drawn.
"""

import numpy as np

from marsjax.eval.forecast_model import (
    METRICS,
    confusion,
    fit_model,
    predict,
    resampled,
)
from marsjax.eval.forecast_task import (
    NUM_CLASSES,
    Examples,
    classes,
    make_examples,
    tercile_edges,
)
from marsjax.eval.intervals import Level, bootstrap, bootstrap_weights, joined
from marsjax.eval.types import Estimate
from marsjax.eval.windows import Windows

REAL = "trained on real"
GENERATED = "trained on generated"
DIFFERENCE = "generated - real"
MAJORITY = "majority class"
LAST = "last direction"
ROWS = (REAL, GENERATED, DIFFERENCE, MAJORITY, LAST)

HORIZON = 50
STRIDE = 5
FEWEST = 4
"""Windows a set must have."""
FEWEST_EXAMPLES = 100


def usefulness(
    train_real: Windows,
    generated: Windows,
    test_real: Windows,
    *,
    horizon: int = HORIZON,
    stride: int = STRIDE,
    num_draws: int = 500,
    seed: int = 0,
    level: Level = "windows",
) -> dict[tuple[str, str], Estimate]:
    """Forecast scores on real test windows.

    Args:
      train_real: real windows; they fix the classes, and as many of them as there are
        generated windows (or the other way round) train the model, drawn at random.
      generated: generated windows.
      test_real: real windows, of later times than `train_real`.
      horizon: messages ahead.
      stride: messages from one example to the next.
      num_draws, seed, level: as of `marsjax.eval.intervals.bootstrap`.

    Returns:
      by (row, metric): rows are `ROWS`, metrics ``balanced accuracy`` (1/3 is chance)
      and ``MCC`` (0 is chance). NaN with a note where there are too few windows or
      examples, or a class is missing.
    """
    rng = np.random.default_rng(seed)
    real, generated, test = (
        make_examples(x, horizon, stride) for x in (train_real, generated, test_real)
    )
    why = _too_few(real, "real training windows") or _too_few(test, "test windows")
    if why:
        return _nothing(ROWS, why)
    edges = tercile_edges(real.move_N)
    num = min(len(real.group_B), len(generated.group_B))
    sets = {REAL: _some(real, num, rng), GENERATED: _some(generated, num, rng)}
    note = f"trained on {num} windows each"
    truth_N = classes(test.move_N, edges)
    most = np.bincount(classes(real.move_N, edges)).argmax()
    says = {
        MAJORITY: np.full((1, len(truth_N)), most),
        LAST: classes(test.past_N, edges)[None],
    }
    out = {}
    for i, (name, examples) in enumerate(sets.items()):
        class_N = classes(examples.move_N, edges)
        why = _too_few(examples, f"windows to be {name}") or _one_class(class_N)
        if why:
            out |= _nothing((name, DIFFERENCE), why)
            continue
        drawn_RB = bootstrap_weights(examples.group_B, num_draws, seed + 1 + i, level)
        drawn_RB = np.concatenate([np.ones((1, drawn_RB.shape[1])), drawn_RB])
        says[name] = _answers(examples, class_N, drawn_RB, test)

    def statistics(weight_RB: np.ndarray) -> dict:
        found = {}
        for name, said_RN in says.items():
            said_RN = np.broadcast_to(said_RN, (len(weight_RB), len(truth_N)))
            count_RCC = np.stack(
                [
                    confusion(truth_N, said_N, weight_B[test.window_N])
                    for said_N, weight_B in zip(said_RN, weight_RB, strict=True)
                ]
            )
            found |= {(name, k): metric(count_RCC) for k, metric in METRICS.items()}
        if REAL in says and GENERATED in says:
            for k in METRICS:
                found[DIFFERENCE, k] = found[GENERATED, k] - found[REAL, k]
        return found

    options = {"num_draws": num_draws, "seed": seed, "level": level}
    # A resample has copies and so less to learn from: its scores are a little lower,
    # which says how much they vary but not where they are.
    found = bootstrap(statistics, test.group_B, kind="centred", **options)
    for key, value in found.items():
        # Rounding may put the ends of a point beside it.
        ends = min(value.low, value.value), max(value.high, value.value)
        value = value._replace(low=ends[0], high=ends[1])
        if key[0] not in (MAJORITY, LAST):
            value = value._replace(note=joined(value.note, note))
        out[key] = value
    return {(row, k): out[row, k] for row in ROWS for k in METRICS}


def _answers(examples: Examples, class_N, weight_RB, test: Examples) -> np.ndarray:
    """Classes ``[R, N]`` that models fitted to resampled windows give to the test."""
    model = fit_model(examples.x_NF, class_N)
    drawn = resampled(model, examples.x_NF, class_N, examples.window_N, weight_RB)
    models = (model._replace(weight_FC=weight_FC) for weight_FC in drawn)
    return np.stack([predict(x, test.x_NF).astype(np.int8) for x in models])


def _some(examples: Examples, num: int, rng: np.random.Generator) -> Examples:
    """Those of ``num`` of the windows."""
    kept_B = np.zeros(len(examples.group_B), bool)
    kept_B[rng.permutation(len(kept_B))[:num]] = True
    inside = kept_B[examples.window_N]
    columns = (x[inside] for x in examples[:3])
    number_B = np.cumsum(kept_B) - 1
    window_N = number_B[examples.window_N[inside]]
    return Examples(*columns, window_N, examples.group_B[kept_B])


def _too_few(examples: Examples, what: str) -> str:
    """Why there are too few, or nothing."""
    num = len(examples.group_B)
    if num < FEWEST:
        return f"{num} {what} with an example; needs {FEWEST}"
    if len(examples.move_N) < FEWEST_EXAMPLES:
        return f"{len(examples.move_N)} examples of {what}; needs {FEWEST_EXAMPLES}"
    return ""


def _one_class(class_N: np.ndarray) -> str:
    """Why these classes cannot be learned, or nothing."""
    num = np.count_nonzero(np.bincount(class_N, minlength=NUM_CLASSES))
    return "" if num >= 2 else "the mid moves in one way only"


def _nothing(rows, why: str) -> dict[tuple[str, str], Estimate]:
    none = Estimate(np.nan, np.nan, np.nan, why)
    return {(row, k): none for row in rows for k in METRICS}
