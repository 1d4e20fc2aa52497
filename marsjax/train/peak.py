"""What a device could do at most: of known accelerators by table, else measured."""

import statistics
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp

DENSE = {
    # NVIDIA H100 and H200 data sheets: BF16 and TF32 tensor cores, without sparsity.
    "NVIDIA H100 80GB HBM3": (989.4e12, 494.7e12),
    "NVIDIA H100 PCIe": (756.5e12, 378.2e12),
    "NVIDIA H200": (989.4e12, 494.7e12),
    # NVIDIA A100 data sheet.
    "NVIDIA A100-SXM4-40GB": (312e12, 156e12),
    "NVIDIA A100-SXM4-80GB": (312e12, 156e12),
    "NVIDIA A100-PCIE-40GB": (312e12, 156e12),
    "NVIDIA A100 80GB PCIe": (312e12, 156e12),
    # Cloud TPU documentation, per chip; float32 products are one pass of bfloat16 by
    # default.
    "TPU v4": (275e12, 275e12),
    "TPU v5 lite": (197e12, 197e12),
    "TPU v5": (459e12, 459e12),
    "TPU v5p": (459e12, 459e12),
    "TPU v6 lite": (918e12, 918e12),
}
"""Dense peak in FLOP/s by ``device_kind``: with bfloat16, and with float32 as JAX
multiplies it by default (on NVIDIA tensor cores as TF32)."""

SIDE = 1_024
"""Of the square matrices whose product is timed."""

SECONDS = 0.5
"""For how long."""


class Peak(NamedTuple):
    """FLOP/s of all devices of a run together, and where the figure is from."""

    flops: float
    source: str


def known_peak(dtype: str, num_devices: int = 1) -> Peak | None:
    """Of accelerators in the table; None: of no known kind."""
    kind = jax.devices()[0].device_kind
    if kind not in DENSE:
        return None
    flops = DENSE[kind][dtype != "bfloat16"]
    return Peak(flops * num_devices, f"{kind}, data sheet, {dtype}")


def measured_peak(dtype: str, num_devices: int = 1) -> Peak:
    """The rate of one large product, timed here and now: the median of half a second.

    On a CPU always of float32, which it computes fastest, and of the whole machine
    however many devices it is made to look like.
    """
    is_cpu = jax.default_backend() == "cpu"
    x = jnp.ones((SIDE, SIDE), jnp.float32 if is_cpu else dtype)
    product = jax.jit(jnp.matmul)
    product(x, x).block_until_ready()
    seconds, end = [], time.perf_counter() + SECONDS
    while len(seconds) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        product(x, x).block_until_ready()
        seconds.append(time.perf_counter() - began)
    flops = 2 * SIDE**3 / statistics.median(seconds) * (1 if is_cpu else num_devices)
    return Peak(flops, f"{jax.devices()[0].device_kind}, product of {SIDE}, {x.dtype}")


def find_peak(dtype: str, num_devices: int = 1, *, measure: bool) -> Peak | None:
    """By table, else measured if ``measure``, else None."""
    peak = known_peak(dtype, num_devices)
    return measured_peak(dtype, num_devices) if peak is None and measure else peak
