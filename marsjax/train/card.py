"""A model card: from the fields of ``card.json`` to Markdown that people read."""

from collections.abc import Iterable, Sequence
from typing import Any

MOST_TAPES = 8
"""Most tapes with a row of their own; of more, half as many are shown."""


def card_text(card: dict[str, Any]) -> str:
    """The card in Markdown.

    Args:
      card: what ``card.json`` holds; ``experiments/ship.py`` says what that is.
    """
    data, training = card["data"], card["training"]
    parts = [
        f"# {card['name']}: {card['title']}",
        card["about"],
        f"`marsjax.load({card['name']!r})`, or `--checkpoint {card['name']}` on the "
        f"command line. {card['parameters']:,} parameters, {card['bytes'] / 1e6:.1f} "
        f"MB, {card['licence']}.",
        "## Data",
        *(data[key] for key in ("what", "source", "licence", "note") if data.get(key)),
        _split(card),
        "## How good it is",
        *_quality(card),
        "## Training",
        f"`{training['command']}`",
        _sentence(training, ("cost", "device")),
        f"The checkpoint is that of step {card['step']:,}, the best on the valid part.",
        "## Simulating",
        *_speed(card),
        "## Limits",
        "\n".join(f"- {limit}" for limit in card["limits"]),
        "## Where it comes from",
        f"marsjax {card['version']}, revision {card['revision']}. Hashes: split "
        f"`{card['split_sha256']}`, dataset `{card['dataset_sha256']}`, tokenizer "
        f"`{card['tokenizer_sha256']}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _quality(card: dict) -> list[str]:
    floor, found = card["floor"], card["evaluation"]
    if floor["nats"] is None:
        told = f"Floor: not known, {floor['what']}."
    else:
        error = f" ± {floor['error']:.3f}" if floor.get("error") else ""
        told = f"Floor: {floor['nats']:.3f}{error} nats an order, {floor['what']}."
    if found is None:
        return ["It has not been scored.", told]
    names = [name for name in found["nats"] if name != "model"]
    best = min(names, key=lambda name: found["nats"][name]["mean"][0], default=None)
    rows = []
    shown = {*_shown(found["orders"]), *(["mean"] * (len(found["orders"]) > 1))}
    for tape, ours in found["nats"]["model"].items():
        if tape not in shown:
            continue
        count = found["orders"].get(tape, sum(found["orders"].values()))
        row = [tape, f"{count:,}", _interval(ours)]
        row += [f"{found['nats'][name][tape][0]:.3f}" for name in names]
        gain = found.get("gain", {}).get(best)
        rows.append([*row, "-" if gain is None else _interval(gain[tape])])
    head = ["tape", "orders", "model", *names, f"gain on {best}"]
    return [
        f"Nats an order on the {found['part']} part, each order scored with those "
        "before it; brackets are 95 % bootstrap intervals over blocks of time, the "
        "gain is paired.",
        _table(head, rows),
        told,
    ]


def _split(card: dict) -> str:
    head = ["tape", "train", "valid", "test", "orders in each", "sha256 of its entry"]
    rows = [
        [
            name,
            *(_times(tape["times"].get(part)) for part in ("train", "valid", "test")),
            ", ".join(f"{n:,}" for n in tape["orders"].values()),
            f"`{tape['entry_sha256']}`",
        ]
        for name, tape in card["tapes"].items()
        if name in _shown(card["tapes"])
    ]
    more = len(card["tapes"]) - len(rows)
    told = f"\n\nAnd {more} more tapes: see card.json." if more else ""
    return _table(head, rows) + told if rows else ""


def _shown(tapes: Iterable[str]) -> list[str]:
    """The tapes that have rows."""
    names = list(tapes)
    return names if len(names) <= MOST_TAPES else names[: MOST_TAPES // 2]


def _speed(card: dict) -> list[str]:
    speed = card["speed"]
    rate = f"{speed['orders_per_s']:,.0f} orders/s"
    return [f"{rate}: {speed['how']}, {speed['device']}."]


def _sentence(fields: dict, keys: Sequence[str]) -> str:
    told = ", ".join(str(fields[key]) for key in keys if fields.get(key))
    return told and f"{told[0].upper()}{told[1:]}."


def _interval(values: Sequence[float]) -> str:
    mean, low, high = values
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def _times(span: Sequence[Sequence[int]] | None) -> str:
    """Wall-clock times of a part, to the second."""
    if span is None:
        return "-"
    return " to ".join(
        f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s, _ in span
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
