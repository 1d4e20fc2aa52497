"""Config files: Python modules that hold a ``config``, or several ``configs``."""

import importlib.util
import traceback
from pathlib import Path
from types import ModuleType

from marsjax.config.experiment import Config
from marsjax.errors import InputError


def load_config(path: str | Path) -> Config:
    """The ``config`` of a Python file, or one of its ``configs``.

    Args:
      path: ``FILE.py``, or ``FILE.py:NAME`` for ``configs[NAME]``. Either may be a
        function that returns it.

    Raises:
      InputError: no such file, it fails (file and line are named), or it does not hold
        what is asked of it; of several configs all names are told.
    """
    file, _, name = str(path).rpartition(":")
    if not file.endswith(".py"):
        file, name = str(path), ""
    module = _module(Path(file))
    if name or not hasattr(module, "config"):
        return _named(module, name, Path(file))
    config = _made(module, "config", Path(file))
    if not isinstance(config, Config):
        raise InputError(
            "holds no Config named config", "see the files in configs/", file=file
        )
    return config


def _named(module: ModuleType, name: str, path: Path) -> Config:
    """``configs[name]``."""
    configs = _made(module, "configs", path)
    if not isinstance(configs, dict):
        what = "dict of configs" if name else "Config named config"
        raise InputError(f"holds no {what}", "see the files in configs/", file=path)
    names = ", ".join(map(str, configs))
    if not isinstance(configs.get(name), Config):
        what = f"holds no Config named {name}" if name else "holds several configs"
        raise InputError(what, f"write {path}:NAME with one of {names}", file=path)
    return configs[name]


def _module(path: Path) -> ModuleType:
    """The file, executed."""
    if not path.is_file():
        raise InputError("no such config file", "give a configs/*.py", file=path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError("not a Python file", "give a configs/*.py", file=path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _told(error, path) from None
    return module


def _made(module: ModuleType, name: str, path: Path) -> object:
    """What the file holds by that name, None if nothing; a function is called."""
    try:
        value = getattr(module, name, None)
        return value() if callable(value) else value
    except Exception as error:
        raise _told(error, path) from None


def _told(error: Exception, path: Path) -> InputError:
    """A config is a program: whatever it raises is the user's to correct."""
    name = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
    told = error.msg if isinstance(error, SyntaxError) else error
    line = _line_of(error, path)
    return InputError(f"{name}{told}", "correct the config file", file=path, line=line)


def _line_of(error: Exception, path: Path) -> int | None:
    """The line of ``path`` at which ``error`` came up."""
    here = path.resolve()
    if isinstance(error, SyntaxError) and Path(error.filename or "").resolve() == here:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if Path(f.filename).resolve() == here]
    return lines[-1] if lines else None
