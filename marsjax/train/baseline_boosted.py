"""Gradient-boosted trees on what the model is given after the last order.

One classifier a field: of the features after the last order, the last order's fields
and this order's fields before it; a proper likelihood of whole orders. The valid part
says when to stop. Needs LightGBM (Ke et al. 2017), an extra of this package.
"""

import importlib.util
from typing import Any, NamedTuple

import numpy as np

from marsjax.errors import InputError
from marsjax.train.baseline_logistic import some_positions
from marsjax.train.data import Dataset
from marsjax.train.evaluate import Scores

MOST_TRAINED = 2**18
"""Most orders that trees are grown on; of a larger part, as many spread evenly."""
MOST_TUNED = 2**16
"""Most valid orders that say when to stop, likewise."""
MOST_ROUNDS = 300
PATIENCE = 10
SETTINGS = {
    "objective": "multiclass",
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "deterministic": True,
    "num_threads": 1,
    "force_row_wise": True,
    "verbose": -1,
}


class Boosted(NamedTuple):
    """Fitted trees: a LightGBM ``Booster`` a field."""

    field_sizes: tuple[int, ...]
    trees: tuple[Any, ...]

    def log_prob(self, dataset: Dataset, position_T: np.ndarray) -> np.ndarray:
        """Nats of each field of the orders at ``position_T``, float64 ``[T, C]``."""
        after = dataset.tokens_TC[position_T]
        found = []
        for f, size in enumerate(self.field_sizes):
            # Of two outcomes too the probabilities stand side by side.
            share = self.trees[f].predict(_inputs(dataset, position_T, f))
            share = share.reshape(len(position_T), size)
            share = share / share.sum(axis=1, keepdims=True)
            found.append(np.log(share[np.arange(len(after)), after[:, f]]))
        return np.stack(found, axis=1)

    def scores(self, dataset: Dataset, like: list[Scores]) -> dict[str, list[Scores]]:
        """Scores of the very orders that ``like`` scores, by tape."""
        return {
            "boosted": [
                Scores(s.tape, s.position_T, self.log_prob(dataset, s.position_T))
                for s in like
            ]
        }


def can_boost() -> bool:
    """Whether LightGBM is installed."""
    return importlib.util.find_spec("lightgbm") is not None


def fit_boosted(dataset: Dataset, *, seed: int = 0) -> Boosted:
    """Grows trees on the train part until the valid part gains no more.

    Raises:
      InputError: LightGBM is not installed, or the train or the valid part has no order
        to score.
    """
    if not can_boost():
        raise InputError("LightGBM is not installed", 'pip install -e ".[boosted]"')
    import lightgbm

    train = some_positions(dataset, "train", MOST_TRAINED)
    valid = some_positions(dataset, "valid", MOST_TUNED)
    trees = []
    for f, size in enumerate(dataset.field_sizes):
        counted, held_out = (
            lightgbm.Dataset(
                _inputs(dataset, positions, f),
                dataset.tokens_TC[positions, f].astype(np.int32),
                free_raw_data=True,
            )
            for positions in (train, valid)
        )
        held_out.reference = counted
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        trees.append(
            lightgbm.train(
                SETTINGS | {"num_class": size, "seed": seed},
                counted,
                MOST_ROUNDS,
                valid_sets=[held_out],
                callbacks=[stop],
            )
        )
    return Boosted(dataset.field_sizes, tuple(trees))


def _inputs(dataset: Dataset, position_T: np.ndarray, field: int) -> np.ndarray:
    """What the field is predicted from, float32 ``[T, F + C + field]``."""
    features_TF = dataset.features_TF[position_T - 1]
    before, after = (dataset.tokens_TC[position_T - back] for back in (1, 0))
    columns = (features_TF, before, after[:, :field])
    return np.concatenate(columns, axis=1, dtype=np.float32, casting="unsafe")
