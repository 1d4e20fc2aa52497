"""A trained run into a model that comes with the package.

    python -m experiments.ship --run runs/sse-model --name sse \\
        --card experiments/cards/sse.json --opening runs/sse/600761.SH_2023-07-11

Takes the best checkpoint without its optimiser, its ``evaluation.json``, and the fields
of the card that nobody can compute, and makes ``marsjax/weights/NAME`` of them, whole
or not at all. Refuses what is larger than 16 MB, what holds a path of this machine, and
what does not give the checkpoint's log-probabilities bit for bit when read again. Half
a minute.
"""

import json
import shutil
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import tyro

from experiments.ship_opening import fitted_opening, true_opening
from marsjax.commands.console import say
from marsjax.commands.machine import device_name
from marsjax.commands.outcome import whole_folder
from marsjax.config import to_json
from marsjax.errors import InputError, exit_on_input_error
from marsjax.lmm import OrderModel
from marsjax.lmm.trained import TrainedModel
from marsjax.market import rollout
from marsjax.market.invented import Invented, start_from_opening, write_opening
from marsjax.train.card import card_text
from marsjax.train.checkpoint import (
    META,
    Checkpoint,
    file_sums,
    load_checkpoint,
    meta_sha256,
)
from marsjax.train.load import load
from marsjax.train.provenance import git_revision, split_sha256
from marsjax.train.shipped import CARD, MOST_BYTES, READABLE, WEIGHTS, is_shipped

ROOT = Path(__file__).parents[1]
NEEDED = ("title", "about", "data", "training", "floor", "limits", "licence")
SPEED_MARKETS, SPEED_ORDERS = 64, 500


@dataclass(frozen=True)
class Args:
    """Ship a trained run."""

    run: Path
    """a folder that `marsjax train` wrote"""
    name: str
    """of the model"""
    card: Path
    """JSON: title, about, data (short, what, source, licence, note), training (command,
    cost, device), floor (nats, error, what; nats null where nobody knows it), limits,
    licence; speed (orders_per_s, how, device) if it shall not be measured here"""
    opening: str
    """what its openings come from: STORE/TAPE, a real tape to fit a market to, or zi,
    if the model learned from that market"""
    weights: Path = WEIGHTS
    """where models are"""


def main(args: Args) -> None:
    """Ship and say what was shipped."""
    if not args.name.isidentifier():
        raise InputError(f"--name {args.name!r}", "give letters, digits and _")
    checkpoint, trained = load_checkpoint(args.run), load(args.run)
    fields = _fields(args.card)
    if args.opening == "zi":
        invented = true_opening()
    else:
        invented = fitted_opening(args.opening, args.name, trained)
    with whole_folder(args.weights / args.name, may_replace=is_shipped) as work:
        write_params(work, checkpoint)
        write_opening(work, invented)
        speed = fields.get("speed") or speed_of(trained, invented)
        card = make_card(args, checkpoint, fields, speed)
        card["bytes"] = sum(p.stat().st_size for p in work.rglob("*") if p.is_file())
        (work / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
        (work / READABLE).write_text(card_text(card))
        meta = {**checkpoint.meta, "files": file_sums(work)}
        meta["sha256"] = meta_sha256(meta)
        (work / META).write_text(json.dumps(meta, indent=1) + "\n")
        check_folder(work, checkpoint)
    size = card["bytes"] / 1e6
    say(f"{args.weights / args.name}: {card['parameters']:,} parameters, {size:.1f} MB")


def write_params(work: Path, checkpoint: Checkpoint) -> None:
    """Parameters and the JSON files that a checkpoint needs."""
    params = jax.tree.map(np.asarray, checkpoint.params)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(work.resolve() / "params", params)
    # A note for file systems without renames; it names the folder it was written in.
    (work / "params" / "commit_success.txt").unlink(missing_ok=True)
    for name in ("config.json", "dataset.json", "tokenizer.json"):
        shutil.copyfile(checkpoint.path / name, work / name)


def make_card(args: Args, checkpoint: Checkpoint, fields: dict, speed: dict) -> dict:
    """All of ``card.json`` but the size."""
    file = args.run / "evaluation.json"
    evaluation = json.loads(file.read_text()) if file.is_file() else None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "format": 1,
        "name": args.name,
        **{name: fields[name] for name in NEEDED},
        "tapes": _tapes(checkpoint.dataset),
        "split_sha256": split_sha256(checkpoint.meta["data"]),
        "dataset_sha256": checkpoint.meta["data"][0]["sha256"],
        "tokenizer_sha256": checkpoint.meta["tokenizer_sha256"],
        "parameters": sum(x.size for x in jax.tree.leaves(checkpoint.params)),
        "config": json.loads(to_json(checkpoint.config)),
        "step": checkpoint.meta["step"],
        "valid_nats": checkpoint.meta["valid_nats"],
        "evaluation": evaluation,
        "speed": speed,
        "version": project["version"],
        "revision": revision(checkpoint.meta.get("git")),
    }


