"""Books draw themselves where IPython runs, and nothing happens where it does not."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.book import Book, StreamResult, init, run
from marsjax.plot.notebook import book_png, register, result_png
from marsjax.types import Kind, Message

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def result():
    rows = [(Kind.LIMIT, 0, 100, 5, 1, 0), (Kind.IOC, 1, 100, 2, 2, 0)]
    return run(init(16), Message(*np.array(rows, np.int32).T))


@pytest.fixture
def formatter(monkeypatch):
    """The display formatter of a shell that seems to run."""
    ipython = pytest.importorskip("IPython", reason="needs IPython")
    from IPython.core.formatters import DisplayFormatter

    shown = DisplayFormatter()
    shell = SimpleNamespace(display_formatter=shown)
    monkeypatch.setattr(ipython, "get_ipython", lambda: shell)
    return shown


def test_a_book_and_a_stream_are_shown_as_pictures(formatter, result):
    assert register()
    for shown in (result.book, result):
        data, _ = formatter.format(shown)
        assert data["image/png"].startswith(PNG)
        assert "text/plain" in data and "text/html" not in data


def test_the_text_stays_as_it_was(formatter, result):
    before, _ = formatter.format(result.book)
    register()
    after, _ = formatter.format(result.book)
    assert set(before) == {"text/plain"}
    assert after["text/plain"] == before["text/plain"]


def test_registering_twice_does_no_harm(formatter, result):
    assert register() and register()
    assert formatter.format(result.book)[0]["image/png"].startswith(PNG)


def test_a_batch_is_shown_as_text(formatter, result):
    register()
    many = jax.tree.map(lambda x: jnp.stack([x] * 2), result.book)
    data, _ = formatter.format(many)
    assert set(data) == {"text/plain"} and "Book(" in data["text/plain"]
    data, _ = formatter.format(result._replace(book=many))
    assert set(data) == {"text/plain"}
    assert book_png(many) is None and result_png(result._replace(book=many)) is None


def test_without_values_there_is_no_picture(result):
    assert book_png(jax.eval_shape(lambda: result.book)) is None
    seen = []
    jax.jit(lambda book: seen.append(book_png(book)))(result.book)
    assert seen == [None]
    gone = jax.tree.map(jnp.array, result.book)
    gone.next_seq.delete()
    assert book_png(gone) is None
    assert result_png(result._replace(book=gone)) is None


def test_a_stream_shows_its_trades(result, monkeypatch):
    seen = []
    import marsjax.plot.snapshot as snapshot

    real = snapshot.picture_of
    monkeypatch.setattr(
        snapshot, "picture_of", lambda *args: seen.append(args) or real(*args)
    )
    assert result_png(result).startswith(PNG)
    assert book_png(result.book).startswith(PNG)
    assert [len(args) for args in seen] == [2, 2]
    assert seen[0][1] is result.events and seen[1][1] is None


def test_nothing_happens_where_ipython_does_not_run(monkeypatch):
    ipython = pytest.importorskip("IPython", reason="needs IPython")
    monkeypatch.setattr(ipython, "get_ipython", lambda: None)
    assert not register()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not register()
    assert "IPython" not in sys.modules
    assert not hasattr(Book, "_repr_html_") and not hasattr(StreamResult, "_repr_png_")


def test_in_a_real_shell(tmp_path):
    """`display` of a kernel-like shell, in a process of its own."""
    pytest.importorskip("IPython", reason="needs IPython")
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from marsjax.book import init
from marsjax.plot.notebook import register
assert register()
shell.display_formatter.active_types = ["text/plain", "image/png"]
data, _ = shell.display_formatter.format(init(4))
assert data["image/png"][:4] == b"\\x89PNG", data
print("shown")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip().endswith("shown"), done.stderr[-2000:]
