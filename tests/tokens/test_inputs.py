"""Groups of inputs cover every feature, and what is left out is multiplied by 0."""

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.tokens.inputs import group_of, known_inputs, scale_of_inputs
from marsjax.tokens.orders import ORDERS, ORDERS_LEVELS
from tests.tokens.server_log import SERVERS

ALL = (ORDERS.field_names, ORDERS.feature_names, ORDERS.feature_scale)
GROUPS = ("book", "touch", "spread", "imbalance", "mid_change", "move", "time")


def test_every_feature_has_a_group():
    assert known_inputs(*ALL[:2]) == (*ORDERS.field_names, *GROUPS, "traded")
    groups = [group_of(name) for name in ORDERS_LEVELS.feature_names]
    assert groups.count("touch") == 2 and groups.count("book") == 18
    assert set(groups) == {*GROUPS, "traded", "depth_imbalance"}
    # Of another domain a feature is its own group.
    known = known_inputs(SERVERS.field_names, SERVERS.feature_names)
    assert known == (*SERVERS.field_names, *SERVERS.feature_names)


def test_what_is_left_out_has_scale_0():
    assert scale_of_inputs(None, *ALL) == ORDERS.feature_scale
    assert scale_of_inputs(known_inputs(*ALL[:2]), *ALL) == ORDERS.feature_scale
    some = scale_of_inputs(("type", "touch", "time"), *ALL)
    kept = [ORDERS.feature_names[i] for i in np.flatnonzero(some)]
    assert kept == ["volume at best bid", "volume at best ask", "time since the open"]
    assert some[-2] == ORDERS.feature_scale[-2]
    assert not any(scale_of_inputs(ORDERS.field_names, *ALL))


@pytest.mark.parametrize("inputs", [("boook",), ("type", "Spread"), ()])
def test_an_unknown_input_is_told_with_all_that_are_known(inputs):
    with pytest.raises(InputError, match="type, price, volume, interval, book, touch"):
        scale_of_inputs(inputs, *ALL)
