"""Whether the fields of a manifest's entry are as they were written."""

import re
from itertools import pairwise
from typing import Any

from marsjax.data.naming import is_date
from marsjax.data.tape import PARTS

TABLES = ("messages", "fills", "quotes", "level1")


def is_name(name: Any) -> bool:
    """Whether a name can only be that of a folder, and of nothing above it."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"[^\s/\\@\x00-\x1f]+", name) is not None
        and not name.startswith(".")
    )


def _is_count(value: Any, least: int = 0, most: int = 2**31 - 1) -> bool:
    return type(value) is int and least <= value <= most


def _is_pair(value: Any, most: int = 2**31 - 1) -> bool:
    """Two counts in order."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(_is_count(each, 0, most) for each in value) and value[0] <= value[1]


def is_list(value: Any, of: type) -> bool:
    """Whether a value is a list of that type."""
    return isinstance(value, list) and all(isinstance(each, of) for each in value)


def _is_size(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < 1e12


def _is_moments(value: Any) -> bool:
    """A start and an end as second and nanosecond."""
    return (
        is_list(value, list)
        and len(value) == 2
        and all(len(each) == 2 and all(map(_is_count, each)) for each in value)
    )


def _is_split(entry: dict) -> bool:
    """Ranges of rows of each part that follow each other."""
    split = entry["split"]
    if not isinstance(split, dict) or set(split) != set(PARTS):
        return False
    if not all(_is_pair(ends, entry["rows"]) for ends in split.values()):
        return False
    return all(split[a][1] <= split[b][0] for a, b in pairwise(PARTS))


def _is_split_time(entry: dict) -> bool:
    times = entry["split_time"]
    if not isinstance(times, dict) or set(times) != set(PARTS):
        return False
    return all(map(_is_moments, times.values()))


def _is_trading(entry: dict) -> bool:
    trading = entry["trading"]
    return (
        isinstance(trading, dict)
        and set(trading) == {"rows", "time", "count"}
        and _is_pair(trading["rows"], entry["rows"])
        and _is_moments(trading["time"])
        and _is_count(trading["count"], 0, entry["rows"])
    )


def _is_tables(entry: dict) -> bool:
    """The parquet files of each table, whose messages add up to the tape's rows."""
    tables = entry["tables"]
    if not isinstance(tables, dict) or not {"messages"} <= set(tables) <= set(TABLES):
        return False
    for table, parts in tables.items():
        for i, part in enumerate(parts if is_list(parts, dict) else [{}]):
            if set(part) != {"name", "rows", "bytes", "sha256"}:
                return False
            if part["name"] != part_name(table, i) or not _is_count(part["rows"]):
                return False
            if not _is_count(part["bytes"], 0, 2**62):
                return False
            if not re.fullmatch(r"[0-9a-f]{64}", str(part["sha256"])):
                return False
    return sum(part["rows"] for part in tables["messages"]) == entry["rows"]


def part_name(table: str, index: int) -> str:
    """Name of one of the parquet files of a table."""
    return f"{table}-{index:05d}.parquet"


CHECKS = {
    "name": lambda entry: is_name(entry["name"]),
    "symbol": lambda entry: is_name(entry["symbol"]),
    "date": lambda entry: (
        entry["date"] is None
        or (isinstance(entry["date"], str) and is_date(entry["date"]))
    ),
    "rows": lambda entry: _is_count(entry["rows"]),
    "tick_size": lambda entry: _is_size(entry["tick_size"]),
    "lot_size": lambda entry: _is_count(entry["lot_size"], 1),
    "sessions": lambda entry: (
        is_list(entry["sessions"], list) and all(map(_is_pair, entry["sessions"]))
    ),
    "seed_rows": lambda entry: _is_count(entry["seed_rows"], 0, entry["rows"]),
    "source": lambda entry: isinstance(entry["source"], str),
    "options": lambda entry: isinstance(entry["options"], dict),
    "files": lambda entry: is_list(entry["files"], dict),
    "counts": lambda entry: isinstance(entry["counts"], dict),
    "skipped": lambda entry: is_list(entry["skipped"], str),
    "notes": lambda entry: is_list(entry["notes"], str),
    "split": _is_split,
    "split_time": _is_split_time,
    "embargo": lambda entry: _is_count(entry["embargo"], 0, entry["rows"]),
    "trading": _is_trading,
    "tables": _is_tables,
}
"""Whether a field of an entry is as written; in order, as later ones need ``rows``."""
