"""What `marsjax models` prints."""

import json

import pytest

from marsjax.cli import main
from marsjax.train.shipped import shipped_names


def test_the_table(capsys):
    main(["models"])
    out = capsys.readouterr().out
    assert all(name in out for name in shipped_names()) and "nats an order" in out
    main(["models", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in told] == shipped_names()


def test_a_card(capsys):
    main(["models", "zi"])
    out = capsys.readouterr().out
    assert "Cont, Stoikov" in out and "Limits" in out
    main(["models", "zi", "--json"])
    assert json.loads(capsys.readouterr().out)["name"] == "zi"


def test_an_unknown_name(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["models", "none-such"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "sse" in error and "zi" in error
