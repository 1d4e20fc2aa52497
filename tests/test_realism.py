"""The experiment on realism, on two made-up tapes."""

import json
from pathlib import Path

from experiments.realism import Args, main
from marsjax.data import write_tapes
from marsjax.synth import synthetic_tape


def test_every_pair_has_a_row(tmp_path: Path, capsys):
    tapes = [synthetic_tape(i, 1500, symbol=name) for i, name in enumerate("AB")]
    write_tapes(tmp_path / "store", tapes)
    main(
        Args(
            stores=(tmp_path / "store",),
            symbols=("A", "B"),
            out=tmp_path / "out",
            baselines=("replay",),
            length=25,
            windows=10,
            draws=20,
        )
    )
    reports = json.loads((tmp_path / "out" / "realism.json").read_text())
    assert {s: set(r["systems"]) for s, r in reports.items()} == {
        "A": {"replay", "B"},
        "B": {"replay", "A"},
    }
    assert capsys.readouterr().out.count("replay") == 2