def revision(git: dict | None) -> str:
    """The commit that trained the model, marked where its tree had changes.

    A checkpoint of before that was kept tells none: then that of this working tree.
    """
    if git is None:
        return f"not recorded, shipped at {revision(git_revision())}"
    return git["revision"] + (" with changes" if git["is_changed"] else "")


def speed_of(trained: TrainedModel, invented: Invented) -> dict:
    """Orders a second of markets that run on this machine, once compiled."""
    start = start_from_opening(trained, invented, seed=0)
    size = {"num_markets": SPEED_MARKETS, "num_orders": SPEED_ORDERS}
    rollout(start, jax.random.key(0), **size)
    began = time.perf_counter()
    rollout(start, jax.random.key(1), **size)
    seconds = time.perf_counter() - began
    how = f"{SPEED_MARKETS} markets of {SPEED_ORDERS} orders, once compiled"
    speed = round(SPEED_MARKETS * SPEED_ORDERS / seconds, -2)
    return {"orders_per_s": speed, "how": how, "device": device_name()}


def check_folder(work: Path, checkpoint: Checkpoint) -> None:
    """Refuses a folder that is too large, tells of this machine, or is not the model.

    Raises:
      InputError: which of them.
    """
    size = sum(p.stat().st_size for p in work.rglob("*") if p.is_file())
    if size > MOST_BYTES:
        raise InputError(
            f"would take {size / 1e6:.1f} MB, {MOST_BYTES / 1e6:.0f} at most",
            "ship a smaller model",
            file=checkpoint.path,
        )
    here = {Path.home(), Path.cwd(), ROOT, Path(tempfile.gettempdir()), work}
    here |= {checkpoint.path.resolve().parents[1]}
    here = {str(p) for p in here} - {"/"}
    for path in sorted(p for p in work.rglob("*") if p.is_file()):
        told = [name for name in here if name.encode() in path.read_bytes()]
        if told:
            raise InputError(
                f"names {told[0]}, a folder of this machine",
                "take it out of the run or the card",
                file=path.name,
            )
    again = load_checkpoint(work)
    if not np.array_equal(log_probs(again), log_probs(checkpoint)):
        raise InputError(
            "does not give the checkpoint's log-probabilities",
            "ship it with the versions it was trained with",
            file=checkpoint.path,
        )


def log_probs(checkpoint: Checkpoint) -> np.ndarray:
    """Of random orders, a window and a half of them."""
    config, rng = checkpoint.config.model, np.random.default_rng(0)
    length = config.window + config.window // 2
    tokens_LC = rng.integers(0, config.field_sizes, (length, len(config.field_sizes)))
    features_LF = rng.integers(-50, 51, (length, config.num_features))
    model = OrderModel(config)

    @jax.jit
    def of(params, tokens_LC, features_LF):
        hidden_LD = model.apply(params, tokens_LC[:-1], features_LF[:-1])
        return model.log_prob(params, hidden_LD, tokens_LC[1:])

    arrays = (jnp.asarray(x, jnp.int32) for x in (tokens_LC, features_LF))
    return np.asarray(of(checkpoint.params, *arrays))


def _tapes(dataset: dict) -> dict[str, dict]:
    """Split and hashes of each tape."""
    counts = {}
    for s in dataset["segments"]:
        parts = counts.setdefault(s["tape"], {})
        parts[s["part"]] = parts.get(s["part"], 0) + s["stop"] - s["start"]
    return {
        name: {
            "symbol": tape["symbol"],
            "date": tape["date"],
            "files": tape["files"],
            "times": tape["split_time"],
            "orders": counts.get(name, {}),
            "entry_sha256": tape["entry_sha256"],
        }
        for name, tape in dataset["tapes"].items()
    }


def _fields(path: Path) -> dict:
    try:
        fields = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot be read ({error})", "give a JSON file", file=path
        ) from None
    missing = [name for name in NEEDED if name not in fields]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}", "add them", file=path)
    return fields


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, description=__doc__))
