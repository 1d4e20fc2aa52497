"""Mappings and what is wrong with them."""

import textwrap

import pytest

from marsjax.data.formats import mapping as mapping_module
from marsjax.data.formats.mapping_spec import KEYS, read_spec
from marsjax.errors import InputError
from tests.data.formats.mapping_maker import MAPPING, read, spec_file


def test_the_example_in_the_documentation(tmp_path):
    example = mapping_module.__doc__.split("::\n", 1)[1].split("\nKinds:", 1)[0]
    spec = read_spec(spec_file(tmp_path, textwrap.dedent(example)))
    assert spec.columns["symbol"] == "ticker" and spec.is_contiguous
    assert (float(spec.price_unit), float(spec.tick)) == (0.0001, 0.01)
    for table, keys in KEYS.items():
        assert f"[{table}]" in example
        assert all(f"{key} =" in example or key == "codes" for key in keys) or (
            table == "tape"
        )


WRONG = [
    ("[tape]", "[tapes]", "toml:1: unknown key 'tapes'; known: file, tape"),
    ('column = "when"', 'colum = "when"', "toml:6: unknown key 'time.colum'; known:"),
    ('column = "what"', "", "toml:8: there is no action.column; add column to"),
    ('column = "price"', "column = 5", "toml:29: price.column is 5; give a text"),
    ('unit = "clock"', 'unit = "day"', "toml:7: time.unit is 'day'; give one of s, ms"),
    ('unit = "clock"', "", "toml:5: there is no time.unit; give one of s"),
    ('unit = "clock"', 'zone = "Mars"', "toml:7: time.zone: no time zone 'Mars'"),
    ('"add"', '"adds"', "toml:11: action.codes.new: kind 'adds' is unknown; known"),
    ('"left"', '"rest"', "toml:12: action.codes.less: quantity 'rest' is unknown"),
    ('cut = "cancel"', "cut = 3", "toml:13: action.codes.cut is 3; give a kind"),
    ('new_column = "next"', "", "action.codes.repl: kind replace needs id.new_column"),
    ('sell = ["S"]', "", "toml:25: side.buy or side.sell is missing"),
    ('sell = ["S"]', 'sell = ["B"]', "toml:27: 'B' is both a buy and a sell"),
    ('tick = "0.01"', 'tick = "0"', "toml:31: price.tick '0' is not a positive"),
    ("contiguous = true", "contiguous = 1", "toml:39: sequence.contiguous is 1; give"),
    ("09:30-16:00", "9-16", "toml:4: tape.sessions: '9-16' is no window"),
    ("2024-07-01", "1 July", "toml:3: tape.date is '1 July'; give it as"),
    ("[time]", "[time", "this is not TOML (Expected ']'"),
]


@pytest.mark.parametrize(("old", "new", "error"), WRONG)
def test_wrong_mappings(tmp_path, old, new, error):
    assert old in MAPPING
    with pytest.raises(InputError) as caught:
        read(tmp_path, mapping=MAPPING.replace(old, new, 1))
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)
