"""``marsjax simulate``: many markets from a moment of a tape, or from nothing."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from marsjax.commands.console import check_seed, progress_bar, say, show
from marsjax.commands.machine import make_devices
from marsjax.commands.outcome import (
    draw,
    run_markets,
    summarise,
    whole_folder,
    write_lobster_files,
    write_summary,
)
from marsjax.commands.seen import check_compared, training_spans
from marsjax.data import Tape, read_store, read_tape, write_tapes
from marsjax.errors import InputError
from marsjax.lmm import make_sampling
from marsjax.lmm.trained import TrainedModel
from marsjax.market import (
    Start,
    start_from_synthetic,
    start_from_tape,
    to_tapes,
)
from marsjax.market.rollout import GROUP_SIZE
from marsjax.tokens.clock import NS, to_trading_ns
from marsjax.tokens.orders import ORDERS
from marsjax.train.load import load


@dataclass(frozen=True)
class Simulate:
    """Run many markets from one start and write what they did.

    The model draws each order, the exchange matches it, and what happened conditions
    the next one. The start is a real tape's book and history at a moment, or an opening
    that the zero-intelligence market draws. Writes tapes that every reader of marsjax
    takes, pictures, and a table that compares simulated with real.
    """

    checkpoint: Path
    """a folder that `marsjax train` wrote"""
    start: Annotated[str, tyro.conf.arg(name="from", metavar="TAPE@TIME")]
    """STORE/TAPE@HH:MM[:SS] (STORE alone if it holds one tape), or synthetic[@SEED]"""
    out: Path
    """folder to make"""
    markets: int = 64
    """how many markets"""
    orders: int = 2000
    """orders of each market"""
    seed: int = 0
    """of the draws; market i is the same for any number of markets"""
    format: Literal["parquet", "lobster"] = "parquet"
    """a store of parquet tapes, or LOBSTER message and ten-level orderbook files"""
    temperature: tuple[float, ...] = (1.0,)
    """of the draws, 1 follows the model; one value, or one each for type, price, volume
    and interval (as of the next two options)"""
    top_k: tuple[int, ...] | None = None
    """draw only from the so many likeliest values of a field; 0: from all"""
    top_p: tuple[float, ...] | None = None
    """draw only from the likeliest values that reach this share together"""
    slots: int | None = None
    """orders a side that a book can hold; by default at least twice those live at
    the start and 256 more"""
    group_size: int = GROUP_SIZE
    """markets that a device runs at once; raise it on a GPU"""
    devices: int = 1
    """devices that share the markets: accelerators, or host devices of a CPU; the
    markets do not depend on it"""
    compare_trained: bool = False
    """compare with what really followed even where the model was trained on it"""
    pictures: bool = True
    """draw price fan, depth, heat map and comparison"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Run, write, print."""
        self._check()
        mesh = make_devices(self.devices)
        trained = load(self.checkpoint)
        with whole_folder(self.out) as work:
            say(f"building the start {self.start}")
            start = self._start(trained)
            spans = training_spans(self.checkpoint)
            if start.tape.split is not None and not self.compare_trained:
                check_compared(spans, start, self.orders)
            size = (self.markets, self.orders)
            result, how = run_markets(
                start, self.seed, *size, group_size=self.group_size, devices=mesh
            )
            tapes = to_tapes(result, start)
            if self.format == "lobster":
                with progress_bar() as report:
                    write_lobster_files(
                        work, tapes, lambda n, m: report("LOBSTER files", n, m)
                    )
            else:
                write_tapes(work, tapes)
            if self.pictures:
                say("drawing pictures")
                draw(work, result, start, tapes)
            summary = {
                **summarise(result, start),
                **how,
                "group_size": self.group_size,
                "devices": self.devices,
                "temperature": _plain(self.temperature),
                "top_k": _plain(self.top_k),
                "top_p": _plain(self.top_p),
                "tokenizer_sha256": trained.tokenizer.sha256,
                "trained_on": spans,
            }
            write_summary(work, summary)
        show_summary(summary, self.out, as_json=self.json)

    def _check(self) -> None:
        check_seed(self.seed)
        make_sampling(ORDERS.field_names, **self._sampling())
        for name in ("markets", "orders", "group_size", "devices", "slots"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                option = name.replace("_", "-")
                raise InputError(f"--{option} is {value}", "give a positive number")

    def _sampling(self) -> dict:
        return {name: getattr(self, name) for name in ("temperature", "top_k", "top_p")}

    def _start(self, trained: TrainedModel) -> Start:
        options = {"num_slots": self.slots, **self._sampling()}
        if self.start.partition("@")[0] == "synthetic":
            seed = self.start.partition("@")[2] or "0"
            if not seed.isdecimal():
                raise InputError(
                    f"--from {self.start}: {seed!r} is no seed",
                    "write synthetic or synthetic@SEED",
                )
            check_seed(int(seed))
            return start_from_synthetic(
                trained, int(seed), num_after=self.orders, **options
            )
        tape, trading_s = find_start(self.start)
        return start_from_tape(trained, tape, trading_s, **options)


def _plain(values: tuple | None) -> float | list | None:
    """One value, or a list of more."""
    return values[0] if values and len(values) == 1 else values and list(values)


def find_start(text: str) -> tuple[Tape, float]:
    """The tape and trading time that ``STORE/TAPE@HH:MM[:SS]`` names.

    Raises:
      InputError: no such tape, no such time, or a time outside trading.
    """
    where, _, clock = text.rpartition("@")
    match = re.fullmatch(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?", clock)
    remedy = "write STORE/TAPE@HH:MM[:SS], such as runs/sse/600761.SH_2023-07-11@10:00"
    if not where or match is None:
        raise InputError(f"--from {text} names no tape and time", remedy)
    hours, minutes, seconds = match.groups(default="0")
    wall_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    path = Path(where)
    if (path / "manifest.json").is_file():
        tapes = read_store(path)
        if len(tapes) > 1:
            names = ", ".join(f"{path}/{tape.name}" for tape in tapes[:4])
            raise InputError(
                f"{path} holds {len(tapes)} tapes", f"name one of them: {names}"
            )
        tape = tapes[0]
    else:
        tape = read_tape(path.parent, path.name)
    if not any(start <= wall_s < end for start, end in tape.sessions):
        spans = ", ".join(
            f"{_hhmm(start)}-{_hhmm(end)}" for start, end in tape.sessions
        )
        raise InputError(
            f"--from {text}: {clock} is outside of continuous trading",
            f"choose a time within {spans}",
        )
    whole = int(wall_s)
    trading = to_trading_ns(whole, round((wall_s - whole) * NS), tape.sessions)
    return tape, float(trading) / NS


def _hhmm(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"


def show_summary(summary: dict, out: Path, *, as_json: bool) -> None:
    """The comparison table and what a user should know about the run."""
    notes = [
        f"{summary['orders_sent']:,} orders in {summary['markets']} markets, "
        f"{summary['seconds']:.1f} s, {summary['orders_per_s']:,.0f} orders/s with "
        f"compilation on {summary['device']}; {summary['crossed_states']} crossed "
        "states",
        f"real: the tape's next {summary['real_orders_compared']:,} orders after the "
        "start; percentiles are over markets",
        *summary["status"],
        f"written to {out}",
    ]
    show(
        summary["comparison"],
        title=f"Simulated beside real, from {summary['start']['tape']}",
        as_json=as_json,
        payload=summary,
        notes=notes,
    )
