"""Every notebook runs from top to bottom."""

import json
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]


@pytest.mark.filterwarnings("ignore")  # the kernel's own machinery warns, not ours
@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_notebook_runs(path, tmp_path, monkeypatch):
    # The kernel must be this interpreter, whatever else is installed.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    kernel = tmp_path / "kernels/this/kernel.json"
    kernel.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(
        json.dumps({"argv": command, "display_name": "this", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    # Files, not ports: nothing of ours listens on a network.
    manager = AsyncKernelManager(kernel_name="this", transport="ipc")
    NotebookClient(notebook, km=manager, timeout=300).execute()
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 2
