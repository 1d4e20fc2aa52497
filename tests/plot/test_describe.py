"""The picture of a tape shows what was counted."""

import numpy as np

from marsjax.data.describe import describe
from marsjax.data.tape import Tape
from marsjax.plot.describe import describe_figure
from tests.data.test_describe import tape


def test_panels():
    figure = describe_figure(tape(), describe(tape()))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "Messages",
        "Size of new orders",
        "Waiting time",
        "Spread",
        "Activity",
        "Live orders",
    ]
    mix = figure.axes[0].containers[0]
    assert np.allclose([bar.get_width() for bar in mix], np.array([2, 1, 1, 1, 1]) / 6)
    spreads = [bar.get_height() for bar in figure.axes[3].patches]
    assert np.allclose(spreads, np.array([0, 1, 2, 3, 0][: len(spreads)]) / 6)
    assert all(axes.get_xlabel() for axes in figure.axes)


def test_an_empty_session_is_said():
    quiet = Tape(**{**vars(tape()), "sessions": ((50_000, 57_600),)})
    figure = describe_figure(quiet, describe(quiet))
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "no data" in texts and "no two-sided book" in texts
