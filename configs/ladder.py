"""Order models of every size, to be picked by name.

marsjax train --data STORE --config configs/ladder.py:44M --out runs/lmm-44M

| name | layers | width | heads | kv heads | window | parameters | joint head |
|---|---|---|---|---|---|---|---|
| 0.2M | 3 | 64 | 4 | 4 | 128 | 195,603 | 3,361,728 |
| 0.5M | 2 | 128 | 4 | 4 | 256 | 505,555 | 6,755,968 |
| 1M | 5 | 128 | 4 | 1 | 256 | 985,555 | 7,235,968 |
| 2M | 4 | 192 | 6 | 6 | 1024 | 1,975,571 | 11,277,504 |
| 5M | 6 | 256 | 4 | 4 | 1024 | 5,158,227 | 17,478,912 |
| 10M | 12 | 256 | 4 | 4 | 1024 | 9,978,195 | 22,298,880 |
| 19M | 10 | 384 | 6 | 6 | 1024 | 18,406,355 | 36,666,240 |
| 44M | 15 | 512 | 8 | 4 | 1024 | 44,715,603 | 68,783,616 |
| 107M | 16 | 768 | 12 | 6 | 1024 | 106,421,075 | 141,712,128 |
| 221M | 19 | 1024 | 16 | 4 | 1024 | 214,973,523 | 260,963,328 |
| 407M | 24 | 1024 | 16 | 16 | 1024 | 407,200,851 | 453,190,656 |
| 1.02B | 23 | 2048 | 16 | 4 | 1024 | 1,031,911,507 | 1,115,453,440 |

A name is what `python -m marsjax.lmm.sizes` counts with the factorised head; add
`--model.head joint` for MarS's. Each run sees 20 orders a parameter (Hoffmann et al.
2022, arXiv 2203.15556), so the larger ones want stores of many stocks and days: three
tapes of one day overfit from 1M on. The peak learning rate falls with the width from
what served at width 64 (configs/sse.py) to MarS's 4e-4 at width 1,024. From 19M on
the layers compute in bfloat16, which a CPU does slowly.
"""

import dataclasses
import math

from marsjax.config import Config, TrainConfig
from marsjax.lmm.sizes import SIZES

ORDERS_A_PARAMETER = 20
UNITS = {"M": 1e6, "B": 1e9}


def learning_rate(d_model: int) -> float:
    """2e-3 at width 64 and 4e-4 at 1,024, a power of the width."""
    exponent = math.log(2e-3 / 4e-4) / math.log(1024 / 64)
    return 2e-3 * (64 / d_model) ** exponent


def make(name: str) -> Config:
    """The model of that name and its training."""
    model, parameters = SIZES[name], float(name[:-1]) * UNITS[name[-1]]
    is_large = parameters > 15e6
    seq_len = max(model.window, 256)
    orders = 2**18 if parameters > 80e6 else 2**16 if parameters > 4e6 else 2**13
    batch_size = orders // seq_len
    steps = math.ceil(ORDERS_A_PARAMETER * parameters / orders)
    every = max(50, min(1_000, steps // 10))
    return Config(
        model=dataclasses.replace(
            model, dtype="bfloat16" if is_large else "float32", dropout=0.0
        ),
        train=TrainConfig(
            steps=steps,
            batch_size=batch_size,
            micro_batch=16 if is_large else 4,
            seq_len=seq_len,
            learning_rate=round(learning_rate(model.d_model), 6),
            final_learning_rate=0.1,
            warmup_steps=min(2_000, max(20, steps // 20)),
            weight_decay=0.1,
            ema_decay=0.999 if steps > 5_000 else 0.99,
            eval_every=every,
            eval_orders=100_000,
            checkpoint_every=every,
        ),
    )


configs = {name: make(name) for name in SIZES}
