"""An array file that grows: rows are appended, and nothing is held in memory."""

from pathlib import Path

import numpy as np


class RowWriter:
    """Writes ``[T, width]`` to an ``.npy`` file, some rows at a time.

    numpy leaves room in the header for the first axis to grow, so that the number of
    rows is written last, over the one that stands there (numpy.lib.format). Use it in a
    ``with`` statement.
    """

    def __init__(self, path: Path, dtype: np.dtype, width: int):
        self.dtype, self.width, self.rows = np.dtype(dtype), width, 0
        self._file = path.open("wb")
        self._write_header()

    def append(self, rows: np.ndarray) -> None:
        """Adds ``[t, width]`` of the writer's dtype."""
        if rows.dtype != self.dtype or rows.shape[1:] != (self.width,):
            expected = f"{self.dtype} [t, {self.width}]"
            raise ValueError(f"rows are {rows.dtype} {rows.shape}, not {expected}")
        self._file.write(np.ascontiguousarray(rows).data)
        self.rows += len(rows)

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.rows, self.width),
        }
        np.lib.format.write_array_header_1_0(self._file, header)
