"""Reads a tokenised dataset without loading it, and draws windows of orders from it.

The batch of a step is a pure function of (seed, step): a run that resumes sees the
windows it would have seen, without any state.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marsjax.errors import InputError

PARTS = ("train", "valid", "test")
REMEDY = "write the dataset again"


class Segment(NamedTuple):
    """Orders ``[start, stop)`` of one part of one tape; windows stay inside."""

    tape: str
    part: str
    start: int
    stop: int


class Mirror(NamedTuple):
    """Buy and sell swapped, as tables: a symmetry of the market's rules."""

    fields: tuple[np.ndarray, ...]  # of each token field: value -> mirrored value
    feature_perm_F: np.ndarray
    feature_sign_F: np.ndarray

    def __call__(
        self, tokens: np.ndarray, features: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mirrored tokens ``[..., 4]`` and features ``[..., F]``."""
        tokens = np.stack([t[tokens[..., f]] for f, t in enumerate(self.fields)], -1)
        features = features[..., self.feature_perm_F] * self.feature_sign_F
        return tokens, features


class Batch(NamedTuple):
    """Windows of L + 1 orders: the first L are given, the last L predicted."""

    tokens: np.ndarray  # uint8 [B, L + 1, 4]
    features: np.ndarray  # int16 [B, L, F], of the orders given


@dataclass(frozen=True)
class Dataset:
    """A dataset folder, memory-mapped.

    ``tokens_T4`` uint8, ``features_TF`` int16, ``info`` what ``dataset.json`` says,
    ``tokenizer`` the text of ``tokenizer.json`` (None where there is none).
    """

    path: Path
    tokens_T4: np.ndarray
    features_TF: np.ndarray
    segments: tuple[Segment, ...]
    field_sizes: tuple[int, int, int, int]
    feature_scale: tuple[float, ...]
    mirror: Mirror | None
    info: dict
    tokenizer: str | None

    def part(self, name: str) -> list[Segment]:
        """The segments of ``train``, ``valid`` or ``test``."""
        return [segment for segment in self.segments if segment.part == name]

    def check(self, tokens: np.ndarray) -> None:
        """Raises InputError where a token lies outside its field.

        The model's tables would otherwise read such a token as no order at all.
        """
        top = tokens.reshape(-1, 4).max(axis=0, initial=0)
        if np.any(top >= self.field_sizes):
            raise InputError(
                f"holds tokens up to {top.tolist()} with sizes {self.field_sizes}",
                REMEDY,
                file=self.path / "tokens.npy",
            )


def read_dataset(path: str | Path) -> Dataset:
    """Opens a dataset folder.

    Raises:
      InputError: a file is missing, cut off or disagrees with ``dataset.json``.
    """
    path = Path(path)
    manifest = path / "dataset.json"
    if not manifest.is_file():
        raise InputError("is not a dataset", "make one from prepared tapes", file=path)
    try:
        info = json.loads(manifest.read_text())
        if info["format"] != 1:
            raise InputError(
                f"has format {info['format']}, not 1", REMEDY, file=manifest
            )
        segments = tuple(
            Segment(str(s["tape"]), str(s["part"]), int(s["start"]), int(s["stop"]))
            for s in info["segments"]
        )
        sizes = tuple(int(size) for size in info.get("field_sizes", (3, 32, 32, 16)))
        num_features = int(info["num_features"])
        scale = info.get("feature_scale") or [1.0] * num_features
        scale = tuple(float(x) for x in scale)
        mirror = _mirror(info["mirror"], sizes) if info.get("mirror") else None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"cannot be read ({type(error).__name__}: {error})", REMEDY, file=manifest
        ) from None
    tokens_T4 = _map(path / "tokens.npy", np.uint8, 4)
    features_TF = _map(path / "features.npy", np.int16, num_features)
    if len(tokens_T4) != len(features_TF):
        raise InputError(
            f"{len(tokens_T4)} tokens but {len(features_TF)} rows of features",
            REMEDY,
            file=path,
        )
    for segment in segments:
        inside = 0 <= segment.start <= segment.stop <= len(tokens_T4)
        if segment.part not in PARTS or not inside:
            raise InputError(f"bad segment {segment}", REMEDY, file=manifest)
    if len(scale) != num_features:
        raise InputError("feature_scale has a wrong length", REMEDY, file=manifest)
    text = path / "tokenizer.json"
    tokenizer = text.read_text() if text.is_file() else None
    return Dataset(
        path, tokens_T4, features_TF, segments, sizes, scale, mirror, info, tokenizer
    )


def _map(path: Path, dtype: type, width: int) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", REMEDY, file=path) from None
    if array.dtype != dtype or array.ndim != 2 or array.shape[1] != width:
        raise InputError(
            f"is {array.dtype} {array.shape}, not {np.dtype(dtype)} [T, {width}]",
            REMEDY,
            file=path,
        )
    return array


def _mirror(info: dict, sizes: tuple[int, ...]) -> Mirror:
    fields = []
    for name, size in zip(("type", "price", "volume", "interval"), sizes, strict=True):
        table = np.arange(size) if info[name] is None else np.asarray(info[name])
        if not np.array_equal(np.sort(table), np.arange(size)):
            raise ValueError(f"mirror.{name} is no permutation of {size}")
        fields.append(table.astype(np.uint8))
    perm = np.asarray(info["feature_perm"], np.intp)
    return Mirror(tuple(fields), perm, np.asarray(info["feature_sign"], np.int16))


@dataclass(frozen=True)
class Sampler:
    """Random windows of the training part, each start equally likely.

    ``starts`` and ``counts`` describe the segments long enough; ``num_short`` counts
    those that are not and are left out.
    """

    dataset: Dataset
    length: int
    batch_size: int
    seed: int
    mirror: Mirror | None
    starts: np.ndarray
    counts: np.ndarray
    num_short: int

    def __call__(self, step: int) -> Batch:
        """The batch of ``step``, whatever was drawn before.

        Raises:
          InputError: the dataset holds a token outside its field.
        """
        rng = np.random.default_rng([self.seed, step])
        ends = np.cumsum(self.counts)
        draw = rng.integers(ends[-1], size=self.batch_size)
        segment = np.searchsorted(ends, draw, side="right")
        begin = self.starts[segment] + draw - (ends - self.counts)[segment]
        row = begin[:, None] + np.arange(self.length + 1)[None, :]
        tokens = self.dataset.tokens_T4[row]
        features = self.dataset.features_TF[row[:, :-1]]
        self.dataset.check(tokens)
        flip = rng.random(self.batch_size) < 0.5
        if self.mirror is not None and flip.any():
            tokens[flip], features[flip] = self.mirror(tokens[flip], features[flip])
        return Batch(tokens, features)


def make_sampler(
    dataset: Dataset, *, length: int, batch_size: int, seed: int, mirror: bool
) -> Sampler:
    """Windows of ``length`` predicted orders from the training part.

    Raises:
      InputError: no training segment has ``length + 1`` orders, or ``mirror`` is asked
        of a dataset that does not say how.
    """
    spans = [(s.start, s.stop - s.start - length) for s in dataset.part("train")]
    spans_long = [(start, count) for start, count in spans if count > 0]
    if not spans_long:
        raise InputError(
            f"no training segment holds a window of {length + 1} orders",
            "lower seq_len or prepare longer tapes",
            file=dataset.path,
        )
    if mirror and dataset.mirror is None:
        raise InputError(
            "dataset.json has no mirror", "train with mirror off", file=dataset.path
        )
    starts, counts = np.array(spans_long).T
    return Sampler(
        dataset,
        length,
        batch_size,
        seed,
        dataset.mirror if mirror else None,
        starts,
        counts,
        len(spans) - len(spans_long),
    )
