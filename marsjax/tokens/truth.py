"""The true log-probability of every token of a synthetic tape.

The law of a market tells the next event to the last share and in continuous time
(`marsjax.synth.law`); a tokenizer keeps of it a type and three bins. Here the law is
pushed through the tokenizer, so that a model's nats an order have a floor that is known
exactly. The truth knows the whole state before an order: every order in the book, and
in the queue-reactive market the reference price and the queues that are being drawn
anew. A model sees bins of what was sent and of some volumes, and only so far back: what
it can reach is higher by what these leave open. No model's mean is lower.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from marsjax.data.store_read import read_tape
from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.synth.law import follow, stream_of, walk
from marsjax.synth.many import plain
from marsjax.synth.markets import Market
from marsjax.synth.menu import law_of
from marsjax.synth.truth import read_truth
from marsjax.tokens import orders
from marsjax.tokens.dataset import part_bounds
from marsjax.tokens.tape import ObservedTape, observe_tape
from marsjax.tokens.token_law import cell_rates, make_bins, token_scores
from marsjax.tokens.tokenizer import Tokenizer, from_json

AT_ONCE = 32
"""Tapes that are walked through side by side."""

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


class TokenTruth(NamedTuple):
    """The tokens of a tape and their law; numpy.

    Attributes:
      row: ``[T]`` message rows, as of `ObservedTape`.
      tokens_TC: what the tokenizer makes of the tape's orders.
      log_prob_TC: float32, nats of each field given those before it; the sum over the
        fields is that of the token given the state before the order.
      entropy_TC: float32, entropy of each field given those before it, in that state;
        its mean is that of ``-log_prob_TC``, with less noise.
    """

    row: np.ndarray
    tokens_TC: np.ndarray
    log_prob_TC: np.ndarray
    entropy_TC: np.ndarray


class DatasetTruth(NamedTuple):
    """The law of a dataset's tokens, row by row; NaN where it was not asked for.

    ``log_prob_TC``, ``entropy_TC``: as of `TokenTruth`; row i is that of the dataset's
    token i, so that ``log_prob_TC[scores.position_T]`` stands beside
    `marsjax.train.Scores`.
    """

    log_prob_TC: np.ndarray
    entropy_TC: np.ndarray


def token_truth(
    market: Market, params: Any, tape: Tape, tokenizer: Tokenizer, **options
) -> TokenTruth:
    """`token_truths` of one tape; ``rest``: of it alone."""
    rests = [options.pop("rest", None)]
    return token_truths(market, params, [tape], tokenizer, rests=rests, **options)[0]


def token_truths(
    market: Market,
    params: Any,
    tapes: Sequence[Tape],
    tokenizer: Tokenizer,
    *,
    rests: Sequence[dict | None] | None = None,
    observed: Sequence[ObservedTape] | None = None,
    num_slots: int = 128,
    progress_fn: Progress = _silent,
) -> list[TokenTruth]:
    """The true law of every token of tapes that a market made.

    Args:
      market: ``zi`` or ``queue``.
      params: of the law.
      tapes: side by side, so best of one length.
      tokenizer: of orders.
      rests: of each tape, what of the opening it does not tell (as
        `marsjax.synth.law.score_tape` takes it).
      observed: of each tape, what `observe_tape` gives; None: found here.
      num_slots: slots a side of the books.
      progress_fn: told how many orders are done, of how many.

    Raises:
      InputError: the market's events cannot be listed, or a tape has rows in continuous
        trading that are no orders or were refused.
      ValueError: a book was full.
    """
    params = plain(params)
    bins = make_bins(market, params, tokenizer)
    observed = [observe_tape(tape) for tape in tapes] if observed is None else observed
    rests = [None] * len(tapes) if rests is None else rests
    tokens = [orders.encode(tokenizer, seen.raw) for seen in observed]
    lengths = [len(each) for each in tokens]
    openings, streams = [], []
    for tape, rest, seen, token_TC in zip(tapes, rests, observed, tokens, strict=True):
        opening, begins, stream_T = stream_of(tape, rest)
        rows = np.arange(begins, len(tape.messages))
        if not np.array_equal(seen.row, rows):
            raise InputError(
                f"{tape.name} has rows in trading that are no orders, or were refused",
                "give a tape of `marsjax synth`",
            )
        openings.append(opening)
        streams.append((*stream_T, token_TC.astype(np.int32), seen.before2))
    longest = max(lengths)
    stream_BT = jax.tree.map(lambda *x: _stacked(x, longest), *streams)
    part = _make_part(market)
    scores = walk(
        market,
        params,
        lambda params, state_B, event_BT: part(params, bins, state_B, event_BT),
        openings,
        stream_BT,
        num_slots=num_slots,
        progress_fn=progress_fn,
    )
    return [
        TokenTruth(seen.row, token_TC, *(x[b, : lengths[b]] for x in scores))
        for b, (seen, token_TC) in enumerate(zip(observed, tokens, strict=True))
    ]


def dataset_truth(
    store: str | Path,
    dataset: str | Path,
    *,
    tapes: Sequence[str] | None = None,
    progress_fn: Progress = _silent,
) -> DatasetTruth:
    """The true law of the tokens of a dataset made from a synthetic store.

    Args:
      store: what ``marsjax synth`` wrote, split in any way.
      dataset: made from it.
      tapes: names of those that are wanted; None: all.
      progress_fn: told how many orders are done, of how many.

    Raises:
      InputError: the store is not synthetic or its market's events cannot be listed,
        the dataset cannot be read, or a tape of it is not the store's.
    """
    dataset = Path(dataset)
    truth = read_truth(store)
    law_of(truth.market)
    info, tokenizer, tokens_TC = _read(dataset)
    names = list(info["tapes"]) if tapes is None else list(tapes)
    out = DatasetTruth(*np.full((2, *tokens_TC.shape), np.nan, np.float32))
    for first in range(0, len(names), AT_ONCE):
        read = [read_tape(store, name) for name in names[first : first + AT_ONCE]]
        observed = [observe_tape(tape) for tape in read]

        places = [
            _place(info, tokens_TC, tokenizer, tape, seen, dataset)
            for tape, seen in zip(read, observed, strict=True)
        ]
        num = len(read)

        def report(done, total, first=first, num=num):
            progress_fn(total // num * first + done, total // num * len(names))

        found = token_truths(
            truth.market,
            truth.params,
            read,
            tokenizer,
            rests=[truth.rest_of(tape.name) for tape in read],
            observed=observed,
            num_slots=truth.num_slots,
            progress_fn=report,
        )
        for rows, each in zip(places, found, strict=True):
            out.log_prob_TC[rows] = each.log_prob_TC
            out.entropy_TC[rows] = each.entropy_TC
    return out


@lru_cache
def _make_part(market: Market):
    """A jitted part of many streams, from states and events to states and scores."""
    menu_fn = law_of(market).menu
    follow_fn = getattr(market.functions, "follow", follow)

    def one(params, bins, state, event_T):
        def body(state, event):
            message, _, time_s, time_ns, token_C, before2 = event
            menu = menu_fn(params, state)
            rates = cell_rates(menu, state.book, before2, bins)
            scores = token_scores(rates, bins, token_C)
            return follow_fn(params, state, message, time_s, time_ns), scores

        return jax.lax.scan(body, state, event_T)

    return jax.jit(jax.vmap(one, in_axes=(None, None, 0, 0)))


def _stacked(arrays: Sequence[np.ndarray], length: int) -> np.ndarray:
    """With zeros after the ends, which change no book."""
    out = np.zeros((len(arrays), length, *arrays[0].shape[1:]), arrays[0].dtype)
    for row, x in zip(out, arrays, strict=True):
        row[: len(x)] = x
    return out


def _read(dataset: Path) -> tuple[dict, Tokenizer, np.ndarray]:
    """What ``dataset.json`` says, the tokenizer, and the tokens."""
    try:
        info = json.loads((dataset / "dataset.json").read_text())
        file = dataset / "tokenizer.json"
        tokenizer = from_json(file.read_text(), file)
        tokens = np.load(dataset / "tokens.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"cannot be read ({error})", "write the dataset again", file=dataset
        ) from None
    return info, tokenizer, tokens


def _place(
    info: dict,
    tokens_TC: np.ndarray,
    tokenizer: Tokenizer,
    tape: Tape,
    observed: ObservedTape,
    dataset: Path,
) -> slice:
    """The dataset's rows of a tape, which must hold the tape's very tokens."""
    bounds = part_bounds(tape, observed)
    for segment in info["segments"]:
        if segment["tape"] == tape.name:
            start = segment["start"] - bounds[segment["part"]][0]
            rows = slice(start, start + len(observed.row))
            own = orders.encode(tokenizer, observed.raw)
            if np.array_equal(tokens_TC[rows], own):
                return rows
    raise InputError(
        f"does not hold the tokens of {tape.name} as the store has it",
        "name the store that the dataset was made from, without merging",
        file=dataset,
    )
