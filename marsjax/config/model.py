"""Shape of the order model."""

from dataclasses import dataclass
from typing import Literal

from tyro.conf import Suppress

from marsjax.config.require import require


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the order model.

    Attributes:
      field_sizes, field_names: of each field of a token, in the order in which they
        are drawn. Training takes these and the next two from the dataset.
      num_features: book and clock features after each order.
      feature_scale: what each integer feature is multiplied by; None: 1.
      inputs: what the model sees of each order: fields by name and groups of features,
        such as book, touch, spread, imbalance, mid_change, move, time and traded; None:
        everything.
      d_model: width.
      num_layers: decoder blocks.
      num_heads: attention heads.
      num_kv_heads: heads of keys and values; None: ``num_heads``. Fewer make the
        cache of a rollout smaller and faster.
      d_ff: width of the SwiGLU layer; None: 8/3 of the width, rounded up to 32.
      window: how many orders back attention sees, the present one included.
      head: ``factorised`` (field by field) or ``joint`` (one softmax, as in MarS).
      rope_base: the slowest rotary frequency is about ``1 / rope_base``.
      dropout: rate on the input of the blocks and on every branch, training only.
      dtype: what the layers compute in; parameters and likelihoods stay float32.
    """

    # What the dataset decides is no option of the command line.
    field_sizes: Suppress[tuple[int, ...]] = (3, 32, 32, 16)
    field_names: Suppress[tuple[str, ...]] = ("type", "price", "volume", "interval")
    num_features: Suppress[int] = 16
    feature_scale: Suppress[tuple[float, ...] | None] = None
    inputs: tuple[str, ...] | None = None
    d_model: int = 128
    num_layers: int = 4
    num_heads: int = 4
    num_kv_heads: int | None = None
    d_ff: int | None = None
    window: int = 256
    head: Literal["factorised", "joint"] = "factorised"
    rope_base: float = 10_000.0
    dropout: float = 0.0
    dtype: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self):
        for name in ("num_features", "d_model", "num_layers", "num_heads", "window"):
            require(getattr(self, name) > 0, f"{name} must be positive", "raise it")
        require(
            0 < len(self.field_sizes) == len(self.field_names)
            and min(self.field_sizes) > 0,
            f"field_sizes is {self.field_sizes}, field_names {self.field_names}",
            "give each field a name and a positive size",
        )
        require(
            self.d_model % (2 * self.num_heads) == 0,
            f"d_model {self.d_model} does not split into {self.num_heads} heads of "
            "even width",
            "make d_model a multiple of 2 * num_heads",
        )
        require(
            self.kv_heads > 0 and self.num_heads % self.kv_heads == 0,
            f"{self.num_heads} heads cannot share {self.kv_heads} key-value heads",
            "make num_heads a multiple of num_kv_heads",
        )
        require(
            self.feature_scale is None or len(self.feature_scale) == self.num_features,
            "feature_scale has another length than num_features",
            "give one number a feature",
        )
        require(0 <= self.dropout < 1, "dropout is outside [0, 1)", "lower it")
        require(
            self.head in ("factorised", "joint"),
            f"head is {self.head!r}",
            "use factorised or joint",
        )

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.num_heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.num_heads if self.num_kv_heads is None else self.num_kv_heads

    @property
    def ff_dim(self) -> int:
        """Width of the SwiGLU layer."""
        if self.d_ff is not None:
            return self.d_ff
        return -(-8 * self.d_model // (3 * 32)) * 32
