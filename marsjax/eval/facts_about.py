"""What the eleven stylised facts of Cont (2001) say, and when they count as seen."""

from typing import NamedTuple


class About(NamedTuple):
    """One fact.

    Attributes:
      number: 1 to 11, in the order of Cont (2001, section 2).
      name: short.
      says: the fact in a line.
      statistic: what its number is.
      lag_label: axis of the panel.
      value_label: the other one.
      null: the statistic where the fact does not hold.
      sign: 1 if the fact puts the statistic above the null, -1 below.
      counts: the smallest distance from the null that matters: where the interval ends
        short of it, the fact does not hold; where it holds both it and the null, the
        data do not tell.
    """

    number: int
    name: str
    says: str
    statistic: str
    lag_label: str
    value_label: str
    null: float
    sign: int
    counts: float


_LAG, _HORIZON = "lag, bars", "horizon, bars"

ABOUT = (
    About(
        1,
        "no autocorrelation",
        "Returns are hardly correlated with later ones, but for the shortest times.",
        "the autocorrelation of returns that stands out most",
        _LAG,
        "autocorrelation of returns",
        0.0,
        0,
        0.1,
    ),
    About(
        2,
        "heavy tails",
        "Large returns are more frequent than under a Gaussian law.",
        "excess kurtosis of returns over a bar",
        _HORIZON,
        "excess kurtosis",
        0.0,
        1,
        0.5,
    ),
    About(
        3,
        "gain/loss asymmetry",
        "Large falls are not matched by equally large rises.",
        "skewness of returns over a bar",
        _HORIZON,
        "skewness",
        0.0,
        -1,
        0.1,
    ),
    About(
        4,
        "aggregational Gaussianity",
        "The longer the horizon, the closer returns are to a Gaussian law.",
        "excess kurtosis at a bar less that at the longest horizon",
        _HORIZON,
        "excess kurtosis",
        0.0,
        1,
        0.5,
    ),
    About(
        5,
        "intermittency",
        "Large returns come in bursts, at any time scale.",
        "Fano factor of the number of extreme returns",
        "span, bars",
        "Fano factor",
        1.0,
        1,
        0.1,
    ),
    About(
        6,
        "volatility clustering",
        "Large returns of either sign are followed by large ones.",
        "autocorrelation of absolute returns, mean over lags 1 to 10",
        _LAG,
        "autocorrelation of absolute returns",
        0.0,
        1,
        0.02,
    ),
    About(
        7,
        "conditional heavy tails",
        "Tails stay heavy when returns are divided by their expected volatility.",
        "excess kurtosis of returns over their time of day's standard deviation",
        _HORIZON,
        "excess kurtosis",
        0.0,
        1,
        0.5,
    ),
    About(
        8,
        "slow decay",
        "The autocorrelation of absolute returns decays like a small power of the lag.",
        "exponent of the power law fitted to it",
        _LAG,
        "autocorrelation of absolute returns",
        1.0,
        -1,
        0.0,
    ),
    About(
        9,
        "leverage",
        "Falls raise the volatility that follows more than rises do.",
        "correlation of returns with later absolute returns, mean over lags 1 to 10",
        _LAG,
        "correlation of a return with a later absolute one",
        0.0,
        -1,
        0.02,
    ),
    About(
        10,
        "volume and volatility",
        "Volume goes with volatility.",
        "correlation of volume and absolute return of a bar",
        "lag of the return after the volume, bars",
        "correlation of volume and absolute returns",
        0.0,
        1,
        0.1,
    ),
    About(
        11,
        "asymmetry of time scales",
        "Coarse volatility foretells fine volatility better than the other way round.",
        "rho(k) - rho(-k) of coarse and later fine volatility, mean over lags",
        "lag, coarse bars",
        "rho(k) - rho(-k)",
        0.0,
        1,
        0.02,
    ),
)
