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
from marsjax.commands.synth_source import ALL, burn_in_for, tapes_of
from marsjax.data.tape import PARTS
from marsjax.errors import InputError
from marsjax.synth.many import burnt
from marsjax.synth.markets import MARKETS, Market, find_market
from marsjax.synth.observed import measure
from marsjax.synth.tape import BookFull
from marsjax.synth.truth import Truth, write_truth

SLOTS, FITTED_SLOTS, MOST_SLOTS = 128, 512, 8192
"""Slots a side to begin with, at least, and the most that doubling them leads to."""


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
    calibrate_part: Literal[(*PARTS, ALL)] = "train"
    """orders of those tapes to fit to, by the store's split"""
    burn_in: int | None = None
    """orders of each market, or a few more, drawn before its tape begins and left out;
    by default 0, and of a fitted market ten for each live order of the real tapes"""
    slots: int | None = None
    """orders a side that a book can hold; by default as the parameters ask for, doubled
    until all fit"""
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
            made = self._simulate(market, params, tick_size, real, work)
            nats = true_nats(market, params, made, self.truth_orders)
            say("measuring the tapes")
            rows = _side_by_side(measure(made.sample), real)
            fit = None if fit is None else {**fit, "measures": rows}
            truth = Truth(
                market,
                params,
                self.seed,
                made.num_slots,
                made.names,
                burn_in=burnt(self._burn_in(real)),
                rests=made.rests if market.has_law else (),
                nats=nats,
                fit=fit,
            )
            write_truth(work, truth)
        self._show(made, truth, rows)

    def _check(self) -> None:
        check_seed(self.seed)
        positive, at_least_0 = (0, "a positive number"), (-1, "0 or more")
        ranges = dict.fromkeys(("markets", "orders", "slots", "tick_size"), positive)
        ranges |= dict.fromkeys(("truth_orders", "burn_in"), at_least_0)
        for name, (above, remedy) in ranges.items():
            value = getattr(self, name)
            if value is not None and not above < value < 2**31:
                option = name.replace("_", "-")
                raise InputError(f"--{option} is {value}", f"give {remedy}")
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
        part = self.calibrate_part
        tapes = tapes_of(self.calibrate, part)
        names = ", ".join(tape.name for tape in tapes[:4])
        say(f"fitting {market.title} to {names}{', ...' * (len(tapes) > 4)}: {part}")
        params, report = market.functions.calibrate(tapes)
        market.functions.check(params)
        origin = {"part": part, "names": [tape.name for tape in tapes]}
        report = {**report, "fitted_to": origin}
        return params, tapes[0].tick_size, report, measure(tapes)

    def _burn_in(self, real: dict | None) -> int:
        if self.burn_in is not None:
            return self.burn_in
        return 0 if real is None else burn_in_for(real["live orders"])

    def _slots(self, market: Market, params, real: dict | None) -> int:
        """A power of two to begin with.

        Parameters may tell of a book that would take days to grow; a fitted one has a
        side as large as the real book's both at most, or is found to be full.
        """
        needed = market.functions.slots_needed(params)
        if real is None:
            needed = max(needed, SLOTS)
        else:
            needed = max(min(needed, int(real["live orders"])), FITTED_SLOTS)
        return min(2 ** (needed - 1).bit_length(), MOST_SLOTS)

    def _simulate(
        self, market: Market, params, tick_size: float, real: dict | None, work: Path
    ) -> Made:
        """Write the tapes, with as many slots as they turn out to need."""
        slots = self.slots
        if slots is None:
            slots = self._slots(market, params, real)
        while True:
            try:
                return write_markets(
                    market,
                    params,
                    work,
                    seed=self.seed,
                    num_markets=self.markets,
                    num_orders=self.orders,
                    burn_in=self._burn_in(real),
                    num_slots=slots,
                    symbol=self._symbol(),
                    tick_size=tick_size,
                )
            except BookFull:
                if self.slots is not None:
                    raise
                if 2 * slots > MOST_SLOTS:
                    raise InputError(
                        f"a book of {slots:,} slots a side was full: more orders come "
                        "to rest in this market than leave it",
                        "give --slots a larger number, or fewer --orders",
                    ) from None
            slots *= 2
            say(f"a book was full: again, with {slots:,} slots a side")
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
            "burn_in": truth.burn_in,
            "seconds": made.seconds,
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
        notes.append(", ".join(f"{k} in {v:.1f} s" for k, v in made.seconds.items()))
        if truth.burn_in:
            notes.append(f"each tape begins after {truth.burn_in:,} orders left out")
        if truth.nats is not None:
            notes.append(nats_text(truth.nats))
        notes += [*made.status, f"written to {self.out}"]
        if truth.fit is not None and not self.json:
            show(
                fit_rows(truth.fit),
                title=f"{market.title} fitted to {self.calibrate} "
                f"({self.calibrate_part})",
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
