"""Whether a model is about to be scored on what it was trained on."""

from pathlib import Path

from marsjax.commands.console import say
from marsjax.data.leakage import Scored, check_unseen, spans_of
from marsjax.errors import InputError
from marsjax.market import Start
from marsjax.market.summary import real_orders
from marsjax.train.checkpoint import META, find_checkpoint, read_meta
from marsjax.train.data import Dataset
from marsjax.train.shipped import find_model


def training_spans(path: Path) -> list[dict]:
    """What the checkpoint that `marsjax.load` takes of ``path`` was trained on."""
    path = find_model(path)
    is_checkpoint = (path / META).is_file()
    found = path if is_checkpoint else find_checkpoint(path, ("best", "latest"))
    record = None if found is None else read_meta(found).get("data")
    if record is None:
        say(f"note: {path} does not say what it was trained on")
    return spans_of(record or [])


def check_compared(spans: list[dict], start: Start, num_orders: int) -> None:
    """Refuses a start whose following orders, which are compared with, were seen.

    Args:
      spans: what the model was trained on.
      start: from a tape of a store.
      num_orders: orders to compare with at most.
    """
    num = len(real_orders(start, num_orders)[0].type)
    first = int((start.observed.row < start.row).sum())
    rows = start.observed.row[first : first + num]
    if num:
        check_unseen(
            spans,
            start.tape,
            rows=(int(rows[0]), int(rows[-1]) + 1),
            remedy="start where the test part begins, or pass --compare-trained",
        )


def check_part(spans: list[dict], dataset: Dataset, part: str) -> None:
    """Refuses a part of a dataset that holds what a model has seen.

    The part itself may be asked for by its name; what its tapes share with other parts
    of other tapes may not.
    """
    for name, record in dataset.info.get("tapes", {}).items():
        times = (record.get("split_time") or {}).get(part)
        rows = (record.get("split") or {}).get(part)
        if times is None or rows is None or rows[0] == rows[1]:
            continue
        files = tuple(file["sha256"] for file in record.get("files", []))
        hashes = tuple(record.get("hashes") or files)
        tape = Scored(name, record["symbol"], record["date"], hashes, record["source"])
        end = times[1][0] * 10**9 + times[1][1] - 1
        try:
            check_unseen(
                spans, tape, times=(times[0], divmod(end, 10**9)), allow=(part,)
            )
        except InputError as error:
            raise InputError(
                error.what,
                "prepare each day of an instrument once, or hold the symbol out",
                file=dataset.path,
            ) from None
