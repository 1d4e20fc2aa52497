"""A ladder of model sizes, from 0.2 million parameters to a billion.

    python -m marsjax.lmm.sizes

prints it. A name is the number of parameters with the factorised head. MarS (arXiv
2409.07486) trained 2M, 5M, 10M, 19M, 44M, 107M, 221M and 1.02B at a context of 1,024
orders, and publishes one shape: 24 layers, width 1,024, 16 heads, feed-forward 4,096.
That shape has 407 million parameters here (453 with the joint head, which is MarS's): a
SwiGLU of that width has three matrices. Which of its sizes it is MarS does not say, so
it stands here under its own count, and the shapes of the other sizes are ours.
"""

import dataclasses
from collections.abc import Iterable

import jax
from rich.console import Console
from rich.table import Table

from marsjax.config import ModelConfig
from marsjax.lmm.model import OrderModel, num_params
from marsjax.tokens.orders import ORDERS


def _shape(
    num_layers: int,
    d_model: int,
    num_heads: int,
    num_kv_heads: int,
    window: int = 1024,
    d_ff: int | None = None,
) -> ModelConfig:
    return ModelConfig(
        num_features=len(ORDERS.features),
        feature_scale=ORDERS.feature_scale,
        d_model=d_model,
        num_layers=num_layers,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        d_ff=d_ff,
        window=window,
    )


SIZES = {
    "0.2M": _shape(3, 64, 4, 4, window=128),
    "0.5M": _shape(2, 128, 4, 4, window=256),
    "1M": _shape(5, 128, 4, 1, window=256),
    "2M": _shape(4, 192, 6, 6),
    "5M": _shape(6, 256, 4, 4),
    "10M": _shape(12, 256, 4, 4),
    "19M": _shape(10, 384, 6, 6),
    "44M": _shape(15, 512, 8, 4),
    "107M": _shape(16, 768, 12, 6),
    "221M": _shape(19, 1024, 16, 4),
    "407M": _shape(24, 1024, 16, 16, d_ff=4096),  # MarS's published shape
    "1.02B": _shape(23, 2048, 16, 4),
}
"""Shapes by name; factorised head, float32, no dropout."""


def count_params(config: ModelConfig) -> int:
    """How many parameters a model of this shape has; allocates none of them.

    Blocks are alike: models of one and of two tell what any number of them has.
    """
    one, two = (
        jax.eval_shape(
            OrderModel(dataclasses.replace(config, num_layers=n)).init,
            jax.random.key(0),
        )
        for n in (1, 2)
    )
    block = num_params(two) - num_params(one)
    return num_params(one) + (config.num_layers - 1) * block


def size_table(names: Iterable[str] = tuple(SIZES)) -> Table:
    """The ladder as a table, with the parameters of each head."""
    table = Table(title="Sizes of the order model", title_justify="left")
    columns = "name layers width heads kv_heads feed-forward window factorised joint"
    for column in columns.split():
        justify = "left" if column == "name" else "right"
        table.add_column(column.replace("_", " "), justify=justify)
    for name in names:
        config = SIZES[name]
        heads = (config, dataclasses.replace(config, head="joint"))
        values = (
            config.num_layers,
            config.d_model,
            config.num_heads,
            config.kv_heads,
            config.ff_dim,
            config.window,
            *map(count_params, heads),
        )
        table.add_row(name, *(f"{value:,}" for value in values))
    return table


if __name__ == "__main__":
    Console(width=110, highlight=False).print(size_table())
