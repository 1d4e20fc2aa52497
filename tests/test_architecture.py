"""Imports point one way, and no file outgrows its idea."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "marsjax"

# A folder may import from itself and from those on the lines above it.
LAYERS = (
    ("types", "errors"),
    ("config",),
    ("book",),
    ("data",),
    ("synth",),
    ("tokens",),
    ("lmm",),
    ("train",),
    ("market",),
    ("eval",),
    ("plot",),
    ("commands", "__init__"),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """First-level parts of marsjax that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "marsjax":
            found |= {f"marsjax.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name.split(".")[1] for name in found if name.startswith("marsjax.")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for other in imports(path):
        assert RANK[other] <= RANK[part], f"{part} imports {other}, which is above it"


def test_files_stay_short():
    long = {p.name: n for p in FILES if (n := len(p.read_text().splitlines())) > 300}
    assert not long, f"one idea a file: {long}"


def test_no_pickle():
    for path in FILES:
        text = path.read_text()
        assert "import pickle" not in text and "allow_pickle=True" not in text, path


def test_top_level_folders():
    """Nothing at the top level but what the layout names."""
    allowed = {"marsjax", "experiments", "configs", "tests", "notebooks"}
    listed = {
        p.name for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith(".")
    }
    generated = {"build", "marsjax.egg-info", "runs", "marsjax-demo"}
    assert listed - generated <= allowed
