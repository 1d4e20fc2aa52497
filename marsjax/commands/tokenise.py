"""Stores of tapes as the datasets of a run: the one to train on, and those mixed in."""

from collections.abc import Sequence
from pathlib import Path

from marsjax.commands.console import late_bar, say
from marsjax.commands.seen import check_part
from marsjax.data import iter_store
from marsjax.data.leakage import spans_of
from marsjax.errors import InputError
from marsjax.tokens.dataset import write_dataset
from marsjax.tokens.tokenizer import Tokenizer, from_json
from marsjax.tokens.views import TICKS, View, view_of
from marsjax.train import load_checkpoint, read_dataset
from marsjax.train.data import data_record
from marsjax.train.evaluate import can_score
from marsjax.train.folder import MIX
from marsjax.train.load import tokenizer_of
from marsjax.train.shipped import find_model


def weigh(mix: Sequence[Path], weights: Sequence[float]) -> list[float]:
    """A weight a store: those given, or 1 each.

    Raises:
      InputError: there are others than stores.
    """
    if weights and len(weights) != len(mix):
        raise InputError(
            f"--mix-weights has {len(weights)} weights of {len(mix)} stores",
            "give one a store of --mix, or none for 1 each",
        )
    return list(weights) or [1.0] * len(mix)


def tokenise(
    data: Path,
    mix: Sequence[Path],
    out: Path,
    *,
    keep: bool = False,
    tokenizer: Path | None = None,
    view: View = TICKS,
) -> None:
    """Writes ``OUT/dataset`` and ``OUT/mix-0``, ...

    Args:
      data: the store to learn and to be scored on.
      mix: stores to learn from as well, tokenised with the tokenizer of the first.
      out: folder of the run.
      keep: leave the datasets that are there: of a run that goes on.
      tokenizer: a checkpoint whose tokenizer to use; None: one is fitted on ``data``.
      view: of a tokenizer that is fitted.

    Raises:
      InputError: a store cannot be read, or ``tokenizer`` is of another view.
    """
    folder = out / "dataset"
    if not (keep and folder.is_dir()):
        found = None if tokenizer is None else _tokenizer(tokenizer, view)
        _write(data, folder, found, view)
    for store, more in zip(mix, mix_folders(out, mix), strict=True):
        if not (keep and more.is_dir()):
            file = folder / "tokenizer.json"
            _write(store, more, from_json(file.read_text(), file), view)


def mix_folders(out: Path, mix: Sequence[Path]) -> list[Path]:
    """Where the dataset of each store of ``mix`` lies."""
    return [out / f"{MIX}{i}" for i in range(len(mix))]


def lacking(folder: Path, mix: Sequence[Path], init: Path | None) -> str:
    """Parts of a dataset without orders, which leave nothing to score.

    Args:
      folder: the dataset to be scored on.
      mix: datasets that are learned from as well.
      init: the checkpoint that training begins with.

    Raises:
      InputError: what would be scored is learned from, or ``init`` has learned from it.
    """
    dataset = read_dataset(folder)
    parts = [part for part in ("valid", "test") if not can_score(dataset, part)]
    # Before hours of training, and not after them.
    seen = data_record([(read_dataset(each), 1.0) for each in (folder, *mix)])
    if init is not None:
        seen += load_checkpoint(find_model(init)).meta.get("data") or []
    for part in {"valid", "test"} - set(parts):
        check_part(spans_of(seen), dataset, part)
    told = " and no ".join(f"{part} part" for part in parts)
    if told:
        say(f"note: the store has no {told}: the model will not be scored")
    return told


def _tokenizer(path: Path, view: View) -> Tokenizer:
    """The tokenizer of a checkpoint, of orders, and of ``view`` where one was asked."""
    checkpoint = load_checkpoint(find_model(path))
    tokenizer = tokenizer_of(checkpoint)
    if view_of(tokenizer.schema) != view and view != TICKS:
        raise InputError(
            f"has a tokenizer of {tokenizer.schema.name}, not {view.schema.name}",
            "leave out --book and --merge-cancels: its own count",
            file=checkpoint.path,
        )
    return tokenizer


def _write(store: Path, folder: Path, tokenizer: Tokenizer | None, view: View) -> None:
    tapes = iter_store(store)
    with late_bar() as report:
        info = write_dataset(
            tapes,
            folder,
            view=view,
            tokenizer=tokenizer,
            progress_fn=lambda name, n, total: report(f"tokens {name}", n, total),
        )
    say(f"{info['num_orders']:,} orders of {len(tapes)} tapes in {folder}")
    for tape, reasons in info["left_out"].items():
        for reason, count in reasons.items():
            if count:
                say(f"note: {tape}: {count:,} rows left out: {reason}")
