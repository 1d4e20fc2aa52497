"""One instrument's rows of a vendor's file, which may hold several."""

import numpy as np
import polars as pl

from marsjax.data.text import Table
from marsjax.errors import InputError

SYMBOL_COLUMNS = ("HTSCSecurityID", "SecurityID", "securityid", "Symbol", "SECURITYID")


class OneSymbol:
    """Lets the rows of one instrument through, by a column that names it.

    A file without such a column is of one instrument. Codes fit with or without the
    exchange: 600536 and 600536.SH are the same.

    Args:
      symbol: the instrument that was asked for, or ``None``: all rows must be of one.
    Attributes:
      found: the instrument as the files name it, ``None`` as long as none does.
      num_others: rows of other instruments that were left out.
    """

    def __init__(self, symbol: str | None):
        self._symbol = symbol
        self.found: str | None = None
        self.num_others = 0
        self._others: set[str] = set()

    def of(self, table: Table) -> Table:
        """The rows of the instrument.

        Errors:
          :class:`InputError` where an instrument follows another and none was asked
          for.
        """
        column = next((c for c in SYMBOL_COLUMNS if c in table.frame.columns), None)
        if column is None:
            return table
        code = table.frame[column].str.strip_chars()
        wanted = self._symbol or self.found or code[0]
        is_other = (_bare(code) != wanted.split(".")[0]).to_numpy()
        if is_other.any():
            first = code[int(np.argmax(is_other))]
            if self._symbol is None:
                raise InputError(
                    f"{column} is {first}, before it {wanted}: the files hold "
                    "several instruments",
                    "choose one with --symbol",
                    file=table.path,
                    line=int(table.line_T[int(np.argmax(is_other))]),
                )
            self.num_others += int(is_other.sum())
            self._others.add(first)
            code = code.filter(~is_other)
            table = table.without(np.flatnonzero(is_other))
        if len(code):
            self.found = code[0]
        return table

    def check_found(self, path) -> None:
        """Refuses files that never named the instrument that was asked for.

        Errors:
          :class:`InputError`.
        """
        if self._others and self.found is None:
            raise InputError(
                f"there is no row of {self._symbol}",
                f"give --symbol as the file has it, such as {sorted(self._others)[0]}",
                file=path,
            )


def is_same(one: str, other: str) -> bool:
    """Whether two codes are the same instrument's.

    Examples:
      >>> is_same("600536", "600536.SH")
      True
    """
    return one.split(".")[0] == other.split(".")[0]


def _bare(code: pl.Series) -> pl.Series:
    """Codes without the exchange."""
    return code.str.split_exact(".", 1).struct[0]
