"""Frozen dataclasses for every experiment, and their JSON.

A config file is a Python module ``configs/X.py`` that holds ``config``: a
:class:`Config`, or a function that returns one.
"""

import dataclasses
import importlib.util
import json
import traceback
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from tyro.conf import Suppress

from marsjax.errors import InputError

T = TypeVar("T")


def _require(holds: bool, what: str, remedy: str) -> None:
    if not holds:
        raise InputError(f"config: {what}", remedy)


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the order model.

    Attributes:
      field_sizes, field_names: of each field of a token, in the order in which they
        are drawn. Training takes these and the next two from the dataset.
      num_features: book and clock features after each order.
      feature_scale: what each integer feature is multiplied by; None: 1.
      d_model: width.
      num_layers: decoder blocks.
      num_heads: attention heads.
      num_kv_heads: heads of keys and values; None: ``num_heads``. Fewer make the
        cache of a rollout smaller and faster.
      d_ff: width of the SwiGLU layer; None: 8/3 of the width, rounded up to 32.
      window: how many orders back attention sees, the present one included.
      head: ``factorised`` (field by field) or ``joint`` (one softmax, as in MarS).
      rope_base: the slowest rotary frequency is about ``1 / rope_base``.
      dropout: rate on the input of the blocks and on every branch, training only.
      dtype: what the layers compute in; parameters and likelihoods stay float32.
    """

    # What the dataset decides is no option of the command line.
    field_sizes: Suppress[tuple[int, ...]] = (3, 32, 32, 16)
    field_names: Suppress[tuple[str, ...]] = ("type", "price", "volume", "interval")
    num_features: Suppress[int] = 16
    feature_scale: Suppress[tuple[float, ...] | None] = None
    d_model: int = 128
    num_layers: int = 4
    num_heads: int = 4
    num_kv_heads: int | None = None
    d_ff: int | None = None
    window: int = 256
    head: Literal["factorised", "joint"] = "factorised"
    rope_base: float = 10_000.0
    dropout: float = 0.0
    dtype: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self):
        for name in ("num_features", "d_model", "num_layers", "num_heads", "window"):
            _require(getattr(self, name) > 0, f"{name} must be positive", "raise it")
        _require(
            0 < len(self.field_sizes) == len(self.field_names)
            and min(self.field_sizes) > 0,
            f"field_sizes is {self.field_sizes}, field_names {self.field_names}",
            "give each field a name and a positive size",
        )
        _require(
            self.d_model % (2 * self.num_heads) == 0,
            f"d_model {self.d_model} does not split into {self.num_heads} heads of "
            "even width",
            "make d_model a multiple of 2 * num_heads",
        )
        _require(
            self.kv_heads > 0 and self.num_heads % self.kv_heads == 0,
            f"{self.num_heads} heads cannot share {self.kv_heads} key-value heads",
            "make num_heads a multiple of num_kv_heads",
        )
        _require(
            self.feature_scale is None or len(self.feature_scale) == self.num_features,
            "feature_scale has another length than num_features",
            "give one number a feature",
        )
        _require(0 <= self.dropout < 1, "dropout is outside [0, 1)", "lower it")
        _require(
            self.head in ("factorised", "joint"),
            f"head is {self.head!r}",
            "use factorised or joint",
        )

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.num_heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.num_heads if self.num_kv_heads is None else self.num_kv_heads

    @property
    def ff_dim(self) -> int:
        """Width of the SwiGLU layer."""
        if self.d_ff is not None:
            return self.d_ff
        return -(-8 * self.d_model // (3 * 32)) * 32


@dataclass(frozen=True)
class TrainConfig:
    """How the order model is trained.

    Attributes:
      steps: optimiser steps in all; the cosine schedule ends there.
      batch_size: windows a step.
      micro_batch: most windows whose gradient is computed at once; None: all. The
        largest divisor of ``batch_size`` up to it is taken. The result is the same; a
        few are faster on a CPU, all are faster on a GPU.
      seq_len: predicted orders a window.
      learning_rate: the peak.
      final_learning_rate: at the end, as a share of the peak.
      warmup_steps: linear from 0 to the peak.
      weight_decay: AdamW's, on matrices only (not on tables, biases or gains).
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
    """

    steps: int = 2_000
    batch_size: int = 16
    micro_batch: int | None = 4
    seq_len: int = 256
    learning_rate: float = 2e-3
    final_learning_rate: float = 0.05
    warmup_steps: int = 100
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

    def __post_init__(self):
        positive = (
            "steps batch_size seq_len learning_rate clip_norm log_every eval_every "
            "eval_stride eval_batch checkpoint_every"
        )
        for name in positive.split():
            _require(getattr(self, name) > 0, f"{name} must be positive", "raise it")
        _require(
            self.micro_batch is None or self.micro_batch > 0,
            "micro_batch must be positive",
            "raise it, or use none",
        )
        _require(self.warmup_steps >= 0, "warmup_steps is negative", "use 0 or more")
        _require(
            0 <= self.seed < 2**32,
            f"seed {self.seed} is outside [0, 2**32)",
            "use 0 to 4294967295",
        )
        _require(
            self.ema_decay is None or 0 < self.ema_decay < 1,
            "ema_decay is outside (0, 1)",
            "use a value such as 0.999, or none",
        )


@dataclass(frozen=True)
class Config:
    """A model and how it is trained."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


