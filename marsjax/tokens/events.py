"""Datasets on disk: tokens and features as plain arrays that training maps.

A folder holds ``tokens.npy`` (uint8 or uint16 ``[T, C]``), ``features.npy`` (int16
``[T, F]``), ``tokenizer.json`` and ``dataset.json``, which names the segments: the
events of one tape and one part of its split, in time order. With small fields an event
takes C + 2 F bytes. Tapes are written one after the other, so that only one is in
memory.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marsjax.data.tape import PARTS
from marsjax.errors import InputError
from marsjax.tokens.npy import RowWriter
from marsjax.tokens.tokenizer import Tokenizer

FORMAT = 2
FILES = ("tokens.npy", "features.npy", "tokenizer.json", "dataset.json")
_INT16 = np.iinfo(np.int16)


class EventTape(NamedTuple):
    """The events of one source in time order, as a dataset takes them.

    Attributes:
      name: of the tape.
      tokens_TC: of `Tokenizer.encode`.
      features_TF: integers, the features after each event.
      parts: half-open ranges of events by part: ``train``, ``valid`` and ``test``.
      about: JSON that ``dataset.json`` keeps of the tape.
      left_out: what of the source is no event, by reason.
    """

    name: str
    tokens_TC: np.ndarray
    features_TF: np.ndarray
    parts: dict[str, tuple[int, int]]
    about: dict | None = None
    left_out: dict[str, int] | None = None


def write_events(
    tapes: Iterable[EventTape], directory: str | Path, tokenizer: Tokenizer
) -> dict:
    """Writes a dataset folder, whole or not at all.

    Args:
      tapes: read once, one at a time.
      directory: folder to make or replace; anything else that is there is an error.
      tokenizer: the one that made the tokens.

    Returns:
      What ``dataset.json`` says.

    Raises:
      InputError: the folder holds something else or cannot be made, two tapes share a
        name, or a feature does not fit 16 bits.
    """
    with new_folder(directory) as folder:
        return fill_folder(folder, tapes, tokenizer)


@contextmanager
def new_folder(directory: str | Path) -> Iterator[Path]:
    """A hidden folder that takes the place of ``directory`` when the block ends well.

    It is made first, so that no one waits for tokens in vain.

    Raises:
      InputError: ``directory`` holds something else or cannot be made.
    """
    directory = Path(directory)
    try:
        if directory.is_dir():
            strange = {p.name for p in directory.iterdir()} - set(FILES)
        else:
            strange = directory.exists()
        if strange:
            raise InputError(
                "exists and is not a dataset", "name a new folder", file=directory
            )
        directory.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".dataset-"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(
            f"cannot be made ({why})", "name another folder", file=directory
        ) from None
    try:
        yield temporary
        temporary.chmod(0o755)
        if directory.is_dir():
            shutil.rmtree(directory)
        temporary.rename(directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def fill_folder(
    folder: Path, tapes: Iterable[EventTape], tokenizer: Tokenizer, **more
) -> dict:
    """Writes the files; what ``dataset.json`` says, with ``more`` in it."""
    schema = tokenizer.schema
    num_fields, num_features = len(schema.fields), len(schema.features)
    segments, about, left_out = [], {}, {}
    with (
        RowWriter(folder / "tokens.npy", tokenizer.dtype, num_fields) as tokens,
        RowWriter(folder / "features.npy", np.int16, num_features) as features,
    ):
        for tape in tapes:
            if tape.name in about:
                raise InputError(f"two tapes are named {tape.name}", "rename one")
            segments += _segments(tape, tokens.rows)
            about[tape.name] = tape.about or {}
            left_out[tape.name] = tape.left_out or {}
            tokens.append(tape.tokens_TC)
            features.append(_small(tape))
    info = {
        "format": FORMAT,
        "schema": schema.name,
        "segments": segments,
        "num_orders": tokens.rows,
        "bytes_per_order": num_fields * tokens.dtype.itemsize + 2 * num_features,
        "num_features": num_features,
        "field_names": list(schema.field_names),
        "field_sizes": list(schema.field_sizes),
        "feature_names": list(schema.feature_names),
        "feature_scale": list(schema.feature_scale),
        "mirror": schema.mirror,
        "tokenizer_sha256": tokenizer.sha256,
        "left_out": left_out,
        "tapes": about,
        **more,
    }
    (folder / "tokenizer.json").write_text(tokenizer.to_json())
    (folder / "dataset.json").write_text(json.dumps(info, indent=1) + "\n")
    return info


def _segments(tape: EventTape, position: int) -> list[dict]:
    """The parts of a tape whose first event is the dataset's ``position``."""
    count = len(tape.tokens_TC)
    if count != len(tape.features_TF):
        rows = f"{count} tokens and {len(tape.features_TF)} rows of features"
        raise ValueError(f"{tape.name} has {rows}")
    segments = []
    for part, (start, stop) in tape.parts.items():
        if part not in PARTS or not 0 <= start <= stop <= count:
            raise ValueError(f"{tape.name}: bad part {part} {(start, stop)}")
        span = {"start": position + start, "stop": position + stop}
        segments.append({"tape": tape.name, "part": part, **span})
    return segments


def _small(tape: EventTape) -> np.ndarray:
    """The features of a tape as int16."""
    features_TF = np.asarray(tape.features_TF)
    if not np.issubdtype(features_TF.dtype, np.integer):
        raise ValueError(f"{tape.name}: features are {features_TF.dtype}, not integers")
    low, high = features_TF.min(initial=0), features_TF.max(initial=0)
    if low < _INT16.min or high > _INT16.max:
        raise InputError(
            f"features of {tape.name} from {low} to {high} do not fit 16 bits",
            "count them in larger units, or bound them",
        )
    return features_TF.astype(np.int16)
