"""A picture is on disk whole or not at all."""

import pytest

from marsjax.errors import InputError
from marsjax.plot.style import new_axes, new_figure, save


def picture():
    figure = new_figure(2, 1)
    new_axes(figure, title="x")
    return figure


def test_png_at_150_dots_an_inch(tmp_path):
    path = save(picture(), tmp_path / "a.png")
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20]) == 300 and int.from_bytes(data[20:24]) == 150
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_failure_leaves_the_old_picture(tmp_path, monkeypatch):
    path = save(picture(), tmp_path / "a.png")
    old, figure = path.read_bytes(), picture()

    def fail(work, **_):
        work.write_bytes(b"half")
        raise RuntimeError

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(RuntimeError):
        save(figure, path)
    assert path.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written .*; choose another"):
        save(picture(), tmp_path / "file" / "a.png")
