"""What the fits of several markets share, on the host."""

import numpy as np


def stop_prob(lots_T: np.ndarray) -> tuple[float, float]:
    """Of geometric sizes 1, 2, ...: maximum likelihood and its standard error."""
    stop = 1 / lots_T.mean()
    return float(stop), float(stop * np.sqrt((1 - stop) / len(lots_T)))
