"""Datasets on disk: tokens and features as plain arrays that training maps.

A folder holds ``tokens.npy`` (uint8 ``[T, 4]``), ``features.npy`` (int16 ``[T, F]``),
``tokenizer.json`` and ``dataset.json``, which names the segments: the orders of one
tape and one part of its split, in time order. 4 + 2 F bytes an order.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from marsjax.data.tape import PARTS, Tape
from marsjax.errors import InputError
from marsjax.tokens.observe import FEATURE_NAMES, NUM_FEATURES
from marsjax.tokens.tape import ObservedTape, book_lots, observe_tape, tape_features
from marsjax.tokens.tokenizer import (
    FIELD_SIZES,
    RawOrders,
    Tokenizer,
    feature_scale,
    fit,
    mirror_json,
)

FILES = ("tokens.npy", "features.npy", "tokenizer.json", "dataset.json")


def part_bounds(tape: Tape, observed: ObservedTape) -> dict[str, tuple[int, int]]:
    """Half-open ranges of orders by part, from the tape's split of message rows."""
    if tape.split is None:
        raise ValueError(f"{tape.name} has no split: read it from a store")
    return {
        part: tuple(int(x) for x in np.searchsorted(observed.row, tape.split[part]))
        for part in PARTS
    }


def fit_tokenizer(tapes: list[Tape], observed: list[ObservedTape]) -> Tokenizer:
    """Bins from the training part of every tape together, and from nothing else."""
    raws, resting = [], []
    for tape, seen in zip(tapes, observed, strict=True):
        start, stop = part_bounds(tape, seen)["train"]
        raws.append([x[start:stop] for x in seen.raw])
        resting.append(book_lots(seen, tape.lot_size)[start:stop].ravel())
    raw = RawOrders(*(np.concatenate(xs) for xs in zip(*raws, strict=True)))
    if len(raw.type) < 2:
        raise InputError(
            "the training part of the store holds no orders",
            "prepare tapes with more orders in continuous trading",
        )
    return fit(raw, np.concatenate(resting))


def write_dataset(
    tapes: list[Tape],
    directory: str | Path,
    *,
    tokenizer: Tokenizer | None = None,
    progress_fn: Callable[[str, int, int], None] | None = None,
) -> dict:
    """Tokenise tapes into a dataset folder, written whole or not at all.

    Args:
      tapes: tapes read from a store, with their splits.
      directory: folder to make or replace; anything else that is there is an error.
      tokenizer: fitted before; by default fitted on these tapes' training parts.
      progress_fn: called with a tape's name, its messages read and their number.

    Returns:
      What ``dataset.json`` says.

    Raises:
      InputError: the folder holds something else or cannot be made, or the training
        part holds no orders.
    """
    directory = Path(directory)
    temporary = _make_temporary(directory)
    try:
        info = _fill(temporary, tapes, tokenizer, progress_fn)
        temporary.chmod(0o755)
        if directory.is_dir():
            shutil.rmtree(directory)
        temporary.rename(directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return info


def _make_temporary(directory: Path) -> Path:
    """A folder beside ``directory``, made first: no one waits for tokens in vain."""
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
        return Path(tempfile.mkdtemp(dir=directory.parent, prefix=".dataset-"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(
            f"cannot be made ({why})", "name another folder", file=directory
        ) from None


def _fill(
    folder: Path, tapes: list[Tape], tokenizer: Tokenizer | None, progress_fn
) -> dict:
    """Writes the files of a dataset; what ``dataset.json`` says."""
    observed = [_observe(tape, progress_fn) for tape in tapes]
    if tokenizer is None:
        tokenizer = fit_tokenizer(tapes, observed)
    tokens, columns, segments, position, left_out = [], [], [], 0, {}
    for tape, seen in zip(tapes, observed, strict=True):
        tokens.append(tokenizer.encode(seen.raw))
        columns.append(tape_features(seen, tokenizer, tape.lot_size))
        for part, (start, stop) in part_bounds(tape, seen).items():
            span = {"start": position + start, "stop": position + stop}
            segments.append({"tape": tape.name, "part": part, **span})
        position += len(seen.row)
        left_out[tape.name] = seen.left_out
    info = {
        "format": 1,
        "segments": segments,
        "num_orders": position,
        "num_features": NUM_FEATURES,
        "field_sizes": list(FIELD_SIZES),
        "feature_names": list(FEATURE_NAMES),
        "feature_scale": feature_scale(),
        "mirror": mirror_json(),
        "tokenizer_sha256": tokenizer.sha256,
        "left_out": left_out,
        "sources": {tape.name: list(tape.files) for tape in tapes},
    }
    np.save(folder / "tokens.npy", np.concatenate(tokens), allow_pickle=False)
    np.save(folder / "features.npy", np.concatenate(columns), allow_pickle=False)
    (folder / "tokenizer.json").write_text(tokenizer.to_json())
    (folder / "dataset.json").write_text(json.dumps(info, indent=1) + "\n")
    return info


def _observe(tape: Tape, progress_fn) -> ObservedTape:
    total = len(tape.messages)
    report = (
        None
        if progress_fn is None
        else (lambda done: progress_fn(tape.name, done, total))
    )
    return observe_tape(tape, report)
