"""``marsjax synth``: synthetic markets whose law is known, as a store of tapes."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from marsjax.commands.console import check_seed, say, show
from marsjax.commands.outcome import whole_folder
from marsjax.commands.synth_fit import fit_notes, fit_rows, nats_text
from marsjax.commands.synth_run import Made, true_nats, write_markets
from marsjax.data import Tape, read_store, read_tape
from marsjax.data.manifest import MANIFEST
from marsjax.errors import InputError
from marsjax.synth.markets import MARKETS, Market, find_market
from marsjax.synth.observed import measure
from marsjax.synth.tape import BookFull
from marsjax.synth.truth import Truth, write_truth

SLOTS, MOST_SLOTS = 128, 8192
"""Slots a side to begin with, and the most that doubling them leads to."""


@dataclass(frozen=True)
class Synth:
    """Make tapes of synthetic markets, on the same exchange as everything else.

    zi is zero intelligence (Cont, Stoikov, Talreja 2010), hawkes a multivariate Hawkes
    order flow, queue the queue-reactive model (Huang, Lehalle, Rosenbaum 2015); of
    these the law of the next event is known, and with it the true nats an order. agents
    is a population of noise, value, momentum, market-making and execution agents.
    Writes a store like a real one, with synth.json beside the manifest: the market, its
    parameters and its seed, from which any stream can be scored under the true law.

    Example: marsjax synth --market zi --markets 64 --orders 20000 --out runs/zi
    """

    market: Literal[tuple(MARKETS)]
    """which market"""
    out: Path
    """folder to make"""
    markets: int = 64
    """how many markets, a tape each"""
    orders: int = 10_000
    """orders of each market, after its opening book"""
    seed: int = 0
    """of the draws; market i is the same for any number of markets"""
    calibrate: Path | None = None
    """fit the parameters to the tapes of this store, or to one: STORE/TAPE"""
    slots: int | None = None
    """orders a side that a book can hold; by default 128, doubled until all fit"""
    symbol: str | None = None
    """name of the instrument; by default the market's, such as ZI"""
    tick_size: float = 0.01
    """price of a tick; of the real tapes if fitted to them"""
    truth_orders: int = 200_000
    """orders that the true nats are measured on, whole markets if they fit; 0: none"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Fit, simulate, write, print."""
        self._check()
        market = find_market(self.market)
        with whole_folder(self.out) as work:
            params, tick_size, fit, real = self._params(market)
            made = self._simulate(market, params, tick_size, work)
            nats = true_nats(market, params, made, self.truth_orders)
            say("measuring the tapes")
            rows = _side_by_side(measure(made.sample), real)
            fit = None if fit is None else {**fit, "measures": rows}
            origin = (self.seed, made.num_slots, made.names)
            truth = Truth(market, params, *origin, nats, fit)
            write_truth(work, truth)
        self._show(made, truth, rows)

    def _check(self) -> None:
        check_seed(self.seed)
        for name in ("markets", "orders", "slots", "tick_size"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 2**31:
                option = name.replace("_", "-")
                raise InputError(f"--{option} is {value}", "give a positive number")
        if self.truth_orders < 0:
            raise InputError(f"--truth-orders is {self.truth_orders}", "give 0 or more")
        if not re.fullmatch(r"[A-Za-z0-9][\w.+-]*", self._symbol()):
            raise InputError(
                f"--symbol {self._symbol()!r} cannot name a folder",
                "use letters, digits, '.', '-' and '_', a letter or digit first",
            )

    def _symbol(self) -> str:
        return self.market.upper() if self.symbol is None else self.symbol

    def _params(self, market: Market) -> tuple[Any, float, dict | None, dict | None]:
        """Parameters, tick size, and of a fit its report and the real tapes' rates."""
        if self.calibrate is None:
            params = market.functions.Params()
            market.functions.check(params)
            return params, self.tick_size, None, None
        tapes = _tapes_of(self.calibrate)
        say(f"fitting {market.title} to {', '.join(tape.name for tape in tapes[:4])}")
        params, report = market.functions.calibrate(tapes)
        market.functions.check(params)
        return params, tapes[0].tick_size, report, measure(tapes)

    def _simulate(self, market: Market, params, tick_size: float, work: Path) -> Made:
        """Write the tapes, with as many slots as they turn out to need."""
        slots = SLOTS if self.slots is None else self.slots
        while True:
            try:
                return write_markets(
                    market,
                    params,
                    work,
                    seed=self.seed,
                    num_markets=self.markets,
                    num_orders=self.orders,
                    num_slots=slots,
                    symbol=self._symbol(),
                    tick_size=tick_size,
                )
            except BookFull:
                if self.slots is not None or 2 * slots > MOST_SLOTS:
                    raise
            slots *= 2
            say(f"a book was full: again, with {slots} slots a side")
            for path in work.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _show(self, made: Made, truth: Truth, rows: list[dict]) -> None:
        total = self.markets * self.orders
        market, speed = truth.market, made.orders_per_s
        payload = {
            "market": market.name,
            "markets": self.markets,
            "orders": total,
            "slots": made.num_slots,
            "seed": self.seed,
            "orders_per_s": speed,
            "measures": rows,
            "nats": truth.nats,
            "fit": truth.fit,
            "status": made.status,
            "out": str(self.out),
        }
        notes = [
            f"{total:,} orders in {self.markets} markets, {made.num_slots} slots a side"
        ]
        if speed is not None:
            notes[0] += f", {speed:,.0f} orders/s once compiled"
        if truth.nats is not None:
            notes.append(nats_text(truth.nats))
        notes += [*made.status, f"written to {self.out}"]
        if truth.fit is not None and not self.json:
            show(
                fit_rows(truth.fit),
                title=f"{market.title} fitted to {self.calibrate}",
                as_json=False,
                notes=fit_notes(truth.fit),
            )
        show(
            rows,
            title=f"Synthetic tapes: {market.title}",
            as_json=self.json,
            payload=payload,
            notes=notes,
        )


def _side_by_side(measured: dict, real: dict | None) -> list[dict]:
    """Rates and averages of the run, beside those of the tapes it was fitted to."""
    return [
        {"measure": name, "simulated": float(value)}
        | ({} if real is None else {"real": float(real[name])})
        for name, value in measured.items()
    ]


def _tapes_of(path: Path) -> list[Tape]:
    """The tapes of a store, or the one that STORE/TAPE names."""
    is_tape = not (path / MANIFEST).is_file() and (path.parent / MANIFEST).is_file()
    if is_tape:
        return [read_tape(path.parent, path.name)]
    return list(read_store(path))
