"""The one error users see: what is wrong, where, and what to do."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Bad input, in one line: ``file:line: what is wrong; what to do``.

    The command line prints the message and exits with code 2.

    Args:
      what: what is wrong.
      remedy: what the user can do about it.
      file: the file at fault, if there is one.
      line: line number in that file, counted from 1 (a header is line 1).
    """

    def __init__(
        self,
        what: str,
        remedy: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
    ):
        self.what, self.file, self.line = what, file, line
        where = "" if file is None else f"{file}:{line}: " if line else f"{file}: "
        super().__init__(" ".join(f"{where}{what}; {remedy}".split()))


@contextmanager
def exit_on_input_error() -> Iterator[None]:
    """Print an `InputError` as one line on standard error and exit with code 2.

    An interrupt is one line too, with the shell's exit codes (130 and 143), and unwinds
    the stack on its way, so that nothing half-written stays behind.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main:
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)
