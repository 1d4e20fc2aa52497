"""Which part each tape of a store goes to, or that it is cut in time."""

from collections.abc import Iterable

from marsjax.data.split_spec import SplitSpec
from marsjax.data.split_time import Division, whole
from marsjax.data.tape import PARTS
from marsjax.errors import InputError


def is_cut(symbol: str, spec: SplitSpec) -> bool:
    """Whether the tapes of a symbol are cut by their own rows."""
    held_out = symbol in spec.valid_symbols or symbol in spec.test_symbols
    return spec.by == "within-day" and not held_out


def split_whole_tapes(entries: list[dict], spec: SplitSpec) -> None:
    """Sets the split of all tapes that a rule does not cut, in place.

    Whole days depend on which other days of the symbol there are, so that a tape that
    joins a store can move others.

    Args:
      entries: all tapes of a store, as its manifest holds them.
      spec: the rule.
    Errors:
      :class:`InputError` if a tape without a date is to be split by days, or the rule
      holds out a symbol that no tape has.
    """
    symbols = {entry["symbol"] for entry in entries}
    strange = {*spec.valid_symbols, *spec.test_symbols} - symbols
    if strange:
        raise InputError(
            f"no tape has the symbol {min(strange)}, which is to be held out",
            f"use some of: {', '.join(sorted(symbols))[:200]}",
        )
    days = {symbol: _days(entries, symbol, spec) for symbol in symbols}
    for entry in entries:
        symbol = entry["symbol"]
        if is_cut(symbol, spec):
            continue
        part = days[symbol].get(entry["date"])
        if symbol in spec.valid_symbols:
            part = "valid"
        if symbol in spec.test_symbols:
            part = "test"
        trading = entry["trading"]
        set_split(
            entry, whole(trading["rows"], trading["time"], trading["count"], part)
        )


def set_split(entry: dict, division: Division) -> None:
    """Writes a tape's split into its entry."""
    entry["split"], entry["split_time"] = division.rows, division.times
    entry["embargo"] = division.embargo


def _days(entries: Iterable[dict], symbol: str, spec: SplitSpec) -> dict:
    """The part of each date of a symbol; dates under embargo have none."""
    if spec.by != "days" or symbol in (*spec.valid_symbols, *spec.test_symbols):
        return {}
    found = [entry for entry in entries if entry["symbol"] == symbol]
    for entry in found:
        if entry["date"] is None:
            raise InputError(
                f"tape {entry['name']} has no date, which a split by days needs",
                "prepare it with --date, or split within the day",
            )
    dates = sorted({entry["date"] for entry in found})
    edges, total = [0], 0.0
    for share in spec.shares[:-1]:
        total += share
        edges.append(int(total * len(dates) + 0.5))
    edges.append(len(dates))
    parts = {}
    for part, start, stop in zip(PARTS, edges[:-1], edges[1:], strict=True):
        first = start + (spec.embargo_days if start else 0)
        parts |= dict.fromkeys(dates[first:stop], part)
    return parts
