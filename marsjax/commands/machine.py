"""What a figure was measured on, and holding the process to one core."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax


def cpu_model() -> str:
    """The processor's name as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def device_name() -> str:
    """What jax computes on: the accelerator's name, else the processor's."""
    device = jax.devices()[0]
    return cpu_model() if device.platform == "cpu" else device.device_kind


@contextmanager
def held_to_one_core(is_wanted: bool) -> Iterator[bool]:
    """Keep to one core all threads that start from now on; yields whether it could.

    Enter it before jax computes anything, or jax's threads run where they like.
    """
    if not is_wanted or not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def make_cpu_mesh(num_devices: int) -> jax.sharding.Mesh | None:
    """So many host devices to divide books over; ``None`` for one.

    Raises:
      RuntimeError: jax has started with fewer.
    """
    if num_devices == 1:
        return None
    jax.config.update("jax_num_cpu_devices", num_devices)
    devices = jax.devices("cpu")[:num_devices]
    return jax.make_mesh((num_devices,), ("books",), devices=devices)
