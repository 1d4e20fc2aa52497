"""Checkpoints: arrays by Orbax, everything else as JSON beside them; never pickle.

A run's folder holds ``latest/STEP`` (to resume from) and ``best/STEP`` (lowest
validation loss). Each is whole or not there at all, and stands alone: ``params/``,
``state/`` (of ``latest`` only), ``config.json``, ``checkpoint.json``, ``dataset.json``
and, if the dataset has one, ``tokenizer.json``. ``checkpoint.json`` holds the sums of
all other files, so that a damaged or edited checkpoint is refused.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import jax
import orbax.checkpoint as ocp

from marsjax.config import Config, from_json, to_json
from marsjax.errors import InputError
from marsjax.lmm import OrderModel, Params
from marsjax.train.data import Dataset, data_record
from marsjax.train.step import TrainState, init_state

META = "checkpoint.json"


class Checkpoint(NamedTuple):
    """What a rollout needs, and where it came from."""

    params: Params
    config: Config
    meta: dict  # step, valid_nats, tokenizer_sha256, ...
    dataset: dict  # dataset.json of the training data
    tokenizer: str | None  # text of tokenizer.json
    path: Path


def save_checkpoint(
    kind_dir: Path,
    config: Config,
    dataset: Dataset,
    meta: dict[str, Any],
    params: Params,
    state: TrainState | None = None,
) -> Path:
    """Writes ``kind_dir/STEP`` and then removes the older ones there.

    ``meta`` must hold ``step``; it becomes ``checkpoint.json``. Its ``data`` says what
    the model has seen (:func:`marsjax.train.data.data_record`), by default of
    ``dataset`` alone.
    """
    final = kind_dir / f"{meta['step']:08d}"
    partial = kind_dir / f".{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(partial.resolve() / "params", params)
        if state is not None:
            checkpointer.save(partial.resolve() / "state", state)
    (partial / "config.json").write_text(to_json(config))
    (partial / "dataset.json").write_text(json.dumps(dataset.info, indent=1) + "\n")
    if dataset.tokenizer is not None:
        (partial / "tokenizer.json").write_text(dataset.tokenizer)
    sha = dataset.info.get("tokenizer_sha256")
    meta = {"format": 1, "data": data_record([(dataset, 1.0)]), **meta}
    meta |= {"tokenizer_sha256": sha, "files": _sums(partial)}
    (partial / META).write_text(json.dumps(meta, indent=1) + "\n")
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    for old in list(kind_dir.iterdir()):
        if old != final and old.is_dir() and _is_written_here(old.name):
            shutil.rmtree(old)
    return final


def _is_written_here(name: str) -> bool:
    """False for what a file browser, say, leaves beside the checkpoints."""
    return name.isdigit() or (name.startswith(".") and name.endswith(".partial"))


def find_checkpoint(path: Path, kinds: tuple[str, ...]) -> Path | None:
    """The newest checkpoint of the first of ``kinds`` that the run ``path`` has."""
    for kind in kinds:
        steps = [
            p
            for p in (path / kind).glob("[0-9]*")
            if p.name.isdigit() and (p / META).is_file()
        ]
        if steps:
            return max(steps)
    return None


def load_checkpoint(
    path: str | Path, *, tokenizer_sha256: str | None = None
) -> Checkpoint:
    """Parameters and their description, on the default device.

    Args:
      path: a checkpoint, or a run: then its best one, or else its latest.
      tokenizer_sha256: of the tokenizer that will be used with it, to be checked.

    Raises:
      InputError: nothing there, a file missing or damaged, another tokenizer.
    """
    path = Path(path)
    found = (
        path if (path / META).is_file() else find_checkpoint(path, ("best", "latest"))
    )
    if found is None:
        raise InputError(
            "holds no checkpoint", "name a folder that training wrote", file=path
        )
    meta = read_meta(found)
    sha = meta.get("tokenizer_sha256")
    if tokenizer_sha256 is not None and tokenizer_sha256 != sha:
        raise InputError(
            f"was trained with tokenizer {str(sha)[:12]}, not {tokenizer_sha256[:12]}",
            "use the dataset it was trained on, or train on this one",
            file=found,
        )
    config = from_json(
        (found / "config.json").read_text(), Config, found / "config.json"
    )
    shapes = jax.eval_shape(OrderModel(config.model).init, jax.random.key(0))
    params = _restore(found / "params", shapes)
    dataset = json.loads((found / "dataset.json").read_text())
    tokenizer = found / "tokenizer.json"
    tokenizer = tokenizer.read_text() if tokenizer.is_file() else None
    return Checkpoint(params, config, meta, dataset, tokenizer, found)


def load_state(path: Path, config: Config) -> tuple[TrainState, dict]:
    """The whole training state of a ``latest`` checkpoint, and its ``meta``."""
    meta = read_meta(path)
    shapes = jax.eval_shape(lambda: init_state(config))
    return _restore(path / "state", shapes), meta


def read_meta(path: Path) -> dict:
    """``checkpoint.json`` of the checkpoint ``path``, once all its files are sound."""
    remedy = "use another checkpoint, or train again"
    try:
        meta = json.loads((path / META).read_text())
        if meta["format"] != 1:
            raise InputError(
                f"has format {meta['format']}, not 1", remedy, file=path / META
            )
        expected, found = meta["files"], _sums(path)
        wrong = [name for name in expected if found.get(name) != expected[name]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"is damaged ({type(error).__name__})", remedy, file=path / META
        ) from None
    if wrong:
        state = "changed since it was written" if wrong[0] in found else "missing"
        raise InputError(f"is {state}", remedy, file=path / wrong[0])
    return meta


def _sums(path: Path) -> dict[str, str]:
    """SHA-256 of every file below ``path`` but ``checkpoint.json``."""
    files = sorted(p for p in path.rglob("*") if p.is_file() and p != path / META)
    sums = {}
    for file in files:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256")
        sums[file.relative_to(path).as_posix()] = digest.hexdigest()
    return sums


def _restore(path: Path, shapes: Any) -> Any:
    """Arrays of the given shapes, wherever they were saved, on the default device."""
    sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    target = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), shapes
    )
    with ocp.StandardCheckpointer() as checkpointer:
        return checkpointer.restore(path.resolve(), target)
