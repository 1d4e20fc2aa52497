"""A run's folder: when training may begin there, go on there, or not touch it.

A run has begun once it has a checkpoint. What a run leaves that was stopped before that
is worth nothing, and the next one begins anew over it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marsjax.config import from_json
from marsjax.errors import InputError
from marsjax.train.checkpoint import find_checkpoint
from marsjax.train.hosts import is_first

KINDS = ("latest", "best")
TEMPORARY = ".dataset-"  # of a dataset that is being written
OURS = ("dataset", "config.json", "metrics.jsonl", "tensorboard", *KINDS)
EVENTS = ("metrics.jsonl", "tensorboard")
MIX = "mix-"  # and a number: datasets that are trained on beside the first


def continues(out: Path, resume: bool) -> bool:
    """Whether a run goes on in ``out``; False: one begins there.

    Raises:
      InputError: there is a run and ``resume`` is not asked, or there is none and it
        is, or the folder holds something else or cannot be read.
    """
    try:
        if find_checkpoint(out, KINDS) is not None:
            if resume:
                return True
            remedy = "continue its run with --resume, or name a new folder"
            raise InputError("is not empty", remedy, file=out)
        if out.exists() and not (out.is_dir() and all(map(_is_ours, out.iterdir()))):
            raise InputError(
                "is not empty and holds no run", "name a new folder", file=out
            )
        if resume and not (out.is_dir() and any(out.iterdir())):
            raise InputError("holds no run", "train without resume first", file=out)
    except OSError as error:
        raise cannot("be read", error, out) from None
    return False


def begin(out: Path, config: str) -> None:
    """Makes the folder with its ``config.json``, free of what an earlier start left.

    A dataset in it stays: the command line has just put it there.

    Raises:
      InputError: it cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in out.iterdir():
            if path.name.startswith(TEMPORARY) or path.name in EVENTS:
                _remove(path)
        (out / "config.json").write_text(config)
    except OSError as error:
        raise cannot("be written", error, out) from None


@contextmanager
def undone_on_error(out: Path) -> Iterator[None]:
    """Takes back what an InputError leaves in ``out`` that came to no checkpoint."""
    had = {p.name for p in out.iterdir()} if out.is_dir() else set()
    missing = [p for p in (out, *out.parents) if not p.exists()]
    begun = find_checkpoint(out, KINDS)
    try:
        yield
    except InputError:
        if is_first() and out.is_dir() and find_checkpoint(out, KINDS) == begun:
            for path in list(out.iterdir()):
                if path.name not in had and _is_ours(path):
                    _remove(path)
            for path in missing:
                if path.is_dir() and not any(path.iterdir()):
                    path.rmdir()
        raise


def cannot(what: str, error: OSError, path: Path) -> InputError:
    """The error of a folder that the system refuses."""
    why = error.strerror or type(error).__name__
    return InputError(f"cannot {what} ({why})", "name another folder", file=path)


def _is_ours(path: Path) -> bool:
    """Whether a run without a checkpoint may have left ``path``."""
    if path.name == "config.json":
        try:
            from_json(path.read_text(), file=path)
        except ValueError:
            return False  # of another program
        return True
    if path.name in KINDS:  # stopped while it wrote its first checkpoint
        return path.is_dir() and all(p.name.startswith(".") for p in path.iterdir())
    return path.name in OURS or path.name.startswith((TEMPORARY, MIX))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
