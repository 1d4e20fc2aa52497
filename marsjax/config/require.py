"""Checks of the values of a config."""

from marsjax.errors import InputError


def require(holds: bool, what: str, remedy: str) -> None:
    if not holds:
        raise InputError(f"config: {what}", remedy)
