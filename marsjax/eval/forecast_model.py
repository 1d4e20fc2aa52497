"""A multinomial logistic regression, and scores from confusion matrices.

Convex and solved to the end, so that two fits differ by their data alone, not by a seed
or by when they were stopped.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from marsjax.eval.forecast_task import NUM_CLASSES

PENALTY = 1e-3
MAX_SCORE = 5.0
"""Standardised features are clipped here."""


class Model(NamedTuple):
    """Scaling ``[F]`` and weights ``[F + 1, classes]``, the last row the constants."""

    mean_F: np.ndarray
    std_F: np.ndarray
    weight_FC: np.ndarray


def fit_model(x_NF: np.ndarray, class_N: np.ndarray) -> Model:
    """Least mean log loss with equal weight for each class, and a ridge penalty."""
    mean_F, std_F = x_NF.mean(axis=0), x_NF.std(axis=0)
    std_F = np.where(std_F > 1e-12 * np.maximum(np.abs(mean_F), 1), std_F, 1.0)
    x_NF = _scaled(x_NF, mean_F, std_F)
    weight_N = _class_weights(class_N)
    hot_NC = np.eye(NUM_CLASSES)[class_N]
    is_slope_F1 = (np.arange(x_NF.shape[1]) < x_NF.shape[1] - 1)[:, None]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight_FC = flat.reshape(-1, NUM_CLASSES)
        slope_FC = weight_FC * is_slope_F1
        logit_NC = x_NF @ weight_FC
        log_loss = -weight_N @ (log_softmax(logit_NC, axis=1) * hot_NC).sum(axis=1)
        away_NC = (softmax(logit_NC, axis=1) - hot_NC) * weight_N[:, None]
        gradient = x_NF.T @ away_NC + PENALTY * slope_FC
        return log_loss + PENALTY / 2 * (slope_FC**2).sum(), gradient.ravel()

    start = np.zeros(x_NF.shape[1] * NUM_CLASSES)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Model(mean_F, std_F, found.x.reshape(-1, NUM_CLASSES))


def resampled(
    model: Model,
    x_NF: np.ndarray,
    class_N: np.ndarray,
    window_N: np.ndarray,
    weight_RB: np.ndarray,
) -> np.ndarray:
    """Weights of models fitted to resampled windows, ``[R, F + 1, classes]``.

    One Newton step from the fit to all windows, with the weight of each class as it
    was (the idea of Hu and Kalbfleisch, "The estimating function bootstrap", Canadian
    Journal of Statistics 28, 2000).

    Args:
      model: fitted to these examples.
      x_NF, class_N: the examples.
      window_N: which window each is of.
      weight_RB: how often each window is drawn.
    """
    x_NF = _scaled(x_NF, model.mean_F, model.std_F)
    weight_N = _class_weights(class_N)
    chance_NC = softmax(x_NF @ model.weight_FC, axis=1)
    away_NC = (chance_NC - np.eye(NUM_CLASSES)[class_N]) * weight_N[:, None]
    shape = (weight_RB.shape[1], x_NF.shape[1], NUM_CLASSES)
    gradient_BFC = np.zeros(shape)
    np.add.at(gradient_BFC, window_N, x_NF[:, :, None] * away_NC[:, None, :])
    num_F = x_NF.shape[1]
    slope = np.diag(np.arange(num_F) < num_F - 1).astype(np.float64) * PENALTY
    hessian = np.zeros((num_F, NUM_CLASSES, num_F, NUM_CLASSES))
    for c in range(NUM_CLASSES):
        for d in range(NUM_CLASSES):
            curve_N = weight_N * chance_NC[:, c] * ((c == d) - chance_NC[:, d])
            hessian[:, c, :, d] = (x_NF * curve_N[:, None]).T @ x_NF + (c == d) * slope
    size = num_F * NUM_CLASSES
    # The constants may move together without any change: hence not a plain inverse.
    inverse = np.linalg.pinv(hessian.reshape(size, size), rcond=1e-9, hermitian=True)
    change_RP = (weight_RB - 1) @ gradient_BFC.reshape(len(gradient_BFC), size)
    return model.weight_FC[None] - (change_RP @ inverse).reshape(-1, *shape[1:])


def predict(model: Model, x_NF: np.ndarray) -> np.ndarray:
    """The likeliest class of each example."""
    logit_NC = _scaled(x_NF, model.mean_F, model.std_F) @ model.weight_FC
    return logit_NC.argmax(axis=1)


def confusion(
    class_N: np.ndarray, said_N: np.ndarray, weight_N: np.ndarray | None = None
) -> np.ndarray:
    """Weights of the examples by class and answer, float64 ``[classes, classes]``."""
    flat = class_N * NUM_CLASSES + said_N
    count = np.bincount(flat, weight_N, minlength=NUM_CLASSES**2)
    return count.astype(np.float64).reshape(NUM_CLASSES, NUM_CLASSES)


def balanced_accuracy(count_RCC: np.ndarray) -> np.ndarray:
    """Mean recall of the classes ``[R]``; NaN where a class has no example."""
    num_RC = count_RCC.sum(axis=2)
    hits_RC = np.diagonal(count_RCC, axis1=1, axis2=2)
    recall_RC = hits_RC / np.where(num_RC > 0, num_RC, 1)
    return np.where((num_RC > 0).all(axis=1), recall_RC.mean(axis=1), np.nan)


def mcc(count_RCC: np.ndarray) -> np.ndarray:
    """Matthews correlation of several classes ``[R]``; 0 for a constant answer.

    R_K of Gorodkin, Computational Biology and Chemistry 28, 2004, eq. 8. NaN where
    there are fewer than two classes.
    """
    total_R = count_RCC.sum(axis=(1, 2))
    true_RC, said_RC = count_RCC.sum(axis=2), count_RCC.sum(axis=1)
    hits_R = np.trace(count_RCC, axis1=1, axis2=2)
    both_R = hits_R * total_R - (true_RC * said_RC).sum(axis=1)
    vary_R = total_R**2 - (true_RC**2).sum(axis=1)
    vary_said_R = total_R**2 - (said_RC**2).sum(axis=1)
    root_R = np.sqrt(vary_R * np.where(vary_said_R > 0, vary_said_R, 1))
    return np.where(vary_R > 0, both_R / np.where(root_R > 0, root_R, 1), np.nan)


METRICS = {"balanced accuracy": balanced_accuracy, "MCC": mcc}


def _class_weights(class_N: np.ndarray) -> np.ndarray:
    """Weights of examples that sum to 1, and to the same over each class."""
    count_C = np.bincount(class_N, minlength=NUM_CLASSES)
    return 1 / (np.count_nonzero(count_C) * count_C[class_N])


def _scaled(x_NF: np.ndarray, mean_F: np.ndarray, std_F: np.ndarray) -> np.ndarray:
    """Standardised and clipped, with a column of ones behind."""
    z_NF = (x_NF - mean_F[None, :]) / std_F[None, :]
    z_NF = np.clip(z_NF, -MAX_SCORE, MAX_SCORE)
    return np.concatenate([z_NF, np.ones((len(z_NF), 1))], axis=1)
