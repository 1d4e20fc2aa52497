"""What an event of a domain is: its fields, its features and its mirror symmetry.

An event becomes a token of small integers, one a field. A field is either categorical
or a number put into bins that are fitted on training data. Beside its token an event
has features: integers that tell the state of the world after it. Orders of a market are
one such domain (`marsjax.tokens.orders`); the model knows no other difference between
domains than their schema.
"""

import dataclasses
from dataclasses import dataclass

from marsjax.errors import InputError

MAX_EVENTS = 2**36
"""Most different events: counts of pairs of them must fit 64 bits."""

RESERVED_NAMES = (
    *("step", "loss", "nats", "grad_norm", "learning_rate", "orders_per_s"),
    *("unigram", "bigram", "bigram_fields"),
)
"""What else a line of training's metrics holds: no field has such a name."""


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise InputError(f"schema: {what}", "correct the schema")


def check_field_names(names: tuple[str, ...]) -> None:
    """Raises InputError unless ``names`` can name the fields of a token."""
    _require(len(names) > 0, "there are no fields")
    _require(len(set(names)) == len(names), "two fields have the same name")
    for name in names:
        _require(
            name.isidentifier() and name not in RESERVED_NAMES,
            f"no field can be named {name!r} (use letters, digits and _, and none of "
            f"{', '.join(RESERVED_NAMES)})",
        )


@dataclass(frozen=True)
class Categorical:
    """A field of named values, given as integers from 0 on.

    ``mirror``: the value that each becomes in the mirror image; None: itself.
    """

    name: str
    names: tuple[str, ...]
    mirror: tuple[int, ...] | None = None

    def __post_init__(self):
        names, mirror = self.names, self.mirror
        _require(
            len(names) > 0 and len(set(names)) == len(names),
            f"the values of {self.name} have no names of their own",
        )
        _require(
            mirror is None
            or (
                sorted(mirror) == list(range(self.size))
                and all(mirror[mirror[i]] == i for i in range(self.size))
            ),
            f"the mirror of {self.name} is no pairing of its {self.size} values",
        )

    @property
    def size(self) -> int:
        """How many values a token can hold."""
        return len(self.names)


@dataclass(frozen=True)
class Binned:
    """An integer put into bins of equal frequency.

    ``symmetric``: bins come in pairs about 0, from magnitudes, and the mirror image of
    an event has the opposite value; else it has the same. ``least``: the least value
    that a bin decodes to; None: no bound.
    """

    name: str
    num_bins: int
    symmetric: bool = False
    least: int | None = None

    def __post_init__(self):
        _require(
            self.num_bins >= 1 + self.symmetric,
            f"{self.name} has {self.num_bins} bins",
        )
        _require(
            not (self.symmetric and self.num_bins % 2),
            f"{self.name} is symmetric and has an odd number of bins",
        )
        _require(
            not (self.symmetric and self.least is not None),
            f"{self.name} is symmetric and has a least value",
        )

    @property
    def size(self) -> int:
        """How many values a token can hold."""
        return self.num_bins

    @property
    def mirror(self) -> tuple[int, ...] | None:
        """The bin that each becomes in the mirror image; None: itself."""
        return tuple(reversed(range(self.num_bins))) if self.symmetric else None


Field = Categorical | Binned


@dataclass(frozen=True)
class Feature:
    """An integer, at most 16 bits, known after each event.

    ``scale``: what the model multiplies it by. In the mirror image it has the value of
    the feature ``swap`` (None: its own), times ``sign`` (1 or -1).
    """

    name: str
    scale: float = 1.0
    swap: str | None = None
    sign: int = 1

    def __post_init__(self):
        _require(self.sign in (1, -1), f"the sign of {self.name} is {self.sign}")


