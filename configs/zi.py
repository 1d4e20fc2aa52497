"""The order model of the zero-intelligence market that comes with the package.

marsjax synth --market zi --markets 64 --orders 60000 --seed 1 --out runs/zi
marsjax train --data runs/zi --config configs/zi.py --out runs/zi-model

Every order of the training part is seen once: 2.7 million. Five minutes on two cores.
The true nats of its tokens are known (`python -m experiments.known_truth`).
"""

from marsjax.config import Config, ModelConfig, TrainConfig

config = Config(
    model=ModelConfig(d_model=64, num_layers=4, num_heads=4, window=128),
    train=TrainConfig(
        steps=2_600,
        batch_size=4,
        micro_batch=1,
        seq_len=256,
        learning_rate=3e-3,
        warmup_steps=100,
        ema_decay=0.99,
        eval_every=260,
        eval_orders=20_000,
        checkpoint_every=520,
    ),
)
