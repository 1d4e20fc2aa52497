"""Every notebook runs from top to bottom, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Files, not ports: nothing of ours listens on a network.
RUN = """
import sys, nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
manager = AsyncKernelManager(kernel_name="this", transport="ipc")
NotebookClient(notebook, km=manager, timeout=300).execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_notebook_runs(path, tmp_path):
    # The kernel must be this interpreter, whatever else is installed.
    kernel = tmp_path / "kernels/this/kernel.json"
    kernel.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(
        json.dumps({"argv": command, "display_name": "this", "language": "python"})
    )
    done = subprocess.run(
        [sys.executable, "-c", RUN, path, tmp_path / "out.ipynb"],
        cwd=tmp_path,  # where the kernel puts its sockets
        env={**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    cells = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert not any("def " in "".join(cell["source"]) for cell in cells)
