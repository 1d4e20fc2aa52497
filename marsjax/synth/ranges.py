"""Whether parameters lie in their ranges, for every market (host)."""

from typing import Any

import numpy as np

from marsjax.errors import InputError

AT_LEAST_0 = -1e-30
"""A bound below that lets 0 in."""
AT_MOST_1 = 1 + 1e-9
"""A bound above that lets 1 in."""


def check_ranges(params: Any, ranges: dict[str, tuple[float, float]]) -> None:
    """Refuse parameters of which a number lies outside.

    Args:
      params: with an attribute, a number or an array, of each name.
      ranges: by name, what the numbers lie between; the bounds are outside.

    Raises:
      InputError: the first parameter that is empty, or outside anywhere.
    """
    for name, (above, below) in ranges.items():
        value = np.asarray(getattr(params, name), np.float64)
        if value.size and ((value > above) & (value < below)).all():
            continue
        if above == AT_LEAST_0:
            low = "0 or more"
        else:
            low = "finite" if np.isinf(above) else f"above {above:g}"
        if below == AT_MOST_1:
            high = ", at most 1"
        else:
            high = "" if np.isinf(below) else f", below {below:g}"
        raise InputError(f"{name} is {value.tolist()}", f"give numbers {low}{high}")
