"""Strict settings and fixtures every test uses."""

import os
import shutil
import tempfile
from pathlib import Path

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config):
    """Workers and the commands they start share what they compile; nothing else does.

    The folder is new each time, so that a run tests what this code compiles to.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    config.compiled = tempfile.mkdtemp(prefix="marsjax-compiled-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = config.compiled
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.3"
    jax.config.update("jax_compilation_cache_dir", config.compiled)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def pytest_unconfigure(config):
    """Removes it."""
    if hasattr(config, "compiled"):
        del os.environ["JAX_COMPILATION_CACHE_DIR"]
        shutil.rmtree(config.compiled, ignore_errors=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tapes and conformance cases beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real tapes and conformance cases in {SHARED}")
    return SHARED
