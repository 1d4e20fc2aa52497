"""`marsjax export`: the files LOB-Bench reads hold the windows they were cut from."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from marsjax.cli import main
from marsjax.data import write_tapes
from marsjax.data.tape import Tape
from marsjax.eval.lobster_windows import windows_from_lobster
from marsjax.types import Kind
from tests.eval.made_tapes import random_tape

LENGTH = 60


def continued(tape: Tape, market: int, row: int) -> Tape:
    """A tape whose history is the first ``row`` rows, as a simulated market's is."""
    frame = tape.messages
    moment = [frame[name][row] for name in ("time_s", "time_ns")]
    is_past = pl.int_range(len(frame)) < row
    messages = frame.with_columns(
        pl.when(is_past).then(moment[0]).otherwise("time_s").alias("time_s"),
        pl.when(is_past).then(moment[1]).otherwise("time_ns").alias("time_ns"),
    ).cast(frame.schema)
    return replace(
        tape, name=f"{tape.name}_m{market:04d}", messages=messages, seed_rows=row
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A real store, markets that continue its tape, and others that do not."""
    folder = tmp_path_factory.mktemp("export")
    real = random_tape(4, 700)
    rows = real.seed_rows + 200, real.seed_rows + 200, real.seed_rows + 400
    write_tapes(folder / "real", [real])
    made = [continued(real, i, row) for i, row in enumerate(rows)]
    write_tapes(folder / "markets", made)
    other = replace(random_tape(5, 500), symbol="YY_Z", date=None, name="YY")
    strange = other.messages.with_columns(pl.lit("YY_Z").alias("symbol"))
    other = replace(other, messages=strange.with_columns(date=pl.lit(None, pl.Date)))
    write_tapes(folder / "other", [other])
    return folder


def export(folder, store, out, *more, capsys=None) -> dict:
    args = ["export", "--format", "lob-bench", str(folder / store), "--json"]
    args += ["--reference", str(folder / "real"), "--out", str(out)]
    main([*args, "--length", str(LENGTH), "--context", "20", *more])
    return json.loads(capsys.readouterr().out)


def test_a_market_stands_beside_what_followed_its_start(folder, tmp_path, capsys):
    out = tmp_path / "bench"
    told = export(folder, "markets", out, capsys=capsys)
    assert told["paired by"] == "start"
    assert (told["real"], told["generated"], told["with rows before"]) == (2, 3, 2)
    assert "several generated" in told["notes"][0]
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*.csv"))
    assert "data_gen/XX_2024-01-02_message_real_id_0_gen_id_1.csv" in names
    assert "data_cond/XX_2024-01-02_orderbook_real_id_1.csv" in names
    assert len(names) == 2 * (2 + 3 + 2)
    real = windows_from_lobster(out, LENGTH, which="real")
    gen = windows_from_lobster(out, LENGTH, which="gen")
    assert (real.num_windows, gen.num_windows) == (2, 3)
    # These markets do what the real one did, so the windows must be the same.
    for name in ("type_BT", "price_ticks_BT", "qty_BT", "time_ns_BT", "traded_BT"):
        x, y = getattr(gen, name), getattr(real, name)
        np.testing.assert_array_equal(x, y[[0, 0, 1]], err_msg=name)
    np.testing.assert_array_equal(
        gen.level_price_BTSK, real.level_price_BTSK[[0, 0, 1]]
    )
    np.testing.assert_array_equal(gen.level_qty_BTSK, real.level_qty_BTSK[[0, 0, 1]])


def test_windows_are_those_of_the_whole_tape(folder, tmp_path, capsys):
    lobster, out = tmp_path / "lobster", tmp_path / "bench"
    main(["export", "--format", "lobster", str(folder / "real"), "--out", str(lobster)])
    capsys.readouterr()
    export(folder, "other", out, "--pair", "order", capsys=capsys)
    whole = windows_from_lobster(lobster, LENGTH)
    paths = sorted(out.glob("data_real/*_message_*.csv"))
    text = (lobster / "XX_2024-01-02_message_10.csv").read_text()
    books = (lobster / "XX_2024-01-02_orderbook_10.csv").read_text()
    firsts = []
    for path in paths:
        piece = path.read_text()
        assert piece in text and piece.count("\n") == LENGTH
        firsts.append(text[: text.index(piece)].count("\n"))
        book = path.with_name(path.name.replace("message", "orderbook")).read_text()
        line = book.splitlines()[0]
        assert book in books and line.count(",") == 39
        cond = out / "data_cond" / path.name
        assert text.index(cond.read_text() + piece) >= 0
    assert len(set(firsts)) == len(firsts)
    np.testing.assert_array_equal((np.asarray(firsts) - 20) % LENGTH, 0)
    assert whole.num_windows >= len(paths) > 5
    # The book before a window is the last of data_cond.
    real = windows_from_lobster(out, LENGTH, which="real")
    before = np.asarray(firsts) - 1
    flat = whole.level_price_BTSK.reshape(-1, 2, 10)
    np.testing.assert_array_equal(real.first_price_BSK, flat[before])


def test_other_stocks_are_paired_in_order(folder, tmp_path, capsys):
    told = export(folder, "other", tmp_path / "b", "--windows", "4", capsys=capsys)
    assert told["paired by"] == "order"
    assert (told["real"], told["generated"]) == (4, 4)
    gen = windows_from_lobster(tmp_path / "b", LENGTH, which="gen")
    assert gen.num_windows == 4 and gen.used_BT.all()
    again = tmp_path / "c"
    export(folder, "other", again, "--windows", "4", capsys=capsys)
    for path in (tmp_path / "b").rglob("*.csv"):
        twin = again / path.relative_to(tmp_path / "b")
        assert path.read_bytes() == twin.read_bytes()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--length", "100000"), "shorter windows"),
        (("--context", "0"), "--context is 0"),
        (("--reference", "nowhere"), "nowhere"),
    ],
)
def test_faults_leave_nothing_behind(folder, tmp_path, capsys, more, says):
    args = ["export", "--format", "lob-bench", str(folder / "markets")]
    args += ["--reference", str(folder / "real"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        main([*args, *more])
    assert stop.value.code == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_go_together(folder, tmp_path, capsys):
    store, out = str(folder / "real"), str(tmp_path / "out")
    for args, says in (
        (["--format", "lob-bench", store], "--reference"),
        (["--format", "lobster", store, "--windows", "3"], "does not go with"),
    ):
        with pytest.raises(SystemExit):
            main(["export", *args, "--out", out])
        assert says in capsys.readouterr().err


def test_a_modify_that_enters_anew_is_refused(tmp_path, capsys):
    tape = random_tape(6, 40)
    frame = tape.messages
    resting = frame["order_id"][0]
    row = frame.tail(1).with_columns(
        kind=pl.lit(int(Kind.MODIFY)),
        order_id=pl.lit(resting),
        price_ticks=pl.lit(int(frame["price_ticks"][0]) - 1),
        qty=pl.lit(5),
    )
    kept = frame.head(tape.seed_rows)
    write_tapes(
        tmp_path / "s",
        [replace(tape, messages=pl.concat([kept, row.cast(frame.schema)]))],
    )
    with pytest.raises(SystemExit):
        store, out = str(tmp_path / "s"), str(tmp_path / "out")
        args = ["--format", "lob-bench", store, "--reference", store, "--out", out]
        main(["export", *args])
    assert "re-enters" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
