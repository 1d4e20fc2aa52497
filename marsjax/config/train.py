"""How the order model is trained."""

from dataclasses import dataclass
from typing import Literal

from marsjax.config.require import require


@dataclass(frozen=True)
class TrainConfig:
    """How the order model is trained.

    Attributes:
      steps: optimiser steps in all; the schedule ends there.
      batch_size: windows a step.
      micro_batch: most windows whose gradient is computed at once; None: all. The
        largest divisor of ``batch_size`` up to it is taken. The result is the same but
        for rounding; 1 is fastest on a CPU, all at once on a GPU.
      seq_len: predicted orders a window.
      learning_rate: the peak.
      final_learning_rate: at the end, as a share of the peak.
      warmup_steps: linear from 0 to the peak.
      schedule: after the warm-up a half ``cosine`` down to the end, or ``wsd``
        (warm-up, stable, decay): the peak until ``decay_share`` of the steps are left,
        then linear.
      decay_share: of ``wsd``, the share of all steps in which the rate falls.
      optimiser: ``adamw``, or ``muon`` for the matrices of the blocks and AdamW for
        all else, both with these rates and this decay.
      weight_decay: on matrices only (not on tables, biases or gains).
      beta2: AdamW's second decay.
      clip_norm: largest global norm of the gradient.
      ema_decay: of a running mean of the weights, evaluated instead; None: off.
      mirror: swap buy and sell in half of the windows.
      seed: of the weights, the windows and the dropout; 0 to 2**32 - 1.
      log_every: steps between lines of ``metrics.jsonl``.
      eval_every: steps between evaluations on the valid part.
      eval_orders: most orders of the valid part each of them scores, in windows spread
        evenly; None: all.
      eval_stride: orders scored by a window that has ``window`` orders of context.
      eval_batch: windows scored at once.
      checkpoint_every: steps between checkpoints.
      patience: evaluations without a better one before training stops; None: never.
      spike: nats an order by which the loss of ten steps on end must exceed its running
        level (and six of its deviations) for the run to be stopped; None: never.
    """

    steps: int = 2_000
    batch_size: int = 16
    micro_batch: int | None = 4
    seq_len: int = 256
    learning_rate: float = 2e-3
    final_learning_rate: float = 0.05
    warmup_steps: int = 100
    schedule: Literal["cosine", "wsd"] = "cosine"
    decay_share: float = 0.2
    optimiser: Literal["adamw", "muon"] = "adamw"
    weight_decay: float = 0.1
    beta2: float = 0.95
    clip_norm: float = 1.0
    ema_decay: float | None = None
    mirror: bool = True
    seed: int = 0
    log_every: int = 10
    eval_every: int = 250
    eval_orders: int | None = None
    eval_stride: int = 256
    eval_batch: int = 8
    checkpoint_every: int = 250
    patience: int | None = None
    spike: float | None = 1.0

    def __post_init__(self):
        positive = (
            "steps batch_size seq_len learning_rate clip_norm log_every eval_every "
            "eval_stride eval_batch checkpoint_every"
        )
        for name in positive.split():
            require(getattr(self, name) > 0, f"{name} must be positive", "raise it")
        require(
            self.micro_batch is None or self.micro_batch > 0,
            "micro_batch must be positive",
            "raise it, or use none",
        )
        require(self.warmup_steps >= 0, "warmup_steps is negative", "use 0 or more")
        require(
            0 <= self.seed < 2**32,
            f"seed {self.seed} is outside [0, 2**32)",
            "use 0 to 4294967295",
        )
        require(
            self.ema_decay is None or 0 < self.ema_decay < 1,
            "ema_decay is outside (0, 1)",
            "use a value such as 0.999, or none",
        )
        require(
            0 < self.decay_share <= 1,
            f"decay_share {self.decay_share} is outside (0, 1]",
            "use a value such as 0.2",
        )
        for name, known in (
            ("schedule", ("cosine", "wsd")),
            ("optimiser", ("adamw", "muon")),
        ):
            value = getattr(self, name)
            require(value in known, f"{name} is {value!r}", f"use {' or '.join(known)}")
        require(
            self.spike is None or self.spike > 0,
            "spike must be positive",
            "raise it, or use none",
        )
