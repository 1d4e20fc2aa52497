"""The scalars of a run as TensorBoard events, beside its JSON lines."""

import importlib.util
from pathlib import Path
from typing import Protocol

from marsjax.errors import InputError


class Writer(Protocol):
    """What is used of ``tensorboardX.SummaryWriter``."""

    def add_scalar(self, tag: str, value: float, step: int) -> None: ...

    def close(self) -> None: ...


def check_installed() -> None:
    """Raises InputError where tensorboardX, an optional dependency, is missing."""
    if importlib.util.find_spec("tensorboardX") is None:
        raise InputError(
            "TensorBoard events need tensorboardX, which is not installed",
            'pip install "marsjax[tensorboard]", or train without --tensorboard: '
            "metrics.jsonl holds the same figures",
        )


def open_writer(directory: Path, step: int) -> Writer:
    """A writer of events into ``directory``; those after ``step`` there are void.

    Raises:
      InputError: as :func:`check_installed`.
    """
    check_installed()
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(directory), purge_step=step + 1)
