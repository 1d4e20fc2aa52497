"""The two sides of an evaluation, from stores or from folders of LOBSTER files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from marsjax.commands.seen import training_spans
from marsjax.data.leakage import check_unseen
from marsjax.data.manifest import MANIFEST
from marsjax.data.store_read import iter_store
from marsjax.errors import InputError
from marsjax.eval.bar_batch import Bars, join_bars
from marsjax.eval.bars import bars_from_store, bars_from_windows
from marsjax.eval.cut import join
from marsjax.eval.extract import of_symbols, windows_from_store
from marsjax.eval.lobster_windows import windows_from_lobster
from marsjax.eval.windows import Windows

SUMMARY = "simulation.json"
"""Where `marsjax simulate` notes what the model was trained on."""


@dataclass
class Loaded:
    """Windows and bars of one side, and where they are from."""

    paths: tuple[Path, ...]
    windows: Windows
    bars: Bars
    notes: list[str] = field(default_factory=list)
    is_store: bool = True

    @property
    def stores(self) -> list[Path]:
        """Those of the paths that are stores."""
        return [path for path in self.paths if (path / MANIFEST).is_file()]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Instruments of the windows."""
        return tuple(dict.fromkeys(g.rpartition("/")[0] for g in self.windows.group_B))

    def about(self) -> dict:
        """What the report says of this side."""
        return {
            "paths": [str(path) for path in self.paths],
            "symbols": list(self.symbols),
            "windows": self.windows.num_windows,
            "messages": int(self.windows.used_BT.sum()),
            "tapes": len(np.unique(self.windows.tape_B)),
        }

    def spans(self, checkpoint: Path | None) -> list[dict]:
        """What the generator of these windows was trained on."""
        if checkpoint is not None:
            return training_spans(checkpoint)
        found = []
        for path in self.paths:
            summary = path / SUMMARY
            if summary.is_file():
                try:
                    found += json.loads(summary.read_text()).get("trained_on", [])
                except (ValueError, AttributeError):
                    raise InputError(
                        "cannot be read", "simulate again", file=summary
                    ) from None
        return found


def load_generated(
    paths: Sequence[Path], length: int, most: int, bar_s: float, seed: int, progress_fn
) -> Loaded:
    """Windows of all paths together, an equal number of each where there are more."""
    notes: list[str] = []
    share = -(-most // len(paths))
    windows, bars = [], []
    for path in paths:
        if (path / MANIFEST).is_file():
            windows.append(
                windows_from_store(
                    path,
                    length=length,
                    max_windows=share,
                    seed=seed,
                    progress_fn=progress_fn,
                    note_fn=notes.append,
                )
            )
            bars.append(bars_from_store(path, bar_s))
        else:
            windows.append(
                windows_from_lobster(
                    path,
                    length,
                    which="gen" if (path / "data_gen").is_dir() else None,
                    max_windows=share,
                    seed=seed,
                    progress_fn=progress_fn,
                    note_fn=notes.append,
                )
            )
            bars.append(bars_from_windows(windows[-1], bar_s))
    return Loaded(tuple(paths), join(windows), join_bars(bars), notes)


def load_reference(
    path: Path,
    *,
    part: str | None,
    symbols: Sequence[str],
    length: int,
    most: int,
    bar_s: float,
    seed: int,
    spans: list[dict],
    allow_trained: bool,
    progress_fn,
) -> Loaded:
    """Real windows, which the generator must not have seen.

    Raises:
      InputError: no window, or the generator was trained on what is to be scored.
    """
    notes: list[str] = []
    options = {"max_windows": most, "seed": seed, "progress_fn": progress_fn}
    if not (path / MANIFEST).is_file():
        which = "real" if (path / "data_real").is_dir() else None
        windows = windows_from_lobster(
            path, length, which=which, note_fn=notes.append, **options
        )
        notes.append("a LOBSTER folder has no split: what the model saw is not checked")
        bars = bars_from_windows(windows, bar_s)
        return Loaded((path,), windows, bars, notes, is_store=False)
    tapes = iter_store(path)
    known = {entry["symbol"] for entry in tapes.entries}
    chosen = [symbol for symbol in symbols if symbol in known] or sorted(known)
    for tape in of_symbols(tapes, chosen):
        rows = (0, len(tape.messages)) if part is None else tape.split[part]
        if not allow_trained and rows[0] < rows[1]:
            check_unseen(
                spans,
                tape,
                rows=rows,
                remedy="score another part or symbol, or pass --allow-trained",
            )
    windows = windows_from_store(
        path,
        length=length,
        part=part,
        symbols=chosen,
        note_fn=notes.append,
        **options,
    )
    bars = bars_from_store(path, bar_s, part=part, symbols=chosen)
    return Loaded((path,), windows, bars, notes)
