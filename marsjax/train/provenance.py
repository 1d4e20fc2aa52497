"""What made a checkpoint: the program, its libraries, its machine and its data."""

import hashlib
import json
import os
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax

PACKAGE = Path(__file__).parents[1]
LIBRARIES = ("marsjax", "jax", "flax", "optax", "orbax-checkpoint", "numpy")
TIMEOUT_S = 10


def origin(data: list[dict]) -> dict:
    """For ``checkpoint.json``.

    Args:
      data: of :func:`marsjax.train.data.data_record`.

    Returns:
      JSON-ready: ``git`` (:func:`git_revision`), ``versions`` of the libraries,
      ``devices`` (kind, number and processes) and ``split_sha256``
      (:func:`split_sha256`).
    """
    return {
        "git": git_revision(),
        "versions": {name: _version(name) for name in LIBRARIES},
        "devices": {
            "kind": jax.devices()[0].device_kind,
            "num": jax.device_count(),
            "processes": jax.process_count(),
        },
        "split_sha256": split_sha256(data),
    }


def split_sha256(data: list[dict]) -> str:
    """Hash of which events of which sources a model was trained on, and which not.

    It is the same for datasets of one store however they are tokenised. Of a dataset
    that does not say, its own hash counts.
    """
    record = []
    for dataset in data:
        tapes = {name: tape["entry_sha256"] for name, tape in dataset["tapes"].items()}
        is_known = tapes and None not in tapes.values()
        record.append([dataset["weight"], tapes if is_known else dataset["sha256"]])
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def git_revision(package: Path = PACKAGE) -> dict | None:
    """``revision`` and ``is_changed`` of the checkout that holds the package.

    None where the package is installed, also inside a checkout of something else, or
    where git does not say. It is looked up once: what runs is what was read at first.
    """
    revision = _git(package, "rev-parse", "HEAD")
    is_ours = _git(package, "ls-files", "--error-unmatch", "__init__.py")
    changes = _git(package, "status", "--porcelain", "--", ".")
    if revision is None or is_ours is None or changes is None:
        return None
    return {"revision": revision.strip(), "is_changed": bool(changes.strip())}


def _git(folder: Path, *args: str) -> str | None:
    """What a git command prints; None: it failed."""
    try:
        return subprocess.run(
            ["git", *args],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        ).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


@lru_cache
def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
