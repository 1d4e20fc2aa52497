"""The training loop: plain, resumable bit for bit, and never past a NaN."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from marsjax.config import Config, from_json, to_json
from marsjax.errors import InputError
from marsjax.lmm import num_params
from marsjax.train.baselines import fit_baselines
from marsjax.train.checkpoint import find_checkpoint, load_state, save_checkpoint
from marsjax.train.data import Dataset, data_record, read_dataset
from marsjax.train.evaluate import can_score, nats
from marsjax.train.folder import begin, continues, undone_on_error
from marsjax.train.progress import Clock, Metrics, make_progress
from marsjax.train.report import mean_loss
from marsjax.train.sampler import Sampler, make_sampler
from marsjax.train.step import TrainState, init_state, make_train_step


def train(
    config: Config,
    dataset_dir: str | Path,
    out_dir: str | Path,
    *,
    mix: Sequence[tuple[str | Path, float]] = (),
    resume: bool = False,
    stop_at: int | None = None,
    console: Console | None = None,
) -> dict:
    """Trains an order model.

    Args:
      config: model and training; fields, features and their scales are the dataset's.
      dataset_dir: a tokenised dataset.
      mix: more datasets of the same tokenizer, each with the weight of its windows
        beside those of ``dataset_dir``, which have 1; only those are evaluated on.
      out_dir: the run's folder: new, empty, left before its first checkpoint (then the
        run begins anew), or (with ``resume``) an earlier run's.
      resume: continue where the latest checkpoint of ``out_dir`` stands.
      stop_at: end after that step, as an interruption would; None: at the last.
      console: for the progress bar; None: silent.

    Returns:
      JSON-ready summary: ``step``, ``parameters``, ``valid_nats`` (of the best
      checkpoint, averaged over tapes), ``baselines`` (the same of each), ``orders``
      trained on, ``seconds``, ``orders_per_s``, ``stopped_early``, ``checkpoint``.

    Raises:
      InputError: bad dataset or folder, or the loss ceased to be finite. The
        checkpoints of ``out_dir`` are then those of before, and if this call has made
        none, what else it made there is gone.
    """
    dataset, out = read_dataset(dataset_dir), Path(out_dir)
    more = [(read_dataset(path), weight) for path, weight in mix]
    datasets = [(dataset, 1.0), *more]
    shape = dataclasses.replace(
        config.model,
        field_names=dataset.field_names,
        field_sizes=dataset.field_sizes,
        num_features=dataset.features_TF.shape[1],
        feature_scale=dataset.feature_scale,
    )
    config = dataclasses.replace(config, model=shape)
    options = config.train
    sampler = make_sampler(
        datasets,
        length=options.seq_len,
        batch_size=options.batch_size,
        seed=options.seed,
        mirror=options.mirror,
    )
    goes_on = continues(out, resume)
    with undone_on_error(out):
        data = data_record(datasets)
        opened = _resume(config, data, dataset, out) if goes_on else _begin(config, out)
        run = _Run(config, dataset, data, sampler, out, console, opened)
        return run.train(min(stop_at or options.steps, options.steps))


def _begin(config: Config, out: Path) -> tuple[TrainState, dict]:
    """The first state and its bookkeeping; makes the folder."""
    begin(out, to_json(config))
    return init_state(config), {"best": None, "bad_evals": 0}


def _resume(
    config: Config, data: list[dict], dataset: Dataset, out: Path
) -> tuple[TrainState, dict]:
    """The state of the latest checkpoint and its bookkeeping."""
    written, remedy = out / "config.json", "train into a new folder"
    if not written.is_file():
        raise InputError("is missing", f"restore it, or {remedy}", file=written)
    if from_json(written.read_text(), Config, file=written) != config:
        raise InputError(
            "was written with another config",
            f"resume with the same one, or {remedy}",
            file=written,
        )
    latest = find_checkpoint(out, ("latest",))
    if latest is None:  # stopped between its first best one and its first latest one
        return _begin(config, out)
    state, meta = load_state(latest, config)
    if meta["tokenizer_sha256"] != dataset.info.get("tokenizer_sha256"):
        raise InputError(
            "was trained with another tokenizer",
            f"resume with the same dataset, or {remedy}",
            file=latest,
        )
    if meta.get("data") != data:
        raise InputError(
            "was trained on other data, or on the same with other weights",
            f"resume with the same datasets and weights, or {remedy}",
            file=latest,
        )
    return state, meta


class _Run:
    """One call of :func:`train`: what its parts share."""

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        data: list[dict],
        sampler: Sampler,
        out: Path,
        console: Console | None,
        opened: tuple[TrainState, dict],
    ):
        self.config, self.dataset, self.out = config, dataset, out
        self.data, self.sampler = data, sampler
        self.state, meta = opened
        self.step = int(self.state.step)
        self.best, self.bad_evals = meta["best"], meta["bad_evals"]
        self.baselines = meta.get("baselines", {})
        self.loss, self.valid = float("nan"), None
        self.speed = 0.0
        self.metrics = Metrics(out / "metrics.jsonl", self.step)
        self.progress = make_progress(console)
        if sampler.num_short and console is not None:
            console.print(
                f"{sampler.num_short} training segments are shorter than "
                f"{sampler.length + 1} orders and left out"
            )

    def train(self, stop: int) -> dict:
        """Steps until ``stop`` or until patience ends; the summary."""
        options, first, began = self.config.train, self.step, time.perf_counter()
        step_fn, waiting = make_train_step(self.config), None
        clock = Clock(options.batch_size * options.seq_len)
        with self.progress:
            bar = self.progress.add_task("", total=options.steps, text="")
            while self.step < stop and not self._exhausted():
                self.state, metrics = step_fn(self.state, self.sampler(self.step))
                self.step += 1
                # The step before is looked at while this one runs.
                if waiting is not None:
                    self._check(*waiting)
                waiting = (self.step, metrics)
                last = self.step == stop
                is_log = last or self.step % options.log_every == 0
                is_eval = (
                    self.step % options.eval_every == 0 or self.step == options.steps
                )
                is_save = last or self.step % options.checkpoint_every == 0
                if is_log or is_eval or is_save:
                    self._check(*waiting)
                if is_log:
                    self.speed = clock.speed(self.step)
                    self._log(metrics)
                with clock.pause():
                    if is_eval:
                        self._evaluate()
                    if is_save or self._exhausted():
                        self._save("latest", self.state)
                self.progress.update(bar, completed=self.step, text=self._text())
        return {
            "step": self.step,
            "parameters": num_params(self.state.params),
            "valid_nats": self.best,
            "baselines": self.baselines,
            "orders": (self.step - first) * clock.orders_per_step,
            "seconds": time.perf_counter() - began,
            "orders_per_s": self.speed,
            "stopped_early": self._exhausted(),
            "checkpoint": str(find_checkpoint(self.out, ("best", "latest"))),
        }

    def _check(self, step: int, metrics: dict) -> None:
        """Stops a run whose loss or gradient is not finite."""
        if np.isfinite(metrics["loss"]) and np.isfinite(metrics["grad_norm"]):
            return
        kept = find_checkpoint(self.out, ("latest", "best"))
        raise InputError(
            f"the loss is not finite at step {step} (last good checkpoint: "
            f"{'none yet' if kept is None else kept})",
            "lower learning_rate or clip_norm, or raise warmup_steps, and train again",
            file=self.out,
        )

    def _log(self, metrics: dict) -> None:
        values = {name: float(value) for name, value in metrics.items()}
        self.loss = values["loss"]
        self.metrics.write(step=self.step, **values, orders_per_s=round(self.speed, 1))

    def _text(self) -> str:
        valid = "" if self.valid is None else f" · valid {self.valid:.3f}"
        best = min(self.baselines, key=self.baselines.get, default=None)
        beside = "" if best is None else f" ({best} {self.baselines[best]:.3f})"
        return f"loss {self.loss:.3f}{valid}{beside} · {self.speed:,.0f} orders/s"

    def _evaluate(self) -> None:
        """Scores the valid part and keeps the parameters if they are the best."""
        if not can_score(self.dataset, "valid"):
            self._save("best")
            return
        options = self.config.train
        params = self.state.eval_params
        scores = nats(
            params, self.config, self.dataset, "valid", max_orders=options.eval_orders
        )
        if not self.baselines:
            found = fit_baselines(self.dataset).scores(self.dataset, scores)
            self.baselines = {name: mean_loss(found[name]) for name in found}
        self.valid = mean_loss(scores)
        fields = np.mean([-s.log_prob_TC.mean(axis=0) for s in scores], axis=0)
        self.metrics.write(
            step=self.step,
            valid_nats=self.valid,
            **{
                f"valid_{name}": float(x)
                for name, x in zip(self.dataset.field_names, fields, strict=True)
            },
            **{f"valid_{name}": value for name, value in self.baselines.items()},
        )
        if self.best is None or self.valid < self.best:
            self.best, self.bad_evals = self.valid, 0
            self._save("best")
        else:
            self.bad_evals += 1

    def _exhausted(self) -> bool:
        patience = self.config.train.patience
        return patience is not None and self.bad_evals >= patience

    def _save(self, kind: str, state: TrainState | None = None) -> None:
        meta = {
            "step": self.step,
            "data": self.data,
            "valid_nats": self.valid,
            "best": self.best,
            "bad_evals": self.bad_evals,
            "baselines": self.baselines,
        }
        params = self.state.eval_params
        save_checkpoint(self.out / kind, self.config, self.dataset, meta, params, state)
