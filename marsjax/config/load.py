"""Config files: Python modules that hold a ``config``."""

import importlib.util
import traceback
from pathlib import Path

from marsjax.config.experiment import Config
from marsjax.errors import InputError


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
