"""A small TOML file whose errors name its keys and lines."""

import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marsjax.data.files import read_bytes
from marsjax.data.formats.local_time import zone_of
from marsjax.data.formats.units import Unit
from marsjax.errors import InputError

_FLAGS = ("contiguous", "round", "text")
_OTHERS = ("codes", "columns", "sessions", "buy", "sell", "unit", "tick", "lot")


class Toml:
    """The parsed file, with errors that point at a key's line."""

    def __init__(self, path: Path):
        self.path = path
        content, self.info = read_bytes(path)
        try:
            self._text = content.decode("utf-8")
            self.tables: dict[str, Any] = tomllib.loads(self._text)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(
                f"this is not TOML ({error})", "correct the file", file=path
            ) from None

    def error(self, key: str, what: str, remedy: str) -> InputError:
        """An error about ``table`` or ``table.key``."""
        return InputError(what, remedy, file=self.path, line=self._line(key))

    def _line(self, key: str) -> int | None:
        table, _, name = key.partition(".")
        own, found = "", None
        for number, line in enumerate(self._text.splitlines(), 1):
            header = re.match(r"\s*\[+\s*([\w.\"-]+)", line)
            if header:
                own = header[1].split(".")[0]
            is_name = re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line)
            if own == table and ((header and not found) or (name and is_name)):
                found = number
        return found

    def get(self, table: str, key: str, default: Any = None) -> Any:
        """A value, of the right type."""
        value = self.tables.get(table, {}).get(key, default)
        name = f"{table}.{key}"
        if key in _FLAGS:
            if not isinstance(value, bool):
                raise self.error(name, f"{name} is {value!r}", "give true or false")
        elif key not in _OTHERS and not isinstance(value, str | None):
            raise self.error(name, f"{name} is {value!r}", "give a text in quotes")
        return value

    def one_of(
        self, table: str, key: str, choice: tuple[str, ...], default: str | None = None
    ) -> str:
        """A value that must be one of some, and there if it has no default."""
        value, name = self.get(table, key, default), f"{table}.{key}"
        if value is None:
            raise self.error(
                table, f"there is no {name}", f"give one of {', '.join(choice)}"
            )
        if value != default and value not in choice:
            raise self.error(
                name, f"{name} is {value!r}", f"give one of {', '.join(choice)}"
            )
        return value

    def unit(self, table: str, key: str, default: str) -> Unit:
        """A positive amount."""
        value, name = self.get(table, key, default), f"{table}.{key}"
        try:
            return Unit(name, value)
        except InputError as error:
            raise self.error(name, error.what, "give an amount such as 0.01") from None

    def texts(self, table: str, key: str) -> tuple[str, ...]:
        """A list of texts, or of numbers as text."""
        value, name = self.get(table, key, []), f"{table}.{key}"
        value = value if isinstance(value, list) else [value]
        if any(not isinstance(each, str | int) for each in value):
            raise self.error(name, f"{name} is {value!r}", "give a list of texts")
        return tuple(str(each) for each in value)

    def zone(self, table: str, key: str, default: str) -> ZoneInfo:
        """A time zone."""
        try:
            return zone_of(self.get(table, key, default))
        except InputError as error:
            name = f"{table}.{key}"
            remedy = "give a name such as UTC or America/New_York"
            raise self.error(name, f"{name}: {error.what}", remedy) from None

    def character(self, table: str, key: str, default: str) -> str:
        """A text of one character."""
        value, name = self.get(table, key, default), f"{table}.{key}"
        if len(value) != 1:
            raise self.error(name, f"{name} is {value!r}", "give one character")
        return value
