"""The experiment on what helps, as small as it gets."""

import json
from pathlib import Path

import pytest

from experiments.what_helps import AS_IS, NO_STOP, WITHOUT, Args, main
from marsjax.data import write_tapes
from marsjax.errors import InputError
from marsjax.synth import synthetic_tape

CONFIG = """
from marsjax.config import Config, ModelConfig, TrainConfig
config = Config(
    ModelConfig(d_model=16, num_layers=1, num_heads=2, window=16, dropout=0.1),
    TrainConfig(batch_size=2, seq_len=32, ema_decay=0.9, warmup_steps=1),
)
"""


@pytest.mark.slow
def test_every_variant_has_a_row(tmp_path: Path, capsys):
    for name, seed in (("store", 0), ("other", 1)):
        tape = synthetic_tape(seed, 3_000, symbol=name.upper())
        write_tapes(tmp_path / name, [tape])
    (tmp_path / "config.py").write_text(CONFIG)
    args = Args(
        data=tmp_path / "store",
        config=tmp_path / "config.py",
        out=tmp_path / "out",
        pretrain=(f"other={tmp_path / 'other'}",),
        steps=8,
        seeds=1,
    )
    main(args)
    found = json.loads((tmp_path / "out" / "what_helps.json").read_text())
    assert list(found) == [AS_IS, NO_STOP, *WITHOUT, "pre-trained on other"]
    assert found[AS_IS]["difference"]["mean"] == [0, 0, 0]
    others = [found[name]["nats"] for name in WITHOUT]
    assert all(x != found[AS_IS]["nats"] for x in others)
    assert (tmp_path / "out" / "what_helps.png").stat().st_size > 10_000
    assert "early stop" in capsys.readouterr().out


def test_a_store_must_be_named(tmp_path: Path):
    tape = synthetic_tape(0, 1_000)
    write_tapes(tmp_path / "store", [tape])
    (tmp_path / "config.py").write_text(CONFIG)
    with pytest.raises(InputError, match="give NAME=STORE"):
        main(
            Args(
                data=tmp_path / "store",
                config=tmp_path / "config.py",
                out=tmp_path / "out",
                pretrain=("other",),
            )
        )
