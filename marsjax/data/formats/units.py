"""What prices and quantities are counted in."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from marsjax.errors import InputError

_NEAR = 1e-6
"""Of a unit: binary numbers hold a decimal price to much less than this."""


class Unit:
    """A positive decimal amount, such as a tick, exactly.

    Args:
      name: of the option that gives it, for errors.
      value: decimal text, or a number whose shortest text is meant.
    Errors:
      :class:`InputError` if it is no positive number.
    """

    def __init__(self, name: str, value: str | float):
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal(0)
        if not amount.is_finite() or amount <= 0:
            raise InputError(
                f"{name} {value!r} is not a positive number",
                f"give {name} such as 0.01",
            )
        self.exact, self._text = Fraction(amount), f"{amount.normalize():f}"

    def __float__(self) -> float:
        return float(self.exact)

    def __str__(self) -> str:
        return self._text

    def count(self, number: np.ndarray, of: "Unit | None" = None) -> np.ndarray:
        """How many units some amounts are, as float64.

        Args:
          number: amounts, in multiples of ``of`` (1 by default).
        """
        ratio = (of.exact if of else 1) / self.exact
        if ratio.numerator == 1:  # dividing by a whole number rounds once
            return number / float(ratio.denominator)
        return number * float(ratio)


def nearest(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest whole numbers, ``int64``, and where they are not the same.

    What is no finite number is 0 and not the same.
    """
    finite = np.isfinite(count) & (np.abs(count) < 2**62)
    whole = np.rint(np.where(finite, count, 0))
    return whole.astype(np.int64), ~finite | (np.abs(count - whole) > _NEAR)
