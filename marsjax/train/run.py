"""The steps of one run: train, look, evaluate, keep; never past a NaN or a spike."""

import os
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from rich.console import Console

from marsjax.config import Config
from marsjax.errors import InputError
from marsjax.lmm import num_params
from marsjax.train.baselines import fit_baselines
from marsjax.train.checkpoint import find_checkpoint
from marsjax.train.data import Dataset
from marsjax.train.evaluate import can_score, nats
from marsjax.train.flops import train_flops
from marsjax.train.hosts import is_first
from marsjax.train.mesh import place
from marsjax.train.peak import Peak
from marsjax.train.progress import Clock, Metrics, make_progress
from marsjax.train.report import mean_loss
from marsjax.train.sampler import Sampler
from marsjax.train.save import Saver
from marsjax.train.spike import STEPS, LossWatch
from marsjax.train.step import TrainState, make_train_step
from marsjax.train.tensorboard import open_writer


class Run:
    """One call of :func:`marsjax.train.train`: what its parts share."""

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        sampler: Sampler,
        out: Path,
        console: Console | None,
        opened: tuple[TrainState, dict],
        peak: Peak | None = None,
        tensorboard: bool = False,
    ):
        self.config, self.dataset, self.out = config, dataset, out
        self.sampler, self.console, self.peak = sampler, console, peak
        self.state, meta = opened
        self.data = meta["data"]
        self.step = int(self.state.step)
        self.best, self.bad_evals = meta["best"], meta["bad_evals"]
        self.baselines = meta.get("baselines", {})
        self.loss, self.valid = float("nan"), None
        self.speed = 0.0
        self.flops = train_flops(config.model, config.train.seq_len)
        self.watch = LossWatch(config.train.spike, meta.get("recent_losses", ()))
        self.looked_at = self.step
        writes = tensorboard and is_first()
        writer = open_writer(out / "tensorboard", self.step) if writes else None
        lines = out / "metrics.jsonl" if is_first() else Path(os.devnull)
        self.metrics = Metrics(lines, self.step, writer)
        self.saver = Saver(config, dataset)
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
        is_eval = is_save = False
        with self.progress, closing(self.metrics), self.saver:
            bar = self.progress.add_task("", total=options.steps, text="")
            while self.step < stop and not self._exhausted():
                batch = place(self.sampler(self.step), options.batch_size)
                self.state, metrics = step_fn(self.state, batch)
                self.step += 1
                # The step before is looked at while this one runs.
                if waiting is not None:
                    self._look(*waiting)
                waiting = (self.step, metrics)
                last = self.step == stop
                is_log = last or self.step % options.log_every == 0
                is_eval |= (
                    self.step % options.eval_every == 0 or self.step == options.steps
                )
                is_save |= last or self.step % options.checkpoint_every == 0
                if is_log or is_eval or is_save:
                    self._look(*waiting)
                if is_log:
                    self.speed = clock.speed(self.step)
                    self._log(metrics)
                # While the loss is high, what is due waits: no such state is kept.
                if self.watch.is_calm:
                    with clock.pause():
                        if is_eval:
                            self._evaluate()
                        if is_save or self._exhausted():
                            self._save("latest", self.state)
                    is_eval = is_save = False
                self.progress.update(bar, completed=self.step, text=self._text())
        if is_save:
            self._tell_unsaved()
        kept = find_checkpoint(self.out, ("best", "latest"))
        return {
            "step": self.step,
            "parameters": num_params(self.state.params),
            "valid_nats": self.best,
            "baselines": self.baselines,
            "orders": (self.step - first) * clock.orders_per_step,
            "seconds": time.perf_counter() - began,
            "orders_per_s": clock.mean,
            "mfu": self._mfu(clock.mean),
            "flops_per_order": self.flops,
            "peak": None if self.peak is None else self.peak._asdict(),
            "stopped_early": self._exhausted(),
            "checkpoint": None if kept is None else str(kept),
        }

    def _look(self, step: int, metrics: dict) -> None:
        """Stops a run whose loss or gradient is not finite, or whose loss has risen."""
        if step == self.looked_at:
            return
        self.looked_at = step
        loss = float(metrics["loss"])
        if not (np.isfinite(loss) and np.isfinite(metrics["grad_norm"])):
            raise InputError(
                f"the loss is not finite at step {step} ({self._kept()})",
                "lower learning_rate or clip_norm, or raise warmup_steps, and train "
                "again",
                file=self.out,
            )
        spike = self.watch.add(loss)
        if spike is not None:
            raise InputError(
                f"the loss rose to {spike.loss:.3f} nats an order, the mean of the "
                f"{STEPS} steps up to {step}, from a level of {spike.level:.3f} "
                f"({self._kept()})",
                "begin from that checkpoint with a lower learning_rate (--init), or "
                "set spike higher, or to none, where the data are so uneven",
                file=self.out,
            )

    def _kept(self) -> str:
        self.saver.wait()
        kept = find_checkpoint(self.out, ("latest", "best"))
        return f"last good checkpoint: {'none yet' if kept is None else kept}"

    def _tell_unsaved(self) -> None:
        """Of a run that ended while its loss was high."""
        if self.console is not None:
            self.console.print(
                f"the last state is not kept: its loss of {self.watch.high[-1]:.3f} is "
                f"far above its level ({self._kept()})",
                markup=False,
            )

    def _mfu(self, orders_per_s: float) -> float | None:
        """Share of the peak that the model's arithmetic is; None where not known."""
        if self.peak is None or not orders_per_s:
            return None
        return orders_per_s * self.flops / self.peak.flops

    def _log(self, metrics: dict) -> None:
        values = {name: float(value) for name, value in metrics.items()}
        self.loss, mfu = values["loss"], self._mfu(self.speed)
        more = {} if mfu is None else {"mfu": round(mfu, 4)}
        speed = round(self.speed, 1)
        self.metrics.write(step=self.step, **values, orders_per_s=speed, **more)

    def _text(self) -> str:
        valid = "" if self.valid is None else f" · valid {self.valid:.3f}"
        best = min(self.baselines, key=self.baselines.get, default=None)
        beside = "" if best is None else f" ({best} {self.baselines[best]:.3f})"
        mfu = self._mfu(self.speed)
        share = "" if mfu is None else f" · MFU {mfu:.0%}"
        speed = f"{self.speed:,.0f} orders/s"
        return f"loss {self.loss:.3f}{valid}{beside} · {speed}{share}"

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
        if state is not None:
            meta["recent_losses"] = self.watch.past
        params = self.state.eval_params
        self.saver.save(self.out / kind, meta, params, state)
