"""``marsjax evaluate`` on small stores."""

import json

import pytest

from marsjax.cli import main
from marsjax.data import read_tape, write_tapes
from marsjax.synth import synthetic_tape

OPTIONS = ["--length", "50", "--windows", "12", "--draws", "30", "--bar", "5"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    for seed, name in ((0, "real"), (1, "made")):
        write_tapes(folder / name, [synthetic_tape(seed, 1500)])
    return folder


def test_report_table_and_pictures(stores, tmp_path, capsys):
    out = tmp_path / "out"
    args = ["evaluate", "--generated", str(stores / "made"), "--reference"]
    args += [str(stores / "real"), "--part", "all", "--baselines", "--out", str(out)]
    main([*args, *OPTIONS, "--json"])
    printed = json.loads(capsys.readouterr().out)
    report = json.loads((out / "report.json").read_text())
    assert printed == report
    assert report["windows"] == {"reference": 12, "generated": 12}
    names = {path.name for path in out.iterdir()}
    assert {"report.html", "report.json", "scores.png", "facts.png"} <= names
    page = (out / "report.html").read_text()
    assert "excess" in page and "http://" not in page.replace("http://www.w3.org", "")
    # Another seed of the same market: most scores are at the floor.
    rows = [r for r in report["systems"]["generated"] if r["p"] is not None]
    low = sum(r["p"] < 0.01 for r in rows)
    assert low <= 0.1 * len(rows)


def test_what_the_model_has_seen_is_refused(stores, tmp_path, capsys):
    tape = read_tape(stores / "real", "ZI")
    span = {
        "tape": "ZI",
        "symbol": "ZI",
        "date": None,
        "files": list(tape.hashes),
        "parts": {"train": [[0, 0], [86_399, 0]]},
    }
    summary = stores / "made" / "simulation.json"
    summary.write_text(json.dumps({"trained_on": [span]}))
    args = ["evaluate", "--generated", str(stores / "made"), "--reference"]
    args += [str(stores / "real"), "--part", "all", "--baselines"]
    try:
        with pytest.raises(SystemExit) as caught:
            main([*args, "--out", str(tmp_path / "refused"), *OPTIONS])
        assert caught.value.code == 2
        assert "--allow-trained" in capsys.readouterr().err
        assert not (tmp_path / "refused").exists()
    finally:
        summary.unlink()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--length", "5"], "--length is 5"),
        (["--name", "replay"], "--name replay is taken"),
        (["--windows", "1"], "--windows is 1"),
    ],
)
def test_options_that_do_not_fit(stores, tmp_path, capsys, options, error):
    args = ["evaluate", "--generated", str(stores / "made"), "--reference"]
    args += [str(stores / "real"), "--out", str(tmp_path / "out"), *options]
    with pytest.raises(SystemExit):
        main(args)
    assert error in capsys.readouterr().err
