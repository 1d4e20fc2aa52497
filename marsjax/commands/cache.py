"""Keeps what was compiled, so that the next command does not compile it again."""

import hashlib
import os
import platform
from pathlib import Path

import jax
import jaxlib

_SLOW_S = 0.3  # what compiles faster is not worth a file


def keep_compilations() -> Path | None:
    """Turns on jax's persistent compilation cache for this process.

    The files are machine code for this processor and this jaxlib, so each has a folder
    of its own under ``$XDG_CACHE_HOME/marsjax`` (``~/.cache/marsjax``). They may be
    deleted at any time.

    Returns:
      The folder; ``None`` where ``JAX_COMPILATION_CACHE_DIR`` says otherwise (empty:
      keep nothing) or no folder can be made.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = f"jaxlib-{jaxlib.__version__}-{_processor()}"
    folder = Path(home) / "marsjax" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _SLOW_S)
    return folder


def _processor() -> str:
    """What tells processors apart that run different machine code."""
    told = f"{platform.machine()} {platform.processor()}"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        told += "".join(
            sorted({x for x in lines if x.startswith(("flags", "model n"))})
        )
    except OSError:  # not Linux: the name has to do
        pass
    return hashlib.sha256(told.encode()).hexdigest()[:12]
