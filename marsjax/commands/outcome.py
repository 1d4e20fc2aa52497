"""What a rollout leaves behind: tapes, pictures, a summary; shared by two commands."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np

from marsjax import book as mbook
from marsjax import plot
from marsjax.commands.console import progress_bar
from marsjax.data import Tape, write_lobster
from marsjax.data.fidelity import book_levels
from marsjax.data.replay import book_at, replay_tape
from marsjax.errors import InputError
from marsjax.market import Rollout, Start, rollout
from marsjax.market.quotes import spread_and_mid
from marsjax.market.summary import Orders, compare, real_orders, simulated_orders
from marsjax.tokens.clock import NS, to_trading_ns
from marsjax.types import Kind, Status, explain

LOBSTER_LEVELS = 10
PICTURES = ("price_fan", "depth", "heatmap", "comparison")


@contextmanager
def whole_folder(
    directory: Path, may_replace: Callable[[Path], bool] = lambda _: False
) -> Iterator[Path]:
    """A folder to fill, which takes its name only once it is complete.

    Args:
      directory: the name; what stands there already must be an empty folder, or one
        that ``may_replace`` allows to replace, which happens at the very end.
      may_replace: told the folder that is there.

    Raises:
      InputError: the name is taken by something that is not an empty folder.
    """
    is_taken = directory.exists() and (
        not directory.is_dir() or any(directory.iterdir())
    )
    if is_taken and not may_replace(directory):
        raise InputError("exists already", "name a new folder", file=directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".marsjax-"))
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            "choose another --out",
            file=directory,
        ) from None
    try:
        work.chmod(0o755)
        yield work
        old = work.with_name(work.name + "-old")
        if directory.is_dir():
            directory.rename(old)
        work.rename(directory)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def is_demo(folder: Path) -> bool:
    """Whether an earlier demo wrote this folder, and all that is in it."""
    ours = {"tapes", "model", "simulated", "demo.json", "simulation.json"}
    ours |= {f"{name}.png" for name in PICTURES}
    return (folder / "demo.json").is_file() and {
        path.name for path in folder.iterdir()
    } <= ours


def run_markets(
    start: Start, seed: int, num_markets: int, num_orders: int, **options
) -> tuple[Rollout, dict]:
    """`rollout` with a progress bar, and what a summary says of how it ran."""
    began = time.perf_counter()
    with progress_bar() as report:
        result = rollout(
            start,
            jax.random.key(seed),
            num_markets=num_markets,
            num_orders=num_orders,
            progress_fn=lambda n, total: report("orders", n, total),
            **options,
        )
    seconds = time.perf_counter() - began
    return result, {
        "seconds": round(seconds, 2),
        "orders_per_s": round(num_markets * num_orders / seconds, 1),
        "device": jax.devices()[0].device_kind,
        "seed": seed,
    }


def _ten_levels(book: mbook.Book) -> mbook.Levels:
    return mbook.level2(book, LOBSTER_LEVELS)


def write_lobster_files(
    directory: Path, tapes: list[Tape], progress_fn: Callable[[int, int], None]
) -> None:
    """LOBSTER message and ten-level orderbook files of each tape."""
    for done, tape in enumerate(tapes):
        result = replay_tape(tape, observe_fn=_ten_levels)
        seen = result.observations
        levels = book_levels(seen.price_ticks_SK, seen.qty_SK)
        write_lobster(directory, tape, result.events, result.message_index, levels)
        progress_fn(done + 1, len(tapes))


def draw(
    directory: Path,
    result: Rollout,
    start: Start,
    tapes: list[Tape],
    *,
    true: Rollout | None = None,
) -> list[Path]:
    """Price fan, depth chart, book heat map and comparison panels.

    Depth and heat map are the first market's that sent an order; without one there is
    nothing to draw. Without orders after the start the panels compare with ``true``,
    markets drawn from the true law, or are left out.
    """
    tape = start.tape
    sent_BT = result.records.kind != Kind.NONE
    if not sent_BT.any():
        return []
    markets = simulated_orders(result, start)
    times_BT, mids_BT = _paths(result)
    has_followed = start.row < len(tape.messages)
    beside = "what happened" if has_followed else "their opening"
    beside = beside if true is None else "the true market"
    shown = int(np.argmax(sent_BT.any(axis=1)))
    end_s = float(np.nanmax(times_BT[shown]))

    now = start.observed.seen.quote
    _, mids = spread_and_mid(now.bid_ticks, now.ask_ticks)
    figures = {
        "price_fan": plot.price_fan(
            times_BT,
            mids_BT,
            tick_size=tape.tick_size,
            start_s=start.trading_s,
            sessions=tape.sessions,
            real=(start.observed.trading_ns / NS, mids),
            real_label="what really happened" if has_followed else "invented opening",
            true=None if true is None else _paths(true),
            start_mid_ticks=float(start.market.anchor2_ticks) / 2,
            title=f"{tape.symbol}: {len(markets)} simulated markets and {beside}",
        ),
        "depth": _depth(tapes[shown], tape, end_s=end_s),
        "heatmap": plot.book_heatmap(
            tapes[shown],
            window_s=(start.trading_s, end_s),
            title=f"{tape.symbol}: book and trades of simulated market "
            f"{result.market_ids[shown]}",
        ),
    }
    real, _ = real_orders(start, sent_BT.shape[1])
    others = [real] if len(real.type) else []
    others = others if true is None else simulated_orders(true, start)
    if others:
        figures["comparison"] = plot.comparison_panels(
            _columns(others),
            _columns(markets),
            labels=("real" if true is None else "true market", "simulated"),
            title=f"{tape.symbol}: orders",
        )
    return [
        plot.save(figure, directory / f"{name}.png") for name, figure in figures.items()
    ]


def _paths(result: Rollout) -> tuple[np.ndarray, np.ndarray]:
    """Trading seconds and mids after each order, NaN where none was sent."""
    sent_BT = result.records.kind != Kind.NONE
    clock_BT = result.records.clock_s + result.records.clock_ns / NS
    mids_BT = np.where(sent_BT, result.mid_ticks, np.nan)
    return np.where(sent_BT, clock_BT, np.nan), mids_BT


def _columns(markets: list[Orders]) -> dict[str, np.ndarray]:
    names = ("spread_ticks", "lots", "interval_s", "type")
    return {n: np.concatenate([getattr(m, n) for m in markets]) for n in names}


def _depth(simulated: Tape, real: Tape, end_s: float):
    """The simulated book at its end, and the real one at the same time of day."""
    book = book_at(simulated, len(simulated.messages))
    frame = real.messages
    wall = to_trading_ns(
        frame["time_s"].to_numpy(), frame["time_ns"].to_numpy(), real.sessions
    )
    row = int(np.searchsorted(wall, round(end_s * NS)))
    levels = [_host_levels(book)]
    if row < len(frame):
        levels.append(_host_levels(book_at(real, row)))
    return plot.depth_chart(
        levels[0],
        tick_size=real.tick_size,
        other=levels[1] if len(levels) > 1 else None,
        label="simulated",
        other_label="real",
        title=f"{real.symbol}: best {LOBSTER_LEVELS} levels when the market ends",
    )


def _host_levels(book: mbook.Book) -> mbook.Levels:
    return jax.tree.map(np.asarray, jax.jit(_ten_levels)(book))


def summarise(result: Rollout, start: Start) -> dict:
    """The comparison table and what went wrong, JSON-ready."""
    real, _ = real_orders(start, result.records.kind.shape[1])
    return {
        **what_ran(result, start),
        "real_orders_compared": len(real.type),
        "comparison": compare(simulated_orders(result, start), real),
    }


def what_ran(result: Rollout, start: Start) -> dict:
    """Where markets started, how many orders they sent, and what went wrong."""
    sent = result.records.kind != Kind.NONE
    both = (result.records.bid_ticks > 0) & (result.records.ask_ticks > 0)
    crossed = both & (result.records.bid_ticks >= result.records.ask_ticks)
    status = int(np.bitwise_or.reduce(result.status))
    return {
        "start": {
            "tape": start.tape.name,
            "message_row": start.row,
            "history_orders": start.history,
        },
        "markets": len(result.market_ids),
        "orders_sent": int(sent.sum()),
        "crossed_states": int((crossed & sent).sum()),
        "status": explain(status),
        "markets_that_reached_the_close": int(
            ((result.status & Status.SESSION_OVER) > 0).sum()
        ),
    }


def write_summary(directory: Path, summary: dict) -> None:
    """The summary as ``simulation.json``."""
    text = json.dumps(summary, indent=1) + "\n"
    (directory / "simulation.json").write_text(text)
