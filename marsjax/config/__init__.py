"""Frozen dataclasses for every experiment, and their JSON.

A config file is a Python module ``configs/X.py`` that holds ``config``: a
:class:`Config`, or a function that returns one.
"""

from marsjax.config.experiment import Config
from marsjax.config.load import load_config
from marsjax.config.mesh import HostsConfig, MeshConfig
from marsjax.config.model import ModelConfig
from marsjax.config.text import from_json, to_json
from marsjax.config.train import TrainConfig

__all__ = [
    "Config",
    "HostsConfig",
    "MeshConfig",
    "ModelConfig",
    "TrainConfig",
    "from_json",
    "load_config",
    "to_json",
]
