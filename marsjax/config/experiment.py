"""An experiment: a model and how it is trained."""

from dataclasses import dataclass, field

from marsjax.config.model import ModelConfig
from marsjax.config.train import TrainConfig


@dataclass(frozen=True)
class Config:
    """A model and how it is trained."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
