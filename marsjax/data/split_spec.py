"""How the tapes of a store are divided into train, valid and test."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args

from marsjax.errors import InputError

Mode = Literal["within-day", "days"]
EMBARGO_S = 60.0
"""Of a rule that does not say."""


@dataclass(frozen=True)
class SplitSpec:
    """A rule that gives each row of continuous trading to one part or to none.

    Attributes:
      shares: of train, valid and test, which follow each other in time.
      embargo_s: seconds of trading after each boundary within a day that belong to no
        part, so that what follows a training order is not scored moments later.
        ``None``: :data:`EMBARGO_S`, but at most half of the time of the part that
        follows, so that a short tape keeps its parts.
      by: ``within-day`` cuts each tape by its rows; ``days`` gives whole dates of each
        symbol, in order.
      embargo_days: dates after each boundary between days that belong to no part.
      valid_symbols, test_symbols: held out; all rows of theirs are of that part.
    Errors:
      :class:`InputError` for shares that are none, a negative embargo, an unknown mode
      and a symbol held out twice.
    """

    shares: tuple[float, float, float] = (0.7, 0.1, 0.2)
    embargo_s: float | None = None
    by: Mode = "within-day"
    embargo_days: int = 0
    valid_symbols: tuple[str, ...] = ()
    test_symbols: tuple[str, ...] = ()

    def __post_init__(self):
        good = len(self.shares) == 3 and all(0 <= share <= 1 for share in self.shares)
        if not good or not math.isclose(sum(self.shares), 1.0, abs_tol=1e-6):
            raise InputError(
                f"the split {tuple(self.shares)} is not three shares that sum to one",
                "give for example 0.7 0.1 0.2",
            )
        for name in ("embargo_s", "embargo_days"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1e6:
                raise InputError(f"{name} is {value}", "give 0 or a positive number")
        if self.by not in get_args(Mode):
            raise InputError(
                f"a split by {self.by!r} is unknown",
                f"use {' or '.join(get_args(Mode))}",
            )
        both = set(self.valid_symbols) & set(self.test_symbols)
        if both:
            raise InputError(
                f"{min(both)} is held out for valid and for test", "name it once"
            )

    def to_json(self) -> dict:
        """As the manifest holds it."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def line(self) -> str:
        """In words, for messages."""
        shares = " / ".join(f"{share:g}" for share in self.shares)
        gap = f"{self.embargo_days} days"
        if self.by == "within-day":
            is_given = self.embargo_s is not None
            gap = f"{self.embargo_s:g} s" if is_given else f"{EMBARGO_S:g} s at most"
        held = "".join(
            f", {', '.join(symbols)} held out for {part}"
            for part, symbols in (
                ("valid", self.valid_symbols),
                ("test", self.test_symbols),
            )
            if symbols
        )
        return f"{shares} {self.by}, embargo {gap}{held}"


def spec_from_json(value: dict) -> SplitSpec:
    """What `SplitSpec.to_json` gave.

    Errors:
      ``TypeError``, ``ValueError`` or ``KeyError`` if it is anything else.
    """
    kept = {field.name: value[field.name] for field in fields(SplitSpec)}
    numbers = (*kept["shares"], kept["embargo_s"] or 0, kept["embargo_days"])
    if not all(type(number) in (int, float) for number in numbers):
        raise TypeError("numbers")
    for name in ("valid_symbols", "test_symbols"):
        if not all(isinstance(symbol, str) for symbol in kept[name]):
            raise TypeError(name)
    kept["shares"] = tuple(map(float, kept["shares"]))
    if kept["embargo_s"] is not None:
        kept["embargo_s"] = float(kept["embargo_s"])
    for name in ("valid_symbols", "test_symbols"):
        kept[name] = tuple(kept[name])
    return SplitSpec(**kept)


def as_spec(split: "SplitSpec | Sequence[float]") -> SplitSpec:
    """A rule, or the shares of one that is otherwise the default."""
    if isinstance(split, SplitSpec):
        return split
    return SplitSpec(shares=tuple(map(float, split)))
