"""Which instrument and day a set of files belongs to."""

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

from marsjax.errors import InputError

_KINDS = r"(?:orders?|trades?|messages?|orderbook)"


def is_date(text: str) -> bool:
    """Whether a text is a date as YYYY-MM-DD, not one of ISO 8601's other forms."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def symbol_and_date(path: str | Path) -> tuple[str | None, str | None]:
    """Symbol and ISO date that a file's name tells.

    Examples:
      >>> symbol_and_date("SSE_600536.SH_2023-07-11_orders.csv.xz")
      ('600536.SH', '2023-07-11')
      >>> symbol_and_date("AAPL_2012-06-21_34200000_57600000_message_10.csv")
      ('AAPL', '2012-06-21')
      >>> symbol_and_date("AAPL_L50_message.csv.xz")
      ('AAPL', None)
      >>> symbol_and_date("tape.csv")
      (None, None)
    """
    name = Path(path).name
    dated = re.match(r"(?:SZ?SE_)?(.+?)_(\d{4}-\d\d-\d\d)(?=[_.]|$)", name)
    if dated:
        return dated[1], dated[2]
    undated = re.match(rf"(?:SZ?SE_)?([^_]+)_(?:.*_)?{_KINDS}(?=[_.]|$)", name)
    return (undated[1], None) if undated else (None, None)


def market_of(paths: Sequence[str | Path]) -> str | None:
    """Which of several simulated markets the files are of, as in their names.

    Examples:
      >>> market_of(["601825.SH_2023-07-11_m0001_message_10.csv"])
      'm0001'
      >>> market_of(["AAPL_2012-06-21_34200000_57600000_message_10.csv"]) is None
      True
    Errors:
      :class:`InputError` if the names tell of different markets.
    """
    pattern = rf"_(m\d{{4,}}(?:_m\d{{4,}})*)_{_KINDS}(?=[_.]|$)"
    found = [(path, re.search(pattern, Path(path).name)) for path in paths]
    known = [(path, match[1]) for path, match in found if match]
    for path, market in known:
        if market != known[0][1]:
            raise InputError(
                f"this file is of market {market}, {Path(known[0][0]).name} is of "
                f"{known[0][1]}",
                "give files of one market",
                file=path,
            )
    return known[0][1] if known else None


def identify(
    paths: Sequence[str | Path], symbol: str | None, date: str | None
) -> tuple[str, str | None, tuple[str, ...]]:
    """Symbol and date of files that belong together.

    What the caller gives wins over what the names tell; where neither tells the
    symbol, the first file's stem stands in.

    Args:
      paths: the files.
      symbol: instrument, or ``None`` to read it from the names.
      date: ISO date, or ``None`` to read it from the names.
    Returns:
      Symbol, ISO date or ``None``, and notes on what had to be assumed.
    Errors:
      :class:`InputError` if the names contradict each other or the date is no date.
    """
    told = [symbol_and_date(path) for path in paths]
    notes = []
    for given, what, values in (
        (symbol, "symbol", [each[0] for each in told]),
        (date, "date", [each[1] for each in told]),
    ):
        known = [
            (path, value)
            for path, value in zip(paths, values, strict=True)
            if value is not None
        ]
        others = [entry for entry in known if entry[1] != known[0][1]]
        if given is None and others:
            raise InputError(
                f"this file's {what} is {others[0][1]}, that of "
                f"{Path(known[0][0]).name} is {known[0][1]}",
                f"give files of one instrument and day, or pass --{what}",
                file=others[0][0],
            )
    symbol = symbol or next((each[0] for each in told if each[0]), None)
    date = date or next((each[1] for each in told if each[1]), None)
    if symbol is None:
        symbol = Path(paths[0]).name.split(".")[0]
        notes.append(f"no symbol in the file names: {symbol!r} is used; pass --symbol")
    if date is None:
        notes.append("no date in the file names: it stays unknown; pass --date")
    else:
        if not is_date(date):
            raise InputError(
                f"{date!r} is no date", "give it as YYYY-MM-DD", file=paths[0]
            )
    if not re.fullmatch(r"[\w.+-]+", symbol) or symbol.startswith("."):
        raise InputError(
            f"{symbol!r} cannot name a folder",
            "use letters, digits, '.', '-' and '_' in --symbol",
            file=paths[0],
        )
    return symbol, date, tuple(notes)
