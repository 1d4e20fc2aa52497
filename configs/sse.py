"""The order model of the README, trained on three Shanghai tapes.

marsjax train --data runs/sse --config configs/sse.py --out runs/sse-model
"""

from marsjax.config import Config, ModelConfig, TrainConfig

config = Config(
    model=ModelConfig(d_model=64, num_layers=4, num_heads=4, window=128, dropout=0.1),
    train=TrainConfig(
        steps=1_600,
        batch_size=4,
        micro_batch=1,
        seq_len=256,
        learning_rate=2e-3,
        warmup_steps=100,
        weight_decay=0.1,
        ema_decay=0.99,
        mirror=True,
        eval_every=100,
        checkpoint_every=100,
    ),
)
