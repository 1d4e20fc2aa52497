"""A long random stream against the oracle."""

import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.types import Kind, Message
from tests.book.streams import as_tuples
from tests.oracle import Oracle


@pytest.mark.parametrize(("slots", "ids"), [(32, 120), (256, 4_000)])
def test_fifty_thousand_messages(slots, ids):
    """Adds, sweeps, cancels and modifies, with full sides and reused ids."""
    rng = np.random.default_rng(slots)
    num = 50_000
    kinds = [Kind.LIMIT, Kind.LIMIT, Kind.IOC, Kind.CANCEL, Kind.MODIFY]
    side = rng.integers(0, 2, num)
    rows = np.stack(
        [
            rng.choice([int(k) for k in kinds], num, p=[0.3, 0.2, 0.1, 0.3, 0.1]),
            side,
            1000 + np.where(side == 0, -1, 1) * rng.integers(-3, 20, num),
            rng.integers(1, 40, num),
            rng.integers(0, ids, num),
            rng.integers(0, 4, num),
        ],
        axis=-1,
    ).astype(np.int32)
    oracle = Oracle(slots)
    expected = [event for row in rows.tolist() for event in oracle.submit(*row)]
    result = mbook.run(mbook.init(slots), Message(*rows.T))
    assert as_tuples(result.events) == expected
    assert int(result.book.status) == oracle.status
