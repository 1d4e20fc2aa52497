"""What every part of the evaluation reports: numbers with their intervals."""

from typing import NamedTuple


class Estimate(NamedTuple):
    """A number with its interval.

    Attributes:
      value: NaN where it cannot be computed.
      low, high: 95 % interval; NaN if unknown.
      note: why the value is missing, or a caveat.
    """

    value: float
    low: float
    high: float
    note: str = ""


class Score(NamedTuple):
    """One row of the report.

    Attributes:
      name: "spread", "volume at the best ask", and so on.
      family: "marginal", "conditional", "order", "facts", "response", and so on.
      metric: "L1", "W1", "KS", and so on.
      value: generated against reference.
      floor: real against other real windows of the same size.
      excess: value - floor, paired over the same bootstrap draws.
    """

    name: str
    family: str
    metric: str
    value: Estimate
    floor: Estimate
    excess: Estimate
