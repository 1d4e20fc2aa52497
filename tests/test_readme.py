"""Every command and snippet of the README runs."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from marsjax.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
SNIPPETS = [code for language, code in BLOCKS if language == "python"]
LINES = [
    line
    for language, code in BLOCKS
    if language == "bash"
    for line in code.strip().splitlines()
]
BENCH_LINES = [line for line in LINES if line.startswith("marsjax bench ")]
TAPE_LINES = [line for line in LINES if line.startswith("marsjax ")]
SYNTH_LINES = [line for line in LINES if line.startswith("marsjax synth ")]
SCORE_LINES = [line for line in LINES if line.startswith("marsjax score ")]
MODEL_LINES = [
    line
    for line in LINES
    if line.startswith("marsjax models")
    or "--checkpoint sse" in line
    or "--dry-run" in line
]
FEED_LINES = [line for line in LINES if "feed.toml" in line]
APART = {*BENCH_LINES, *SYNTH_LINES, *FEED_LINES, *SCORE_LINES, *MODEL_LINES}
TAPE_LINES = [line for line in TAPE_LINES if line not in APART]
TOML = [code for language, code in BLOCKS if language == "toml"]
FEED = """\
timestamp,event,side,price,size,order
1672756200000,new,B,99.98,300,1
1672756200250,new,S,100.01,200,2
1672756201000,reduced,B,99.98,100,1
1672756201500,traded,S,100.01,150,2
1672756202000,gone,S,100.01,50,2
1672756203000,new,S,100.02,400,3
"""

# The same commands, small enough for every run of the tests.
SMALLER = {
    "demo": "--markets 2 --orders 60",
    "train": "--train.steps 2 --train.warmup-steps 1 --train.eval-orders 2000 "
    "--baselines counts",
    "simulate": "--markets 2 --orders 60",
    "bench book": "--books 1 2 --slots 16 --messages 128 --repeats 1 --no-pin",
    "bench rollout": "--model 0.2M --markets 2 --context 16 --runs 1 --seconds 0.01 "
    "--devices 1",
    "bench train": "--model 0.2M --length 16 --batch-size 1 --runs 1 --steps 1",
    "evaluate": "--length 20 --windows 8 --draws 20 --baselines iid",
    "export": "--length 20 --windows 2",
    "synth": "--markets 2 --orders 300 --truth-orders 300",
}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder with what a README reader sees beside the commands."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(folder)
    return folder


def test_two_commands_set_everything_up():
    setup = [line for line in LINES if line.startswith("pip ")]
    assert setup == [
        "pip install -e . && marsjax demo",
        'pip install -e ".[test]" && pytest',
    ]


def test_every_command_is_shown():
    assert set(COMMANDS) <= {line.split("marsjax ")[-1].split()[0] for line in LINES}


def test_demo_and_snippets(checkout, capsys):
    main(["demo", *SMALLER["demo"].split()])
    names = {"__name__": "readme"}  # a snippet may use what those before it made
    for code in SNIPPETS:
        exec(compile(code, "README.md", "exec"), names)
    assert "mid after 250 orders" in capsys.readouterr().out


def run_bench(line: str) -> None:
    words = shlex.split(line)[1:]
    main([*words, *SMALLER[" ".join(words[:2])].split()])


def test_the_speed_of_the_book(capsys):
    lines = [line for line in BENCH_LINES if "bench book" in line]
    assert lines
    for line in lines:
        run_bench(line)
    assert "messages/s" in capsys.readouterr().out


@pytest.mark.slow
def test_the_speed_of_the_model(capsys):
    lines = [line for line in BENCH_LINES if "bench book" not in line]
    assert {line.split()[2] for line in lines} == {"rollout", "train"}
    for line in lines:
        run_bench(line)
    assert "utilisation" in capsys.readouterr().out


def test_the_shipped_models_are_listed(capsys):
    lines = [line for line in MODEL_LINES if line.startswith("marsjax models")]
    assert len(lines) == 2
    for line in lines:
        main(shlex.split(line)[1:])
    assert "Shanghai" in capsys.readouterr().out


@pytest.mark.slow
def test_the_shipped_models_run(checkout, capsys):
    lines = [line for line in MODEL_LINES if not line.startswith("marsjax models")]
    assert lines
    for line in lines:
        words = shlex.split(line)[1:]
        smaller = "" if "--dry-run" in line else SMALLER[words[0]]
        main([*words, *smaller.split()])
    assert "parameters" in capsys.readouterr().out


@pytest.mark.slow
def test_scores_of_the_models(shared, checkout, capsys):
    (checkout.parent / "shared").symlink_to(shared)
    made = [x for x in TAPE_LINES if "prepare --source sse" in x or "train" in x]
    for line in (*made, *SCORE_LINES):
        words = shlex.split(line)[1:]
        main([*words, *SMALLER.get(words[0], "").split()])
    assert "logistic" in capsys.readouterr().out


def test_the_path_of_real_tapes(shared, checkout, capsys):
    (checkout.parent / "shared").symlink_to(shared)
    assert len(TAPE_LINES) == 12
    for line in TAPE_LINES:
        words = shlex.split(line)[1:]
        main([*words, *SMALLER.get(words[0], "").split()])
    assert (checkout / "runs/sse-simulated/price_fan.png").is_file()


def test_a_feed_of_ones_own(checkout, capsys):
    (checkout / "feed.csv").write_text(FEED)
    (checkout / "feed.toml").write_text(*TOML)
    for line in FEED_LINES:
        main(shlex.split(line)[1:])
    assert "split: train" in capsys.readouterr().out


@pytest.mark.slow
def test_synthetic_markets(shared, checkout, capsys):
    (checkout.parent / "shared").symlink_to(shared)
    tape = next(line for line in TAPE_LINES if "601825" in line)
    for line in (tape, *SYNTH_LINES):
        words = shlex.split(line)[1:]
        main([*words, *SMALLER.get(words[0], "").split()])
    assert "true entropy" in capsys.readouterr().out


def test_every_picture_is_there():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file()


@pytest.mark.slow
def test_the_experiment_reaches_its_figure(shared, tmp_path):
    """The README's training in full, and how far it is below each baseline."""
    command = [sys.executable, ROOT / "experiments/shanghai.py"]
    options = ["--tapes", shared / "data", "--out", tmp_path]
    subprocess.run([*command, *options], check=True)
    report = json.loads((tmp_path / "sse-model/evaluation.json").read_text())
    least = {"bigram_fields": 0.5, "trigram_fields": 0.3, "logistic": 0.1}
    for name, gain in least.items():
        mean, low, _ = report["gain"][name]["mean"]
        assert mean >= gain and low > 0
    summary = json.loads((tmp_path / "sse-simulated/simulation.json").read_text())
    assert summary["crossed_states"] == 0 and summary["status"] == []
