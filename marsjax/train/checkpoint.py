"""Checkpoints: arrays by Orbax, everything else as JSON beside them; never pickle.

A run's folder holds ``latest/STEP`` (to resume from) and ``best/STEP`` (lowest
validation loss). Each is whole or not there at all, and stands alone: ``params/``,
``state/`` (of ``latest`` only), ``config.json``, ``checkpoint.json``, ``dataset.json``
and, if the dataset has one, ``tokenizer.json``. ``checkpoint.json`` holds the sums of
all files, its own text included, so that a damaged or edited checkpoint is refused. To
read one writes nothing and needs no other file. `marsjax.train.save` writes them.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import orbax.checkpoint as ocp
from jax.sharding import Mesh

from marsjax.config import Config, from_json
from marsjax.errors import InputError
from marsjax.lmm import OrderModel, Params
from marsjax.train.hosts import alone
from marsjax.train.mesh import shardings
from marsjax.train.step import TrainState, init_state

META = "checkpoint.json"
FORMAT = 2
OLD = 1  # without a sum of its own and what `marsjax.train.provenance` tells
REMEDY = "use another checkpoint, or train again"


class Checkpoint(NamedTuple):
    """What a rollout needs, and where it came from."""

    params: Params
    config: Config
    meta: dict  # step, valid_nats, tokenizer_sha256, ...
    dataset: dict  # dataset.json of the training data
    tokenizer: str | None  # text of tokenizer.json
    path: Path


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
      InputError: nothing there, a file missing or damaged, arrays that are not those of
        its config, another tokenizer.
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
    config = from_json(_text(found / "config.json"), Config, found / "config.json")
    shapes = jax.eval_shape(OrderModel(config.model).init, jax.random.key(0))
    params = _restore(found / "params", shapes, None)
    try:
        dataset = json.loads(_text(found / "dataset.json"))
    except ValueError as error:
        raise damaged(error, found / "dataset.json") from None
    tokenizer = found / "tokenizer.json"
    tokenizer = _text(tokenizer) if tokenizer.is_file() else None
    return Checkpoint(params, config, meta, dataset, tokenizer, found)


def load_state(
    path: Path, config: Config, mesh: Mesh | None = None
) -> tuple[TrainState, dict]:
    """The whole training state of a ``latest`` checkpoint, and its ``meta``.

    It lies as ``mesh`` splits it, whatever the mesh it was written from.
    """
    meta = read_meta(path)
    shapes = jax.eval_shape(lambda: init_state(config))
    return _restore(path / "state", shapes, mesh), meta


def read_meta(path: Path) -> dict:
    """``checkpoint.json`` of the checkpoint ``path``, once all its files are sound."""
    try:
        meta = json.loads((path / META).read_text())
        if meta["format"] not in (OLD, FORMAT):
            raise InputError(
                f"has format {meta['format']}, not {FORMAT}", REMEDY, file=path / META
            )
        if meta["format"] != OLD or "sha256" in meta:
            own = meta.pop("sha256")
            if own != meta_sha256(meta):
                raise ValueError("changed since it was written")
        expected, found = meta["files"], file_sums(path)
        wrong = [name for name in expected if found.get(name) != expected[name]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise damaged(error, path / META) from None
    if wrong:
        state = "changed since it was written" if wrong[0] in found else "missing"
        raise InputError(f"is {state}", REMEDY, file=path / wrong[0])
    return meta


def meta_sha256(meta: dict) -> str:
    """Hash of what ``checkpoint.json`` says, without the hash itself."""
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def file_sums(path: Path) -> dict[str, str]:
    """SHA-256 of every file below ``path`` but ``checkpoint.json``."""
    files = sorted(p for p in path.rglob("*") if p.is_file() and p != path / META)
    sums = {}
    for file in files:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256")
        sums[file.relative_to(path).as_posix()] = digest.hexdigest()
    return sums


def damaged(error: Exception, file: Path) -> InputError:
    """The error of a file that cannot be what was written."""
    return InputError(f"is damaged ({type(error).__name__})", REMEDY, file=file)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, ValueError) as error:
        raise damaged(error, file) from None


def _restore(path: Path, shapes: Any, mesh: Mesh | None) -> Any:
    """Arrays of the given shapes, wherever they were saved, as ``mesh`` splits them."""
    target = jax.tree.map(
        lambda x, where: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where),
        shapes,
        shardings(shapes, mesh),
    )
    try:
        with ocp.StandardCheckpointer(multiprocessing_options=alone()) as checkpointer:
            # Before any array is read: Orbax leaves reads behind that fail half-way.
            _check_shapes(checkpointer.metadata(path.resolve()), shapes)
            return checkpointer.restore(path.resolve(), target)
    except (OSError, ValueError, KeyError, TypeError) as error:
        # Its sums are right: it was put together of parts that do not fit.
        why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise InputError(
            f"does not hold the arrays that config.json asks for ({why[:200]})",
            "restore the checkpoint as training wrote it",
            file=path,
        ) from None


def _check_shapes(metadata: Any, shapes: Any) -> None:
    """Raises ValueError where what was saved is not of the given shapes."""
    saved = _shapes(metadata.item_metadata.tree)
    for name, shape in _shapes(shapes).items():
        if saved.get(name, shape) != shape:
            raise ValueError(f"{name} is {saved[name]}, not {shape}")


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    """Shape of each array by its path, however the containers are called."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): tuple(x.shape)
        for path, x in leaves
    }