def to_json(config: Any) -> str:
    """A config dataclass as indented JSON."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str, cls: type[T] = Config, file: str | Path | None = None) -> T:
    """Inverse of :func:`to_json`.

    Args:
      text: the JSON.
      cls: which dataclass it holds.
      file: where it came from, for the error.

    Raises:
      InputError: not JSON, an unknown field, or a value of the wrong type.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON ({error})", "write it again", file=file) from None
    return _parse(data, cls, "config", file)


def _parse(data: Any, kind: Any, name: str, file: str | Path | None) -> Any:
    """``data`` as a value of the annotated type ``kind``, or an error that names it."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        if isinstance(data, dict):
            for key in data:
                if key not in hints:
                    known = ", ".join(hints)
                    raise InputError(
                        f"unknown field {name}.{key}", f"known: {known}", file=file
                    )
            return kind(
                **{k: _parse(v, hints[k], f"{name}.{k}", file) for k, v in data.items()}
            )
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in args:
            return None
        return _parse(data, next(a for a in args if a is not type(None)), name, file)
    if origin is Literal and data in args:
        return data
    if origin is tuple and isinstance(data, list | tuple):
        kinds = [args[0]] * len(data) if args[-1] is Ellipsis else args
        if len(kinds) == len(data):
            return tuple(
                _parse(v, k, name, file) for v, k in zip(data, kinds, strict=True)
            )
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if kind in (int, bool, str) and type(data) is kind:
        return data
    raise InputError(
        f"{name} is {data!r}", f"give a value of type {kind}", file=file
    ) from None


def load_config(path: str | Path) -> Config:
    """The ``config`` of the Python file ``path``.

    Raises:
      InputError: no such file, it fails (file and line are named), or it holds no
        :class:`Config` named ``config``.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such config file", "give a configs/*.py", file=path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError("not a Python file", "give a configs/*.py", file=path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        config = getattr(module, "config", None)
        config = config() if callable(config) else config
    except Exception as error:
        # A config is a program: whatever it raises is the user's to correct.
        name = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        told = error.msg if isinstance(error, SyntaxError) else error
        line = _line_of(error, path)
        raise InputError(
            f"{name}{told}", "correct the config file", file=path, line=line
        ) from None
    if not isinstance(config, Config):
        raise InputError(
            "holds no Config named config", "see the files in configs/", file=path
        )
    return config


def _line_of(error: Exception, path: Path) -> int | None:
    """The line of ``path`` at which ``error`` came up."""
    here = path.resolve()
    if isinstance(error, SyntaxError) and Path(error.filename or "").resolve() == here:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if Path(f.filename).resolve() == here]
    return lines[-1] if lines else None
