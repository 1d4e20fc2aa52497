"""Which inputs a model sees: a token's fields, and its features by groups.

An input is left out by what the model multiplies it by: a field's table by nothing, a
feature by a scale of 0. The dataset stays the same, and so do the model's shape and the
meaning of everything else.
"""

from collections.abc import Sequence

from marsjax.errors import InputError

GROUPS = {
    "volume at": "book",
    "volume at best bid": "touch",
    "volume at best ask": "touch",
    "volume at bid level 1": "touch",
    "volume at ask level 1": "touch",
    "spread": "spread",
    "imbalance at the touch": "imbalance",
    "imbalance of the levels": "depth_imbalance",
    "mid change since the open": "mid_change",
    "mid change of this order": "move",
    "time since the open": "time",
    "volume traded by this order": "traded",
}
"""The group of a feature of orders by its name; ``volume at``: of all others that begin
so. A feature of another domain is a group by itself."""


def group_of(feature_name: str) -> str:
    """The group of a feature."""
    if feature_name in GROUPS:
        return GROUPS[feature_name]
    return (
        GROUPS["volume at"] if feature_name.startswith("volume at ") else feature_name
    )


def known_inputs(
    field_names: Sequence[str], feature_names: Sequence[str]
) -> tuple[str, ...]:
    """All that ``ModelConfig.inputs`` may name: fields, then groups of features."""
    groups = (group_of(name) for name in feature_names)
    return tuple(dict.fromkeys([*field_names, *groups]))


def scale_of_inputs(
    inputs: Sequence[str] | None,
    field_names: Sequence[str],
    feature_names: Sequence[str],
    feature_scale: Sequence[float],
) -> tuple[float, ...]:
    """What each feature is multiplied by: its scale, or 0 where its group is left out.

    Args:
      inputs: of a ``ModelConfig``; None: all.
      field_names, feature_names: of the dataset.
      feature_scale: one number a feature.

    Raises:
      InputError: ``inputs`` names what the dataset has not, or nothing.
    """
    if inputs is None:
        return tuple(feature_scale)
    known = known_inputs(field_names, feature_names)
    strange = [name for name in inputs if name not in known]
    if strange or not inputs:
        what = f"there is no input {strange[0]!r}" if strange else "inputs names none"
        raise InputError(what, f"known: {', '.join(known)}")
    return tuple(
        float(scale) if group_of(name) in inputs else 0.0
        for name, scale in zip(feature_names, feature_scale, strict=True)
    )
