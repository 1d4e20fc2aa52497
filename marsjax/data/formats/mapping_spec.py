"""The TOML file that tells how a feed's columns are to be read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from marsjax.data.formats.mapping_toml import Toml
from marsjax.data.formats.units import Unit
from marsjax.data.naming import is_date

KEYS = {
    "file": ("format", "separator", "columns"),
    "tape": ("symbol", "date", "sessions", "crossing"),
    "time": ("column", "unit", "zone", "exchange_zone"),
    "action": ("column", "codes"),
    "side": ("column", "buy", "sell"),
    "price": ("column", "unit", "tick"),
    "quantity": ("column", "unit", "lot", "round"),
    "id": ("column", "text", "new_column"),
    "sequence": ("column", "contiguous"),
    "symbol": ("column",),
}
"""Tables of the file and their keys."""

NEEDED = ("time", "action", "price", "quantity")
TIME_UNITS = ("s", "ms", "us", "ns", "iso", "clock", "midnight")
_CODE_KEYS = ("kind", "quantity")


@dataclass(frozen=True)
class Code:
    """What an action code of the feed means.

    ``kind``: one of `ACTIONS`. ``is_left``: whether the quantity is what is left of
    the order, not what is taken off it.
    """

    kind: str
    is_left: bool


ACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "add": ("ADD", ("side", "price", "quantity", "id")),
    "snapshot": ("COLLECT", ("side", "price", "quantity", "id")),
    "cancel": ("CANCEL", ("quantity", "id")),
    "delete": ("DELETE", ("id",)),
    "execute": ("EXECUTE", ("quantity", "id")),
    "auction": ("AUCTION", ("quantity", "id")),
    "modify": ("MODIFY", ("price", "quantity", "id")),
    "change": ("MODIFY_TO", ("price", "quantity", "id")),
    "end": ("DELETE", ("quantity", "id")),
    "replace": ("REPLACE", ("price", "quantity", "id", "new_id")),
    "clear": ("CLEAR", ()),
    "hidden": ("RECORD", ("price", "quantity")),
    "cross": ("RECORD", ("price", "quantity")),
    "halt": ("RECORD", ()),
    "resume": ("RECORD", ()),
    "market": ("SEND", ("side", "quantity", "id")),
    "ioc": ("SEND", ("side", "price", "quantity", "id")),
    "ignore": ("", ()),
}
"""Op of each kind of action (see `order_flow`), and the columns that it needs."""


@dataclass(frozen=True)
class Spec:
    """A mapping, checked; attributes are the keys of the file.

    ``columns``: the feed's column of ``time``, ``action``, ``side``, ``price``,
    ``quantity``, ``id``, ``new_id``, ``sequence`` and ``symbol``, where there is one.
    """

    name: str
    columns: Mapping[str, str]
    codes: Mapping[str, Code]
    sides: Mapping[str, int]
    format: str
    separator: str
    names: tuple[str, ...] | None
    symbol: str | None
    date: str | None
    sessions: tuple[tuple[int, int], ...]
    crossing: str
    time_unit: str
    zone: ZoneInfo
    exchange_zone: ZoneInfo
    price_unit: Unit
    tick: Unit
    quantity_unit: Unit
    lot: Unit
    rounds: bool
    has_text_ids: bool
    is_contiguous: bool


def read_spec(path: str | Path) -> Spec:
    """Reads and checks a mapping.

    Errors:
      :class:`InputError` naming the file, the line and the key.
    """
    toml = Toml(Path(path))
    _check_keys(toml)
    columns = {name: toml.get(name, "column") for name in KEYS if name != "file"}
    columns["new_id"] = toml.get("id", "new_column")
    columns = {name: column for name, column in columns.items() if column is not None}
    for table in NEEDED:
        if table not in columns:
            raise toml.error(
                table, f"there is no {table}.column", f"add column to [{table}]"
            )
    codes = _codes(toml, columns)
    sides = {}
    for number, side in enumerate(("buy", "sell")):
        for code in toml.texts("side", side):
            if code in sides:
                raise toml.error(
                    f"side.{side}", f"{code!r} is both a buy and a sell", "remove one"
                )
            sides[code] = number
    if "side" in columns and set(sides.values()) != {0, 1}:
        raise toml.error(
            "side.column", "side.buy or side.sell is missing", "list the codes of both"
        )
    date = toml.get("tape", "date")
    if date is not None and not is_date(date):
        raise toml.error("tape.date", f"tape.date is {date!r}", "give it as YYYY-MM-DD")
    zone = toml.zone("time", "zone", "UTC")
    names = toml.texts("file", "columns")
    return Spec(
        name=f"{Path(path).name} (sha256 {toml.info['sha256'][:12]})",
        columns=columns,
        codes=codes,
        sides=sides,
        format=toml.one_of("file", "format", ("csv", "parquet"), ""),
        separator=toml.character("file", "separator", ","),
        names=names or None,
        symbol=toml.get("tape", "symbol"),
        date=date,
        sessions=_sessions(toml),
        crossing=toml.one_of("tape", "crossing", ("match", "collect", "hold"), "match"),
        time_unit=toml.one_of("time", "unit", TIME_UNITS),
        zone=zone,
        exchange_zone=toml.zone("time", "exchange_zone", zone.key),
        price_unit=toml.unit("price", "unit", "1"),
        tick=toml.unit("price", "tick", "0.01"),
        quantity_unit=toml.unit("quantity", "unit", "1"),
        lot=toml.unit("quantity", "lot", "1"),
        rounds=toml.get("quantity", "round", False),
        has_text_ids=toml.get("id", "text", False),
        is_contiguous=toml.get("sequence", "contiguous", False),
    )


def _check_keys(toml: Toml) -> None:
    for table, content in toml.tables.items():
        if table not in KEYS:
            raise toml.error(
                table, f"unknown key {table!r}", f"known: {', '.join(KEYS)}"
            )
        if not isinstance(content, dict):
            raise toml.error(table, f"{table} is no table", f"write [{table}]")
        for key in content:
            if key not in KEYS[table]:
                name, known = f"{table}.{key}", ", ".join(KEYS[table])
                raise toml.error(name, f"unknown key {name!r}", f"known: {known}")


def _codes(toml: Toml, columns: Mapping[str, str]) -> dict[str, Code]:
    given = toml.get("action", "codes")
    if not isinstance(given, dict) or not given:
        raise toml.error(
            "action", "there are no action.codes", "add a table [action.codes]"
        )
    codes = {}
    for code, value in given.items():
        key = f"action.{code}"
        entry = {"kind": value} if isinstance(value, str) else value
        if not isinstance(entry, dict) or not set(entry) <= set(_CODE_KEYS):
            raise toml.error(
                key,
                f"action.codes.{code} is {value!r}",
                'give a kind, or { kind = "cancel", quantity = "left" }',
            )
        kind, quantity = entry.get("kind"), entry.get("quantity", "taken")
        if kind not in ACTIONS:
            raise toml.error(
                key,
                f"action.codes.{code}: kind {kind!r} is unknown",
                f"known: {', '.join(ACTIONS)}",
            )
        if quantity not in ("taken", "left"):
            raise toml.error(
                key,
                f"action.codes.{code}: quantity {quantity!r} is unknown",
                "give taken or left",
            )
        for column in ACTIONS[kind][1]:
            if column not in columns:
                name = "id.new_column" if column == "new_id" else f"{column}.column"
                raise toml.error(
                    key,
                    f"action.codes.{code}: kind {kind} needs {name}",
                    f"add {name}",
                )
        codes[str(code)] = Code(kind, quantity == "left")
    return codes


def _sessions(toml: Toml) -> tuple[tuple[int, int], ...]:
    sessions = []
    for text in toml.texts("tape", "sessions") or ("00:00-24:00",):
        found = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", text)
        edges = [int(number) for number in found.groups()] if found else [0] * 4
        start, end = edges[0] * 3600 + edges[1] * 60, edges[2] * 3600 + edges[3] * 60
        if not start < end <= 86_400 or (sessions and start < sessions[-1][1]):
            raise toml.error(
                "tape.sessions",
                f"tape.sessions: {text!r} is no window after the one before",
                'give windows such as "09:30-16:00"',
            )
        sessions.append((start, end))
    return tuple(sessions)
