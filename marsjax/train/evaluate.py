"""The log-likelihood of every order of a part of a dataset, each once.

The first order of a segment has nothing before it and is not scored; every other one
is scored with all the orders before it that the segment has, up to a window at least.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.config import Config, ModelConfig
from marsjax.errors import InputError
from marsjax.lmm import OrderModel, Params
from marsjax.train.data import Dataset, Segment
from marsjax.train.mesh import fetch, gathered, place_whole


class Scores(NamedTuple):
    """Scored orders of one tape, in time order.

    ``position_T``: index in the dataset. ``log_prob_TC``: nats; the sum over the
    columns (one a field, or a single one) is the log-likelihood of the order.
    """

    tape: str
    position_T: np.ndarray
    log_prob_TC: np.ndarray


class Window(NamedTuple):
    """Orders ``[start, start + length)`` are given; targets from ``first`` on count."""

    start: int
    first: int
    stop: int  # one past the last target


def scored_positions(dataset: Dataset, part: str) -> dict[str, np.ndarray]:
    """Indices of the orders of ``part`` that are scored, by tape, in time order.

    Raises:
      InputError: the part has no order with one before it.
    """
    positions: dict[str, list[np.ndarray]] = {}
    for segment in dataset.part(part):
        if segment.stop - segment.start > 1:
            span = np.arange(segment.start + 1, segment.stop)
            positions.setdefault(segment.tape, []).append(span)
    if not positions:
        raise InputError(
            f"the {part} part has no orders to score",
            "use longer tapes",
            file=dataset.path,
        )
    return {tape: np.concatenate(spans) for tape, spans in positions.items()}


def can_score(dataset: Dataset, part: str) -> bool:
    """Whether ``part`` has any order with one before it."""
    return any(s.stop - s.start > 1 for s in dataset.part(part))


def windows(segment: Segment, context: int, stride: int) -> Iterator[Window]:
    """Covers the targets of ``segment``, each once, ``context`` orders before each.

    The first window scores all it holds, each later one its last ``stride`` targets.
    """
    start, first = segment.start, segment.start + 1
    while first < segment.stop:
        stop = min(start + context + stride + 1, segment.stop)
        yield Window(start, first, stop)
        start, first = start + stride, stop


@lru_cache(maxsize=4)
def _make_score_fn(config: ModelConfig) -> Callable:
    model = OrderModel(config)

    def score(params, tokens_LC, features_LF):
        tokens_LC = tokens_LC.astype(jnp.int32)
        hidden_LD = model.apply(params, tokens_LC[:-1], features_LF)
        return model.log_prob(params, hidden_LD, tokens_LC[1:])

    def score_all(params, tokens, features):
        return jax.vmap(score, in_axes=(None, 0, 0))(gathered(params), tokens, features)

    return jax.jit(score_all)


def nats(
    params: Params,
    config: Config,
    dataset: Dataset,
    part: str,
    *,
    max_orders: int | None = None,
    progress_fn: Callable[[int, int], None] | None = None,
) -> list[Scores]:
    """The model's log-likelihood of every order of ``part``.

    Args:
      params: of the order model.
      config: its config; of ``train`` the stride and batch of the evaluation count.
      dataset: tokenised orders.
      part: ``train``, ``valid`` or ``test``.
      max_orders: score about that many, in windows spread evenly; None: all.
      progress_fn: called with the windows done and their number.

    Returns:
      One :class:`Scores` a tape, with a column a field.

    Raises:
      InputError: the part is empty, or the dataset does not fit the model.
    """
    check_fits(config.model, dataset)
    scored_positions(dataset, part)
    context, stride = config.model.window, config.train.eval_stride
    jobs = [
        (segment.tape, window)
        for segment in dataset.part(part)
        for window in windows(segment, context, stride)
    ]
    if max_orders is not None and max_orders < len(jobs) * stride:
        keep = max(1, max_orders // stride)
        jobs = [jobs[i] for i in np.linspace(0, len(jobs) - 1, keep).astype(int)]
    score_fn, batch = _make_score_fn(config.model), config.train.eval_batch
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for i in range(0, len(jobs), batch):
        group = jobs[i : i + batch]
        tokens, features = _gather(dataset, group, batch, context + stride)
        tokens, features = place_whole(tokens), place_whole(features)
        scores = fetch(score_fn(params, tokens, features))
        for (tape, window), score in zip(group, scores, strict=False):
            offset = window.start + 1
            part_score = score[window.first - offset : window.stop - offset]
            position = np.arange(window.first, window.stop)
            found.setdefault(tape, []).append((position, part_score))
        if progress_fn is not None:
            progress_fn(min(i + batch, len(jobs)), len(jobs))
    return [
        Scores(tape, *(np.concatenate(x) for x in zip(*parts, strict=True)))
        for tape, parts in found.items()
    ]


def _gather(
    dataset: Dataset, group: list[tuple[str, Window]], batch: int, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """The windows' arrays, zeros after their ends: causal, so they change nothing."""
    whole = dataset.tokens_TC
    tokens = np.zeros((batch, length + 1, whole.shape[1]), whole.dtype)
    features = np.zeros((batch, length, dataset.features_TF.shape[1]), np.int16)
    for row, (_, window) in enumerate(group):
        count = window.stop - window.start
        tokens[row, :count] = whole[window.start : window.stop]
        features[row, : count - 1] = dataset.features_TF[window.start : window.stop - 1]
    dataset.check(tokens)
    return tokens, features


def check_fits(config: ModelConfig, dataset: Dataset) -> None:
    """Raises InputError where the dataset is not what the model was made for."""
    ours = (config.field_names, config.field_sizes, config.num_features)
    num_features = dataset.features_TF.shape[1]
    theirs = (dataset.field_names, dataset.field_sizes, num_features)
    if ours != theirs:
        raise InputError(
            f"has fields, their sizes and features {theirs}, the model {ours}",
            "change the model's config, or use the dataset it was trained on",
            file=dataset.path,
        )
