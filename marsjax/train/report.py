"""The model beside the baselines on the same orders, with intervals."""

import numpy as np
from rich.table import Table

from marsjax.train.baselines import NAMES, Baselines, fit_baselines
from marsjax.train.bootstrap import intervals
from marsjax.train.checkpoint import Checkpoint
from marsjax.train.data import Dataset
from marsjax.train.evaluate import Scores, nats


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
    baselines: Baselines | None = None,
    progress_fn=None,
) -> dict:
    """Scores a model and the baselines on every order of a part.

    Args:
      checkpoint: of :func:`marsjax.train.load_checkpoint`.
      dataset: tokenised by the same tokenizer.
      part: ``train``, ``valid`` or ``test``.
      baselines: fitted before; None: fitted here.
      progress_fn: of :func:`marsjax.train.nats`.

    Returns:
      JSON-ready. ``part``; ``orders`` by tape; ``nats`` of ``model`` and each baseline,
      by tape and under ``mean``, each ``[mean, low, high]``; ``gain``, the same of
      baseline minus model on the same orders (positive where the model is better);
      ``fields``, the model's nats of each field, averaged over tapes.
    """
    baselines = fit_baselines(dataset) if baselines is None else baselines
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
    for name, theirs in baselines.scores(dataset, scores).items():
        loss = losses(theirs)
        gain = {tape: loss[tape] - model[tape] for tape in model}
        report["nats"][name] = intervals(loss)
        report["gain"][name] = intervals(gain)
    return report


def evaluation_table(report: dict) -> Table:
    """A rich table of :func:`evaluate`'s report: a row a tape, and their average."""
    table = Table(
        title=f"nats an order, {report['part']} part "
        "[95 % interval over blocks of time]"
    )
    table.add_column("tape")
    table.add_column("orders", justify="right")
    for name in ("model", *NAMES):
        table.add_column(name.replace("_", " "), justify="right")
    table.add_column("gain on the best", justify="right")
    best = min(NAMES, key=lambda name: report["nats"][name]["mean"][0])
    orders = report["orders"]
    for tape in (*orders, "mean"):
        cells = [f"{report['nats'][name][tape][0]:.3f}" for name in ("model", *NAMES)]
        mean, low, high = report["gain"][best][tape]
        gain = f"{mean:.3f} [{low:.3f}, {high:.3f}]".replace("[", r"\[")
        count = f"{orders.get(tape, sum(orders.values())):,}"
        table.add_row(tape, count, *cells, gain)
    return table
