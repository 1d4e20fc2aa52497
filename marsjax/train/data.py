"""Reads a tokenised dataset without loading it.

Dimension key beside the shared one: C fields of a token.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marsjax.errors import InputError
from marsjax.tokens.events import FORMAT
from marsjax.tokens.inputs import scale_of_inputs
from marsjax.tokens.provenance import training_span
from marsjax.tokens.schema import check_field_names

PARTS = ("train", "valid", "test")
REMEDY = "write the dataset again"


class Segment(NamedTuple):
    """Orders ``[start, stop)`` of one part of one tape; windows stay inside."""

    tape: str
    part: str
    start: int
    stop: int


class Mirror(NamedTuple):
    """A symmetry of the domain as tables: of a market, buy and sell swapped."""

    fields: tuple[np.ndarray, ...]  # of each token field: value -> mirrored value
    feature_perm_F: np.ndarray
    feature_sign_F: np.ndarray

    def __call__(
        self, tokens: np.ndarray, features: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mirrored tokens ``[..., C]`` and features ``[..., F]``."""
        tokens = np.stack([t[tokens[..., f]] for f, t in enumerate(self.fields)], -1)
        features = features[..., self.feature_perm_F] * self.feature_sign_F
        return tokens, features


@dataclass(frozen=True)
class Dataset:
    """A dataset folder, memory-mapped.

    ``tokens_TC`` uint8 or uint16, ``features_TF`` int16, ``info`` what ``dataset.json``
    says and ``sha256`` the hash of that file, ``tokenizer`` the text of
    ``tokenizer.json`` (None where there is none).
    """

    path: Path
    tokens_TC: np.ndarray
    features_TF: np.ndarray
    segments: tuple[Segment, ...]
    field_names: tuple[str, ...]
    field_sizes: tuple[int, ...]
    feature_scale: tuple[float, ...]
    mirror: Mirror | None
    info: dict
    sha256: str
    tokenizer: str | None

    def part(self, name: str) -> list[Segment]:
        """The segments of ``train``, ``valid`` or ``test``."""
        return [segment for segment in self.segments if segment.part == name]

    def scale_of(self, inputs: Sequence[str] | None) -> tuple[float, ...]:
        """The scale of each feature, 0 for those that ``inputs`` of a ``ModelConfig``
        leave out; InputError where it names what is not there."""
        numbers = range(len(self.feature_scale))
        names = self.info.get("feature_names") or [f"feature_{i}" for i in numbers]
        return scale_of_inputs(inputs, self.field_names, names, self.feature_scale)

    def check(self, tokens: np.ndarray) -> None:
        """Raises InputError where a token lies outside its field.

        The model's tables would otherwise read such a token as no order at all.
        """
        top = tokens.reshape(-1, len(self.field_sizes)).max(axis=0, initial=0)
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
        text = manifest.read_text()
        info = json.loads(text)
        if info["format"] != FORMAT:
            raise InputError(
                f"has format {info['format']}, not {FORMAT}", REMEDY, file=manifest
            )
        segments = tuple(
            Segment(str(s["tape"]), str(s["part"]), int(s["start"]), int(s["stop"]))
            for s in info["segments"]
        )
        names = tuple(str(name) for name in info["field_names"])
        sizes = tuple(int(size) for size in info["field_sizes"])
        check_field_names(names)
        if len(names) != len(sizes):
            raise ValueError(f"{len(names)} names of {len(sizes)} fields")
        num_features = int(info["num_features"])
        scale = info.get("feature_scale") or [1.0] * num_features
        scale = tuple(float(x) for x in scale)
        mirror = info.get("mirror") and _mirror(info["mirror"], sizes, num_features)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"cannot be read ({type(error).__name__}: {error})", REMEDY, file=manifest
        ) from None
    tokens_TC = _map(path / "tokens.npy", (np.uint8, np.uint16), len(sizes))
    features_TF = _map(path / "features.npy", (np.int16,), num_features)
    if len(tokens_TC) != len(features_TF):
        raise InputError(
            f"{len(tokens_TC)} tokens but {len(features_TF)} rows of features",
            REMEDY,
            file=path,
        )
    for segment in segments:
        inside = 0 <= segment.start <= segment.stop <= len(tokens_TC)
        if segment.part not in PARTS or not inside:
            raise InputError(f"bad segment {segment}", REMEDY, file=manifest)
    if len(scale) != num_features:
        raise InputError("feature_scale has a wrong length", REMEDY, file=manifest)
    file = path / "tokenizer.json"
    return Dataset(
        path=path,
        tokens_TC=tokens_TC,
        features_TF=features_TF,
        segments=segments,
        field_names=names,
        field_sizes=sizes,
        feature_scale=scale,
        mirror=mirror,
        info=info,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        tokenizer=file.read_text() if file.is_file() else None,
    )


def _map(path: Path, dtypes: tuple[type, ...], width: int) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", REMEDY, file=path) from None
    if array.dtype not in dtypes or array.ndim != 2 or array.shape[1] != width:
        expected = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise InputError(
            f"is {array.dtype} {array.shape}, not {expected} [T, {width}]",
            REMEDY,
            file=path,
        )
    return array


def _mirror(info: dict, sizes: tuple[int, ...], num_features: int) -> Mirror:
    fields = []
    for size, given in zip(sizes, info["fields"], strict=True):
        table = np.arange(size) if given is None else np.asarray(given)
        _check_permutation(table, size)
        fields.append(table.astype(np.uint8 if max(sizes) <= 2**8 else np.uint16))
    perm = np.asarray(info["feature_perm"], np.intp)
    sign = np.asarray(info["feature_sign"], np.int16)
    _check_permutation(perm, num_features)
    if sign.shape != perm.shape or not np.isin(sign, (1, -1)).all():
        raise ValueError("mirror.feature_sign is not 1 or -1 a feature")
    return Mirror(tuple(fields), perm, sign)


def _check_permutation(table: np.ndarray, size: int) -> None:
    if not np.array_equal(np.sort(table), np.arange(size)):
        raise ValueError(f"mirror: {table.tolist()} is no permutation of {size}")


def data_record(datasets: Sequence[tuple[Dataset, float]]) -> list[dict]:
    """What a model is trained on, for its checkpoints.

    Args:
      datasets: with their weights; the first one is evaluated on too.

    Returns:
      JSON-ready, one of each: ``weight``, ``sha256`` (of ``dataset.json``) and
      ``tapes`` (:func:`marsjax.tokens.provenance.training_span`).
    """
    return [
        {
            "weight": float(weight),
            "sha256": dataset.sha256,
            "tapes": training_span(dataset.info),
        }
        for dataset, weight in datasets
    ]
