"""Training and evaluation of the order model."""

from marsjax.train.baselines import Baselines, fit_baselines
from marsjax.train.bootstrap import Interval, intervals
from marsjax.train.checkpoint import Checkpoint, load_checkpoint
from marsjax.train.data import Dataset, read_dataset
from marsjax.train.evaluate import Scores, nats
from marsjax.train.loop import train
from marsjax.train.report import evaluate

__all__ = [
    "Baselines",
    "Checkpoint",
    "Dataset",
    "Interval",
    "Scores",
    "evaluate",
    "fit_baselines",
    "intervals",
    "load_checkpoint",
    "nats",
    "read_dataset",
    "train",
]
