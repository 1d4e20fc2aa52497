"""The experiment measures every stage of a tape and names what it cannot measure."""

import pytest

from experiments.tokenise_speed import Args, deep_tape, main
from marsjax.data import write_tapes
from marsjax.errors import InputError


def test_a_row_a_stage_of_every_tape(tmp_path, capsys):
    write_tapes(tmp_path, [deep_tape(1, 300, 20)])
    speeds = main(Args(orders=400, live=20, store=tmp_path, repeats=1))
    assert len(speeds) == 12
    assert [s.stage for s in speeds[:6]] == [s.stage for s in speeds[6:]]
    assert {s.num_orders for s in speeds} == {400, 300}
    assert all(s.best_s > 0 and s.compile_s >= 0 for s in speeds)
    told = capsys.readouterr().err
    assert told.count("orders") >= 12 and "replay and look" in told


@pytest.mark.parametrize(
    "wrong",
    [{"orders": -1}, {"live": 0}, {"repeats": 0}, {"orders": 0}],
)
def test_nothing_to_measure(wrong):
    with pytest.raises(InputError):
        main(Args(**wrong))
