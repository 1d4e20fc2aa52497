"""A config dataclass as JSON and back, every value checked."""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, Literal, TypeVar

from marsjax.config.experiment import Config
from marsjax.errors import InputError

T = TypeVar("T")


def to_json(config: Any) -> str:
    """A config dataclass as indented JSON."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str, cls: type[T] = Config, file: str | Path | None = None) -> T:
    """Inverse of :func:`to_json`.

    Args:
      text: the JSON.
      cls: which dataclass it holds.
      file: where it came from, for the error.

    Raises:
      InputError: not JSON, an unknown field, or a value of the wrong type.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON ({error})", "write it again", file=file) from None
    return _parse(data, cls, "config", file)


def _parse(data: Any, kind: Any, name: str, file: str | Path | None) -> Any:
    """``data`` as a value of the annotated type ``kind``, or an error that names it."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        if isinstance(data, dict):
            for key in data:
                if key not in hints:
                    known = ", ".join(hints)
                    raise InputError(
                        f"unknown field {name}.{key}", f"known: {known}", file=file
                    )
            return kind(
                **{k: _parse(v, hints[k], f"{name}.{k}", file) for k, v in data.items()}
            )
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in args:
            return None
        return _parse(data, next(a for a in args if a is not type(None)), name, file)
    if origin is Literal and data in args:
        return data
    if origin is tuple and isinstance(data, list | tuple):
        kinds = [args[0]] * len(data) if args[-1] is Ellipsis else args
        if len(kinds) == len(data):
            return tuple(
                _parse(v, k, name, file) for v, k in zip(data, kinds, strict=True)
            )
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if kind in (int, bool, str) and type(data) is kind:
        return data
    raise InputError(
        f"{name} is {data!r}", f"give a value of type {kind}", file=file
    ) from None
