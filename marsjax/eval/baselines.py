"""What always stands beside a model: generators that know little of the market.

- ``replay``: other real windows of the same instruments; what a perfect model of the
  training part would show on another part.
- ``iid``: the real book, and messages drawn independently (`baselines_iid`).
- ``zi``, ``hawkes``, ``queue``: synthetic markets fitted to the training part, from
  openings of their own (`baselines_fitted`).

Each gives as many windows as the reference has, of the same length and groups, and all
but ``replay`` begin at the same moments. Nothing is taken from the part that the
reference is of.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marsjax.data.store_read import iter_store
from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.eval import baselines_fitted as fitted
from marsjax.eval.baselines_iid import SOURCE, iid_tapes
from marsjax.eval.baselines_pool import pool_of
from marsjax.eval.baselines_start import moments_of, to_windows
from marsjax.eval.cut import join
from marsjax.eval.extract import of_symbols, windows_from_store
from marsjax.eval.windows import Windows
from marsjax.synth.markets import MARKETS

FITTED = ("zi", "hawkes", "queue")
BASELINES = ("replay", "iid", *FITTED)
"""Names of the baselines."""

ProgressFn = Callable[[str, int, int], None]


class Baseline(NamedTuple):
    """What a baseline made.

    Attributes:
      name: one of `BASELINES`. title: for tables.
      windows: as the reference's.
      tapes: what they are of, ready for a store; none of ``replay``.
      notes: what to know of it.
    """

    name: str
    title: str
    windows: Windows
    tapes: tuple[Tape, ...]
    notes: tuple[str, ...]


def make_baseline(
    name: str,
    directory: str | Path,
    reference: Windows,
    *,
    part: str = "train",
    seed: int = 0,
    progress_fn: ProgressFn | None = None,
) -> Baseline:
    """Windows of a baseline beside those of the reference.

    Args:
      name: one of `BASELINES`.
      directory: the store that the reference's windows are of.
      reference: B windows of T messages.
      part: what the baseline may know; not the reference's own part.
      seed: of its draws.
      progress_fn: called with what is being made, how much is done and of how much.

    Raises:
      InputError: an unknown name, no message in that part, or what a fit refuses.
    """
    if name not in BASELINES:
        raise InputError(f"no baseline {name!r}", f"use {', '.join(BASELINES)}")
    if name == "replay":
        return _replay(directory, reference, part, seed)
    length = reference.type_BT.shape[1]
    is_iid = name == "iid"
    moments, books = moments_of(
        directory, reference, with_books=is_iid, progress_fn=progress_fn
    )
    symbols = list(dict.fromkeys(moment.symbol for moment in moments))
    notes = []
    if is_iid:
        title = SOURCE
        pools = {s: pool_of(_tapes_of(directory, s, part), part) for s in symbols}
        tapes = iid_tapes(moments, books, pools, length, seed)
        left_out = sum(pool.num_left_out for pool in pools.values())
        num = sum(len(pool.type_N) for pool in pools.values())
        notes.append(f"drawn from {num:,} messages, {left_out:,} left out")
    else:
        market = MARKETS[name]
        title, tapes = market.title, [None] * len(moments)
        for done, symbol in enumerate(symbols, start=1):
            of_symbol = [m for m in moments if m.symbol == symbol]
            known = _tapes_of(directory, symbol, part)
            params, _ = fitted.fit_market(market, known, part)
            made = fitted.fitted_tapes(market, params, of_symbol, length, seed)
            for moment, tape in zip(of_symbol, made, strict=True):
                tapes[moment.number] = tape
            if progress_fn is not None:
                progress_fn(title, done, len(symbols))
    windows = to_windows(tapes, length)
    notes += _told(tapes, windows, reference)
    return Baseline(name, title, windows, tuple(tapes), tuple(notes))


def _replay(directory, reference: Windows, part: str, seed: int) -> Baseline:
    symbol_B = _symbols(reference)
    found, notes = [], []
    for symbol in dict.fromkeys(symbol_B.tolist()):
        wanted = reference.group_B[symbol_B == symbol]
        windows = windows_from_store(
            directory,
            length=reference.type_BT.shape[1],
            part=part,
            symbols=[symbol],
            max_windows=len(wanted),
            seed=seed,
        )
        num = windows.num_windows
        if num < len(wanted):
            notes.append(f"{symbol}: {num} windows of the {len(wanted)} wanted")
        found.append(windows._replace(group_B=wanted[:num]))
    title = "replay of other real windows"
    return Baseline("replay", title, join(found), (), tuple(notes))


def _symbols(reference: Windows) -> np.ndarray:
    """Instrument of each window, from its group."""
    return np.array([group.rpartition("/")[0] for group in reference.group_B])


def _tapes_of(directory: str | Path, symbol: str, part: str) -> Sequence[Tape]:
    """The tapes of an instrument that have messages in a part."""
    tapes = of_symbols(iter_store(directory), [symbol])
    lengths = (np.diff(entry["split"][part])[0] for entry in tapes.entries)
    return [tapes[i] for i, length in enumerate(lengths) if length]


def _told(tapes: Sequence[Tape], windows: Windows, reference: Windows) -> list[str]:
    """What the tapes say, each thing once."""
    notes = []
    lost = sum(tape.counts["no order to cancel"] for tape in tapes)
    if lost:
        notes.append(f"{lost:,} messages had no order to cancel and are left out")
    beyond = sum("beyond the end" in " ".join(tape.notes) for tape in tapes)
    if beyond:
        notes.append(f"{beyond} windows run beyond the end of trading")
    if windows.num_windows < reference.num_windows:
        notes.append(f"{windows.num_windows} windows of {reference.num_windows}")
    return notes
