"""An experiment: a model, how it is trained, and over which devices."""

from dataclasses import dataclass, field

from marsjax.config.mesh import MeshConfig
from marsjax.config.model import ModelConfig
from marsjax.config.train import TrainConfig


@dataclass(frozen=True)
class Config:
    """A model, how it is trained, and over which devices."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    mesh: MeshConfig = field(default_factory=MeshConfig)
