"""Return series whose stylised facts are known."""

import numpy as np


def gaussian(seed: int, num_paths: int = 64, num_bars: int = 240) -> tuple:
    """Independent Gaussian returns, each path with a volatility of its own; volume."""
    rng = np.random.default_rng(seed)
    returns_BM = rng.normal(size=(num_paths, num_bars))
    volume_BM = rng.exponential(size=(num_paths, num_bars))
    return returns_BM * np.exp(rng.normal(size=(num_paths, 1))), volume_BM


def garch(
    seed: int,
    num_paths: int = 64,
    num_bars: int = 240,
    *,
    alpha: float = 0.1,
    beta: float = 0.88,
    gamma: float = 0.0,
    freedom: float | None = 5.0,
) -> np.ndarray:
    """GARCH(1,1), of GJR with ``gamma``; Student or Gaussian innovations of variance 1.

    ``variance = omega + (alpha + gamma * [r < 0]) * r**2 + beta * variance``.
    """
    rng = np.random.default_rng(seed)
    burn = 200
    shape = (num_bars + burn, num_paths)
    noise = rng.normal(size=shape)
    if freedom is not None:
        noise = rng.standard_t(freedom, size=shape) * np.sqrt((freedom - 2) / freedom)
    omega = 1 - alpha - beta - gamma / 2
    variance, last, out = np.ones(num_paths), np.zeros(num_paths), np.zeros(shape)
    for t in range(len(out)):
        weight = alpha + gamma * (last < 0)
        variance = omega + weight * last**2 + beta * variance
        out[t] = last = np.sqrt(variance) * noise[t]
    return out[burn:].T


def autoregressive(seed: int, coefficient: float, num_paths=64, num_bars=240):
    """AR(1) with Gaussian innovations."""
    rng = np.random.default_rng(seed)
    out = rng.normal(size=(num_bars + 50, num_paths))
    for t in range(1, len(out)):
        out[t] += coefficient * out[t - 1]
    return out[50:].T


def hawkes_jumps(seed: int, branching: float, num_paths=64, num_bars=240) -> np.ndarray:
    """Small Gaussian returns and jumps, whose number is self-exciting.

    A bar's jumps are Poisson; each raises the mean of the bars after it, by 0.7**k of
    ``0.3 * branching``, k bars later. With ``branching = 0`` they are independent.
    """
    rng = np.random.default_rng(seed)
    excited, out = np.zeros(num_paths), np.zeros((num_bars + 100, num_paths))
    for t in range(len(out)):
        jumps = rng.poisson(0.01 * (1 - branching) + excited)
        sign = rng.choice([-1, 1], size=num_paths)
        out[t] = 0.1 * rng.normal(size=num_paths) + jumps * sign
        excited = 0.7 * excited + 0.3 * branching * jumps
    return out[100:].T
