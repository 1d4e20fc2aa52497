"""The compilation cache of the command line."""

import subprocess
import sys

SCRIPT = """
import jax, marsjax.commands.cache as cache
folder = cache.keep_compilations()
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.jit(lambda x: x * 3 + 1)(4).block_until_ready()
print(folder)
"""


def run(**env):
    import os

    env = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMP")} | env
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_compilations_are_kept_in_the_users_cache(tmp_path):
    folder = run(XDG_CACHE_HOME=str(tmp_path))
    assert folder.startswith(str(tmp_path / "marsjax"))
    assert any(path.is_file() for path in tmp_path.rglob("*"))


def test_the_user_decides(tmp_path):
    none = run(XDG_CACHE_HOME=str(tmp_path), JAX_COMPILATION_CACHE_DIR="")
    assert none == "None" and not any(tmp_path.iterdir())
