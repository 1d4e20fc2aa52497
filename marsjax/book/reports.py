"""Conformance reports: run cases of messages, write what the exchange reports.

``python -m marsjax.book.reports INPUT.jsonl[.gz] --out OUT.jsonl [--slots N]``

Each input line is a case, ``{"case": name, "msgs": [[type, side, ioc, qty, seq,
order_id, price], ...]}`` with type 0 a new limit order, 1 a cancel, 2 a modify (always
cancel and reinsert here). Each output line holds ``case``, ``reports`` (lines
``0,seq,side,id,price,qty`` new | ``1,seq,price,qty,maker_id,taker_id`` trade |
``2,seq,side,id,price`` cancel | ``3,seq,side,id,price,qty`` modify |
``4,seq,id`` cancel rejected | ``5,seq,id`` modify rejected |
``6,seq,id,reason`` new order, or the rest of it, rejected) and ``state`` (best bid,
best ask and their quantities after each message).
"""

import gzip
import json
import os
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from marsjax.book.integers import to_int32
from marsjax.book.rules import rules
from marsjax.book.state import init
from marsjax.book.stream import StreamResult, run
from marsjax.book.views import quote
from marsjax.errors import InputError, exit_on_input_error
from marsjax.types import EventKind, Kind, Message

_NEW, _CANCEL, _MODIFY = 0, 1, 2


def read_cases(path: Path) -> list[dict]:
    """Cases of a JSON-lines file, plain or gzip.

    Raises:
      InputError: naming the line that is not a case.
    """
    remedy = "give a JSON-lines file of conformance cases"
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", remedy, file=path) from error
    cases = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
            name, msgs = str(case["case"]), to_int32(case["msgs"] or np.zeros(0, int))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise InputError(
                f"not a case ({error!r})", remedy, file=path, line=number
            ) from error
        if msgs.size and (msgs.ndim != 2 or msgs.shape[1] != 7):
            raise InputError(
                "a message needs 7 integers", remedy, file=path, line=number
            )
        unknown = msgs.size and not np.isin(msgs[:, 0], (_NEW, _CANCEL, _MODIFY)).all()
        if unknown:
            raise InputError(
                "a message's type is not 0, 1 or 2", remedy, file=path, line=number
            )
        cases.append({"case": name, "msgs": msgs.reshape(-1, 7)})
    if not cases:
        raise InputError("holds no case", remedy, file=path)
    return cases


def to_stream(msgs_T7: np.ndarray) -> Message:
    """Messages of a case as the exchange reads them."""
    kind, side, ioc, qty, _, order_id, price = msgs_T7.T.astype(np.int32)
    new = np.where(ioc == 1, int(Kind.IOC), int(Kind.LIMIT))
    return Message(
        kind=np.select(
            [kind == _CANCEL, kind == _MODIFY],
            [int(Kind.CANCEL), int(Kind.MODIFY)],
            new,
        ),
        side=side,
        price_ticks=price,
        # A case's cancel always takes the whole order off.
        qty=np.where(kind == _CANCEL, 0, qty),
        order_id=order_id,
        owner=np.zeros_like(side),
    )


def report_lines(msgs_T7: np.ndarray, result: StreamResult) -> list[str]:
    """The report lines of a case, in order."""
    lines, last_index = [], -1
    events = zip(*(x.tolist() for x in result.events), strict=True)
    for index, event in zip(result.message_index.tolist(), events, strict=True):
        kind, side, price, qty, order_id, _, maker_id, _, reason, is_last, _ = event
        type_, msg_side, _, msg_qty, seq, _, msg_price = msgs_T7[index].tolist()
        is_first, last_index = index != last_index, index
        is_reject = kind == EventKind.REJECT
        if (
            type_ == _NEW
            and is_first
            and not (is_reject and is_last and qty == msg_qty)
        ):
            lines.append(f"0,{seq},{msg_side},{order_id},{msg_price},{msg_qty}")
        if kind == EventKind.FILL:
            lines.append(f"1,{seq},{price},{qty},{maker_id},{order_id}")
        elif kind in (EventKind.CANCEL, EventKind.EXPIRE):
            lines.append(f"2,{seq},{side},{order_id},{price}")
        elif is_reject and type_ == _NEW:
            lines.append(f"6,{seq},{order_id},{reason}")
        elif is_reject:
            lines.append(f"{4 if type_ == _CANCEL else 5},{seq},{order_id}")
        if type_ == _MODIFY and is_last and not is_reject:
            lines.append(f"3,{seq},{side},{order_id},{msg_price},{msg_qty}")
    return lines


def run_case(msgs_T7: np.ndarray, num_slots: int) -> tuple[list[str], list[list]]:
    """Reports and states of one case."""
    book = init(num_slots, rules=rules(keep_priority=False))
    result = run(book, to_stream(msgs_T7), observe_fn=quote)
    bid, ask, bid_qty, ask_qty = (x.tolist() for x in result.observations)
    state = [
        [b or None, a or None, bq, aq]
        for b, a, bq, aq in zip(bid, ask, bid_qty, ask_qty, strict=True)
    ]
    return report_lines(msgs_T7, result), state


@dataclass(frozen=True)
class Args:
    """Run conformance cases through the book and write its reports."""

    input: Annotated[Path, tyro.conf.Positional]
    """cases, JSON lines, plain or gzip"""
    out: Path
    """file to write, one JSON line a case"""
    slots: int | None = None
    """slots a side; by default enough for every order of the largest case"""


def main(args: Args) -> None:
    """Write one JSON line a case, the whole file or none of it."""
    if args.slots is not None and args.slots < 1:
        raise InputError(f"--slots is {args.slots}", "give 1 or more")
    cases = read_cases(args.input)
    # One size for all cases, so that they share compilations.
    most = max(int((case["msgs"][:, 0] == _NEW).sum()) for case in cases)
    num_slots = args.slots or max(16, 1 << most.bit_length())
    try:
        handle, temporary = tempfile.mkstemp(dir=args.out.parent, prefix=".reports-")
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            "choose another --out",
            file=args.out,
        ) from None
    try:
        with os.fdopen(handle, "w") as file:
            for case in cases:
                reports, state = run_case(case["msgs"], num_slots)
                row = {"case": case["case"], "reports": reports, "state": state}
                file.write(json.dumps(row) + "\n")
        Path(temporary).replace(args.out)
    finally:
        Path(temporary).unlink(missing_ok=True)


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, prog="python -m marsjax.book.reports"))
