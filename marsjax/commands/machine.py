"""What a figure was measured on: the machine, its memory, the cores in use."""

import os
import platform
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import jax
import numpy as np

from marsjax.market.chunk import market_mesh

BYTES_PER_S = {
    # NVIDIA data sheets.
    "NVIDIA H100 80GB HBM3": 3.35e12,
    "NVIDIA H100 PCIe": 2.0e12,
    "NVIDIA H200": 4.8e12,
    "NVIDIA A100-SXM4-40GB": 1.555e12,
    "NVIDIA A100-SXM4-80GB": 2.039e12,
    "NVIDIA A100-PCIE-40GB": 1.555e12,
    "NVIDIA A100 80GB PCIe": 1.935e12,
}
"""Memory bandwidth by ``device_kind``."""


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


def make_devices(num_devices: int) -> jax.sharding.Mesh | None:
    """So many devices to divide markets over, host devices on a CPU; None for one.

    Enter it before jax computes anything.

    Raises:
      InputError: there are fewer.
    """
    if num_devices == 1:
        return None
    # Jax that has started refuses, but may have enough; accelerators are as they are.
    with suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", num_devices)
    return market_mesh(num_devices)


def memory_bandwidth() -> tuple[float, str] | None:
    """Bytes a second and where the figure is from; None: of no known device."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return copy_bandwidth(), "copy of 64 MiB a core, measured, reads and writes"
    if device.device_kind in BYTES_PER_S:
        return BYTES_PER_S[device.device_kind], "data sheet"
    return None


def copy_bandwidth(megabytes: int = 64, repeats: int = 5) -> float:
    """Bytes read and written a second by all cores that copy: the best of a few.

    Args:
      megabytes: MiB that each core copies.
      repeats: copies.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    sources = [np.ones(megabytes << 20, np.uint8) for _ in range(cores)]
    copies = [np.ones_like(source) for source in sources]
    best = np.inf
    with ThreadPoolExecutor(cores) as pool:
        for _ in range(repeats):
            began = time.perf_counter()
            list(pool.map(np.copyto, copies, sources))
            best = min(best, time.perf_counter() - began)
    return 2 * sum(source.nbytes for source in sources) / best
