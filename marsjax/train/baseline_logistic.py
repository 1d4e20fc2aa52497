"""Multinomial logistic regression on what the model is given after the last order.

One regression a field: p(type | state, last order), p(price | type, state, last order)
and so on, a proper likelihood of whole orders. A row's inputs are cells, each with its
own logits, which are added up:

1. each feature after the last order, in `NUM_BINS` bins of equally many training
   orders: outside the range seen in training a bin ends, where a slope would not;
2. each field of the last order, and of this one those before the field;
3. all of these again, and type and price of the last order together, for each type of
   this order (of the type itself: of the last order).

Trained by Adam on orders of the train part; the valid part chooses the penalty on the
squared logits, field by field. Of events of another domain the first two fields take
the place of type and price.
"""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from marsjax.train.data import Dataset
from marsjax.train.evaluate import Scores, scored_positions
from marsjax.types import Array

NUM_BINS = 8
BATCH = 512
EPOCHS = 5
LEAST_STEPS = 40
"""A small train part is gone through more often, until it has had these."""
LEARNING_RATE = 0.02
PENALTIES = (3e-4, 1e-3, 3e-3, 1e-2)
MOST_TRAINED = 2**18
"""Most orders of an epoch; of a larger train part, as many spread evenly."""
MOST_TUNED = 2**16
"""Most valid orders that the penalty is chosen by, likewise."""


class Rows(NamedTuple):
    """Inputs and outcomes, int32: bins ``[T, F]``, the last order and this ``[T, C]``.

    An unbatched row has no T.
    """

    bins: Array
    before: Array
    after: Array


class Logistic(NamedTuple):
    """Fitted regressions.

    ``edges_FK``: lower edges of the bins but the first; ``weights``: logits ``[N, V]``
    of each field's N cells; ``penalties``: of each field, chosen by the valid part.
    """

    field_sizes: tuple[int, ...]
    edges_FK: np.ndarray
    weights: tuple[Array, ...]
    penalties: tuple[float, ...]

    def log_prob(self, rows: Rows) -> np.ndarray:
        """Nats of each field of the orders ``rows.after``, float32 ``[T, C]``."""
        score_fn = _make_score_fn(self.field_sizes)
        found = []
        for start in range(0, len(rows.after), BATCH):
            batch = Rows(*(x[start : start + BATCH] for x in rows))
            lack = BATCH - len(batch.after)
            padded = Rows(*(np.pad(x, ((0, lack), (0, 0))) for x in batch))
            found.append(np.asarray(score_fn(self.weights, padded))[: BATCH - lack])
        return np.concatenate(found)

    def scores(self, dataset: Dataset, like: list[Scores]) -> dict[str, list[Scores]]:
        """Scores of the very orders that ``like`` scores, by tape."""
        rows = [(s, make_rows(dataset, s.position_T, self.edges_FK)) for s in like]
        return {
            "logistic": [
                Scores(s.tape, s.position_T, self.log_prob(each)) for s, each in rows
            ]
        }


def fit_logistic(dataset: Dataset, *, seed: int = 0) -> Logistic:
    """Trains on the train part, and chooses the penalty by the valid part.

    Raises:
      InputError: the train or the valid part has no order to score.
    """
    sizes = dataset.field_sizes
    train = some_positions(dataset, "train", MOST_TRAINED)
    valid = some_positions(dataset, "valid", MOST_TUNED)
    shares = np.arange(1, NUM_BINS) / NUM_BINS
    edges_FK = np.quantile(
        dataset.features_TF[train - 1], shares, axis=0, method="higher"
    ).T
    rows = make_rows(dataset, train, edges_FK)
    held_out = make_rows(dataset, valid, edges_FK)
    fits = []
    for penalty in PENALTIES:
        weights = _train(sizes, rows, penalty, seed)
        tried = Logistic(sizes, edges_FK, weights, (penalty,) * len(sizes))
        fits.append((tried, -tried.log_prob(held_out).mean(axis=0)))
    best = np.argmin([loss_C for _, loss_C in fits], axis=0)
    return Logistic(
        sizes,
        edges_FK,
        tuple(fits[i][0].weights[f] for f, i in enumerate(best)),
        tuple(PENALTIES[i] for i in best),
    )


def some_positions(dataset: Dataset, part: str, most: int) -> np.ndarray:
    """Scored positions of a part, of very many ``most`` spread evenly."""
    positions = np.concatenate(list(scored_positions(dataset, part).values()))
    if len(positions) <= most:
        return positions
    return positions[np.linspace(0, len(positions) - 1, most).astype(int)]


