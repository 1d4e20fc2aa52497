"""The model beside the baselines on the same orders, with intervals."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from marsjax.train.baseline_boosted import can_boost, fit_boosted
from marsjax.train.baseline_logistic import fit_logistic
from marsjax.train.baselines import fit_baselines
from marsjax.train.bootstrap import intervals
from marsjax.train.checkpoint import Checkpoint
from marsjax.train.data import Dataset
from marsjax.train.evaluate import Scores, nats

KINDS: dict[str, Callable[[Dataset], "Baseline"]] = {
    "counts": fit_baselines,
    "logistic": fit_logistic,
    "boosted": fit_boosted,
}
"""How each kind of baseline is fitted: of seconds, half a minute, half a minute."""


class Baseline(Protocol):
    """What has been fitted and scores orders, under one name or several."""

    def scores(self, dataset: Dataset, like: list[Scores]) -> dict[str, list[Scores]]:
        """Scores of the very orders that ``like`` scores, by baseline and tape."""
        ...


def fit_kinds(
    dataset: Dataset,
    kinds: Sequence[str] | None = None,
    *,
    progress_fn: Callable[[int, int], None] | None = None,
) -> list[Baseline]:
    """Fits baselines on the train part, tuned by the valid part.

    Args:
      dataset: tokenised orders.
      kinds: of `KINDS`; None: all that need nothing that is not installed.
      progress_fn: called with the kinds done and their number.

    Raises:
      InputError: a part has no orders to score, or an extra is not installed.
    """
    if kinds is None:
        kinds = [kind for kind in KINDS if kind != "boosted" or can_boost()]
    fitted: list[Baseline] = []
    for kind in kinds:
        if progress_fn is not None:
            progress_fn(len(fitted), len(kinds))
        fitted.append(KINDS[kind](dataset))
    if progress_fn is not None:
        progress_fn(len(kinds), len(kinds))
    return fitted


def losses(scores: list[Scores]) -> dict[str, np.ndarray]:
    """Nats an order by tape, ``[T]``."""
    return {s.tape: -s.log_prob_TC.sum(axis=1) for s in scores}


def mean_loss(scores: list[Scores]) -> float:
    """Nats an order, averaged over tapes."""
    return float(np.mean([loss_T.mean() for loss_T in losses(scores).values()]))


def evaluate(
    checkpoint: Checkpoint,
    dataset: Dataset,
    part: str,
    *,
    baselines: Sequence[Baseline] | None = None,
    progress_fn=None,
) -> dict:
    """Scores a model and the baselines on every order of a part.

    Args:
      checkpoint: of :func:`marsjax.train.load_checkpoint`.
      dataset: tokenised by the same tokenizer.
      part: ``train``, ``valid`` or ``test``.
      baselines: fitted before (:func:`fit_kinds`), perhaps on another dataset of the
        same tokenizer; None: the tables of counts, fitted here.
      progress_fn: of :func:`marsjax.train.nats`.

    Returns:
      JSON-ready. ``part``; ``orders`` by tape; ``nats`` of ``model`` and each baseline,
      by tape and under ``mean``, each ``[mean, low, high]``; ``gain``, the same of
      baseline minus model on the same orders (positive where the model is better);
      ``fields``, the model's nats of each field, averaged over tapes.
    """
    baselines = [fit_baselines(dataset)] if baselines is None else baselines
    params, config = checkpoint.params, checkpoint.config
    scores = nats(params, config, dataset, part, progress_fn=progress_fn)
    model = losses(scores)
    report = {
        "part": part,
        "orders": {tape: len(loss_T) for tape, loss_T in model.items()},
        "nats": {"model": intervals(model)},
        "gain": {},
        "fields": np.mean(
            [-s.log_prob_TC.mean(axis=0) for s in scores], axis=0
        ).tolist(),
    }
    for baseline in baselines:
        for name, theirs in baseline.scores(dataset, scores).items():
            loss = losses(theirs)
            gain = {tape: loss[tape] - model[tape] for tape in model}
            report["nats"][name] = intervals(loss)
            report["gain"][name] = intervals(gain)
    return report


def best_baseline(report: dict) -> str | None:
    """The baseline of the fewest nats, averaged over tapes; None: there is none."""
    names = [name for name in report["nats"] if name != "model"]
    return min(names, key=lambda name: report["nats"][name]["mean"][0], default=None)
