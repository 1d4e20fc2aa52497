"""Strict settings and fixtures every test uses."""

from pathlib import Path

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tapes and conformance cases beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real tapes and conformance cases in {SHARED}")
    return SHARED
