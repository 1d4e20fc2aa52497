"""What a market is fitted to."""

import pytest

from marsjax.commands.synth_source import burn_in_for, part_of, tapes_of
from marsjax.data import write_tapes
from marsjax.data.tape import in_session
from marsjax.errors import InputError
from marsjax.synth.tape import to_tapes
from tests.synth.zi_run import ZI, default_run


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "store"
    params, run = default_run()
    write_tapes(folder, to_tapes(ZI, params, run, symbol="ZI")[:2], (0.7, 0.0, 0.3))
    return folder


def test_a_part_has_its_orders_and_the_book_before_them(store):
    whole, _ = tapes_of(store, "all")
    assert in_session(whole).sum() == 2_000
    shares = {}
    for part in ("train", "test"):
        tape, other = tapes_of(store, part)
        shares[part] = in_session(tape).sum()
        start, stop = whole.split[part]
        assert (tape.seed_rows, len(tape.messages)) == (max(start, 20), stop)
        assert tape.messages.equals(whole.messages.head(stop))
        assert other.name != tape.name
    assert shares["train"] == 1_400 and 0 < shares["test"] <= 600
    (alone,) = tapes_of(store / "ZI_m0001", "train")
    assert alone.messages.equals(other.messages.head(len(alone.messages)))


def test_a_part_without_orders_is_an_error(store):
    with pytest.raises(InputError, match="valid part has no orders"):
        tapes_of(store, "valid")
    assert not in_session(part_of(tapes_of(store, "all")[0], "valid")).any()


def test_a_burn_in_renews_the_book():
    assert burn_in_for(30.0) == 2_000
    assert burn_in_for(1_765.8) == 18_000
    assert burn_in_for(10**6) == 50_000