def make_rows(dataset: Dataset, position_T: np.ndarray, edges_FK: np.ndarray) -> Rows:
    """Rows of the orders at ``position_T``, which each have one before them."""
    features_TF = dataset.features_TF[position_T - 1]
    bins = [
        np.searchsorted(edges_K, features_T, side="right")
        for edges_K, features_T in zip(edges_FK, features_TF.T, strict=True)
    ]
    shape = (len(position_T), len(edges_FK))
    bins_TF = np.array(bins, np.int32).reshape(shape[::-1]).T
    before, after = (dataset.tokens_TC[position_T - back] for back in (1, 0))
    return Rows(bins_TF, before.astype(np.int32), after.astype(np.int32))


def _columns(row: Rows, field: int, sizes: tuple[int, ...]):
    """Of one row: the columns of ``field`` with their sizes; and the type to cross."""
    plain = [(row.bins[f], NUM_BINS) for f in range(row.bins.shape[0])]
    plain += [(row.before[f], size) for f, size in enumerate(sizes)]
    plain += [(row.after[f], sizes[f]) for f in range(1, field)]
    kind = row.before[0] if field == 0 else row.after[0]
    last = row.before[0], sizes[0]
    if len(sizes) > 1:
        last = row.before[0] * sizes[1] + row.before[1], sizes[0] * sizes[1]
    crossed = [(kind * size + value, sizes[0] * size) for value, size in (*plain, last)]
    return [*plain, (kind, sizes[0]), *crossed]


def _cells(row: Rows, field: int, sizes: tuple[int, ...]) -> Array:
    """The cells of a row, int32 ``[J]``."""
    cells, first = [], 0
    for value, size in _columns(row, field, sizes):
        cells.append(first + value)
        first += size
    return jnp.stack(cells)


def _num_cells(num_features: int, field: int, sizes: tuple[int, ...]) -> int:
    zeros = (np.zeros(n, np.int32) for n in (num_features, len(sizes), len(sizes)))
    return sum(size for _, size in _columns(Rows(*zeros), field, sizes))


def _log_prob(weights: tuple[Array, ...], row: Rows, sizes: tuple[int, ...]) -> Array:
    """Nats of each field of one row, ``[C]``."""
    found = []
    for f, weights_NV in enumerate(weights):
        logits_V = weights_NV[_cells(row, f, sizes)].sum(axis=0)
        found.append(jax.nn.log_softmax(logits_V)[row.after[f]])
    return jnp.stack(found)


@lru_cache(maxsize=8)
def _make_score_fn(sizes: tuple[int, ...]):
    def score(weights, rows):
        return jax.vmap(lambda row: _log_prob(weights, row, sizes))(rows)

    return jax.jit(score)


@lru_cache(maxsize=8)
def _make_step(sizes: tuple[int, ...]):
    """One step of Adam at a given rate, on a batch of rows."""
    optimiser = optax.scale_by_adam()

    def loss_fn(weights, rows, penalty):
        log_prob = jax.vmap(lambda row: _log_prob(weights, row, sizes))(rows)
        squares = sum(jnp.sum(x**2) for x in weights)
        return -log_prob.mean(axis=0).sum() + penalty * squares

    @jax.jit
    def step(weights, state, rows, penalty, rate):
        updates, state = optimiser.update(
            jax.grad(loss_fn)(weights, rows, penalty), state
        )
        return jax.tree.map(lambda x, u: x - rate * u, weights, updates), state

    return optimiser.init, step


def _train(
    sizes: tuple[int, ...], rows: Rows, penalty: float, seed: int
) -> tuple[Array, ...]:
    """Weights after all epochs, the rate falling to 0 as a cosine."""
    num_features = rows.bins.shape[1]
    weights = tuple(
        jnp.zeros((_num_cells(num_features, f, sizes), size))
        for f, size in enumerate(sizes)
    )
    init, step = _make_step(sizes)
    state, rng, done = init(weights), np.random.default_rng(seed), 0
    num_batches = -(-len(rows.after) // BATCH)
    epochs = max(EPOCHS, -(-LEAST_STEPS // num_batches))
    for _ in range(epochs):
        # The last batch is filled up with the first orders of the same shuffle.
        order = np.resize(rng.permutation(len(rows.after)), (num_batches, BATCH))
        for pick in order:
            share = done / (epochs * num_batches)
            rate = LEARNING_RATE * (1 + np.cos(np.pi * share)) / 2
            batch = Rows(*(x[pick] for x in rows))
            weights, state = step(
                weights, state, batch, np.float32(penalty), np.float32(rate)
            )
            done += 1
    return weights
