"""Books draw themselves in a notebook."""

import sys

import jax
import numpy as np

from marsjax.book import Book, StreamResult


def register() -> bool:
    """Let IPython, if it runs, show a `Book` and a `StreamResult` as pictures.

    The text they have as well stays what it is. A batch of books has no picture, nor
    has a book whose arrays were donated or are being traced: those show as text.

    Returns:
      whether IPython runs.
    """
    # Nobody who is not in a notebook should wait for an import of IPython.
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return False
    formatter = shell.display_formatter.formatters["image/png"]
    formatter.for_type(Book, book_png)
    formatter.for_type(StreamResult, result_png)
    return True


def book_png(book: Book) -> bytes | None:
    """A picture of one book; ``None`` where there is no one book to show."""
    return _png(book) if _is_one(book) else None


def result_png(result: StreamResult) -> bytes | None:
    """A picture of the book after a stream and of its last trades."""
    if not _is_one(result.book) or np.ndim(result.events.kind) != 1:
        return None
    return _png(result.book, result.events)


def _is_one(book: Book) -> bool:
    """Whether this is a single book with values to look at."""
    leaves = jax.tree.leaves(book)
    if any(isinstance(x, jax.core.Tracer | jax.ShapeDtypeStruct) for x in leaves):
        return False
    if any(isinstance(x, jax.Array) and x.is_deleted() for x in leaves):
        return False
    return np.ndim(book.status) == 0


def _png(book: Book, events=None) -> bytes:
    # Matplotlib is not loaded before there is something to draw.
    from marsjax.plot.snapshot import picture_of

    return picture_of(book, events)._repr_png_()