@dataclass(frozen=True)
class EventSchema:
    """The fields of a token in the order in which they are drawn, and the features.

    ``feature_bins``: bins that features are counted in; fitted like fields, but no part
    of a token.
    """

    name: str
    fields: tuple[Field, ...]
    features: tuple[Feature, ...]
    feature_bins: tuple[Binned, ...] = ()

    def __post_init__(self):
        check_field_names(self.field_names)
        names = self.feature_names
        bins = [b.name for b in (*self.fields, *self.feature_bins)]
        _require(len(names) > 0, "there are no features (a constant one will do)")
        _require(len(set(names)) == len(names), "two features have the same name")
        _require(len(set(bins)) == len(bins), "two bins have the same name")
        by_name = {feature.name: feature for feature in self.features}
        for feature in self.features:
            if feature.swap is not None:
                other = by_name.get(feature.swap)
                _require(
                    other is not None
                    and (other.swap, other.sign) == (feature.name, feature.sign),
                    f"{feature.name} and {feature.swap} do not swap with each other",
                )
        events = 1
        for size in self.field_sizes:
            events *= size
            _require(size <= 2**16, f"a field has {size} values, more than {2**16}")
        _require(events <= MAX_EVENTS, f"{events} different events are too many")

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(field.name for field in self.fields)

    @property
    def field_sizes(self) -> tuple[int, ...]:
        """How many values each field has."""
        return tuple(field.size for field in self.fields)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(feature.name for feature in self.features)

    @property
    def feature_scale(self) -> tuple[float, ...]:
        """What the model multiplies each feature by."""
        return tuple(feature.scale for feature in self.features)

    @property
    def binned(self) -> tuple[Binned, ...]:
        """Everything that has edges: binned fields, then the bins of features."""
        fields = (field for field in self.fields if isinstance(field, Binned))
        return (*fields, *self.feature_bins)

    @property
    def mirror(self) -> dict | None:
        """The mirror symmetry as JSON; None where nothing changes in it.

        ``fields``: of each field the mirrored values, or None; ``feature_perm`` and
        ``feature_sign``: where a feature comes from and its sign.
        """
        where = {name: i for i, name in enumerate(self.feature_names)}
        perm = [where[feature.swap or feature.name] for feature in self.features]
        sign = [feature.sign for feature in self.features]
        fields = [field.mirror for field in self.fields]
        is_still = perm == list(range(len(perm))) and min(sign) == 1
        if is_still and not any(fields):
            return None
        return {
            "fields": [table and list(table) for table in fields],
            "feature_perm": perm,
            "feature_sign": sign,
        }


_KINDS = {"categorical": Categorical, "binned": Binned}


def to_dict(schema: EventSchema) -> dict:
    """A schema as JSON: a field's ``kind`` says which class it is."""
    data = dataclasses.asdict(schema)
    for field, entry in zip(schema.fields, data["fields"], strict=True):
        entry["kind"] = next(k for k, cls in _KINDS.items() if type(field) is cls)
    return data


def from_dict(data: dict) -> EventSchema:
    """Inverse of `to_dict`.

    Raises:
      InputError: a schema that contradicts itself.
      ValueError, KeyError, TypeError, AttributeError: not a schema.
    """
    fields = [dict(entry) for entry in data["fields"]]
    schema = EventSchema(
        name=_text(data["name"]),
        fields=tuple(_make(_KINDS[entry.pop("kind")], entry) for entry in fields),
        features=tuple(_make(Feature, entry) for entry in data["features"]),
        feature_bins=tuple(_make(Binned, entry) for entry in data["feature_bins"]),
    )
    return schema


_TYPES = {
    "name": (str,),
    "names": (tuple,),
    "mirror": (tuple, type(None)),
    "num_bins": (int,),
    "symmetric": (bool,),
    "least": (int, type(None)),
    "scale": (int, float),
    "swap": (str, type(None)),
    "sign": (int,),
}


def _make(cls: type, entry: dict):
    """One part of a schema, every value of the type it must have."""
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    for key, value in values.items():
        if type(value) not in _TYPES[key]:
            raise TypeError(f"{key} is {value!r}")
    for name in values.get("names", ()):
        _text(name)
    return cls(**values)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no name")
    return value
