"""Any domain's events become tokens by their schema, and come back."""

import dataclasses
import json

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.tokens import schema as sc
from marsjax.tokens.orders import ORDERS
from marsjax.tokens.schema import Binned, Categorical, EventSchema, Feature
from marsjax.tokens.tokenizer import fit, from_json
from tests.tokens.server_log import SERVERS, server_log


@pytest.fixture(scope="module")
def columns():
    return server_log(0, 3_000)[0]


@pytest.fixture(scope="module")
def tokenizer(columns):
    queue = np.arange(100).reshape(10, 10)
    return fit(SERVERS, columns | {"queue": queue})


def test_every_field_is_encoded_and_decodes_into_its_own_bin(tokenizer, columns):
    tokens = tokenizer.encode(columns)
    assert tokens.shape == (3_000, 5) and tokens.dtype == np.uint8
    assert (tokens < np.array(SERVERS.field_sizes)).all()
    np.testing.assert_array_equal(tokens[:, 0], columns["kind"])
    # About a quarter of the intervals lies in each of the four bins.
    shares = np.bincount(tokens[:, 3]) / len(tokens)
    assert len(shares) == 4 and shares.min() > 0.2
    decoded = tokenizer.decode(tokens, np.random.default_rng(0))
    assert list(decoded) == list(SERVERS.field_names)
    # A symmetric value of 0 has two names; every other decodes into its own bin.
    again, off = tokenizer.encode(decoded), decoded["drift"] != 0
    np.testing.assert_array_equal(again[:, :4], tokens[:, :4])
    np.testing.assert_array_equal(again[off, 4], tokens[off, 4])
    assert decoded["duration_ms"].mean() == pytest.approx(
        columns["duration_ms"].mean(), rel=0.02
    )


def test_symmetric_fields_mirror(tokenizer, columns):
    mirror = SERVERS.mirror
    assert mirror["fields"] == [None, None, None, None, [3, 2, 1, 0]]
    assert mirror["feature_perm"] == [0, 1] and mirror["feature_sign"] == [1, -1]
    off = columns["drift"] != 0
    one = tokenizer.encode(columns)[off, 4]
    other = tokenizer.encode(columns | {"drift": -columns["drift"]})[off, 4]
    np.testing.assert_array_equal(np.array(mirror["fields"][4])[one], other)
    table = tokenizer.tables["drift"]
    np.testing.assert_array_equal(table, -table[::-1, ::-1])


def test_json_there_and_back(tokenizer):
    again = from_json(tokenizer.to_json())
    assert again.schema == SERVERS and again.sha256 == tokenizer.sha256
    assert set(again.tables) == {"duration_ms", "interval_ms", "drift"}
    assert again.edges["queue"].tolist() == [19, 39, 59, 79]
    assert sc.from_dict(json.loads(json.dumps(sc.to_dict(ORDERS)))) == ORDERS


def test_large_fields_take_16_bits():
    schema = EventSchema("wide", (Binned("value", 300),), (Feature("nothing"),))
    values = np.arange(3_000)
    tokens = fit(schema, {"value": values}).encode({"value": values})
    assert tokens.dtype == np.uint16 and tokens.max() == 299
    assert schema.mirror is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(format=1), "format 1, not 2"),
        (lambda d: d["edges"].pop("queue"), "not a tokenizer"),
        (lambda d: d["edges"]["drift"].pop(), r"drift the edges have shape \(2,\)"),
        (lambda d: d["edges"]["drift"].reverse(), "drift the edges do not ascend"),
        (lambda d: d["tables"]["drift"].pop(), "drift the table has shape"),
        (lambda d: d["tables"]["drift"][0].__setitem__(0, 1.5), "not a tokenizer"),
        (lambda d: d["schema"]["fields"][0].update(kind="x"), "not a tokenizer"),
        (lambda d: d["schema"]["fields"][2].update(num_bins="6"), "not a tokenizer"),
        (lambda d: d["schema"]["fields"][0].update(names=[1]), "not a tokenizer"),
        (lambda d: d["schema"]["features"][0].update(sign=2), "sign of load is 2"),
        (lambda d: d["schema"].pop("name"), "not a tokenizer"),
    ],
)
def test_a_damaged_tokenizer_is_refused(tokenizer, change, says):
    data = json.loads(tokenizer.to_json())
    change(data)
    with pytest.raises(InputError, match=says):
        from_json(json.dumps(data), "tokenizer.json")


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"format": 2, "schema": {}}'])
def test_what_is_no_tokenizer_is_refused(text):
    with pytest.raises(InputError, match=r"tokenizer\.json: not a tokenizer"):
        from_json(text, "tokenizer.json")


def test_a_value_without_a_name_and_no_events_are_refused(tokenizer, columns):
    strange = columns | {"component": columns["component"] + 1}
    with pytest.raises(InputError, match="has the component 5, which has no name"):
        tokenizer.encode(strange)
    with pytest.raises(InputError, match="there is no duration_ms"):
        fit(SERVERS, {name: x[:0] for name, x in columns.items()})


A, B = Categorical("a", ("x", "y")), Binned("b", 4)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Categorical("a", ()), "have no names"),
        (lambda: Categorical("a", ("x", "x")), "have no names of their own"),
        (lambda: Categorical("a", ("x", "y", "z"), (1, 2, 0)), "no pairing"),
        (lambda: Binned("b", 3, symmetric=True), "odd number of bins"),
        (lambda: Binned("b", 0), "has 0 bins"),
        (lambda: Feature("f", sign=0), "sign of f is 0"),
        (lambda: EventSchema("s", (), (Feature("f"),)), "no fields"),
        (lambda: EventSchema("s", (A, A), (Feature("f"),)), "two fields"),
        (lambda: EventSchema("s", (A,), ()), "no features"),
        (lambda: EventSchema("s", (A,), (Feature("f"),) * 2), "two features"),
        (lambda: EventSchema("s", (A, B), (Feature("f"),), (B,)), "two bins"),
        (lambda: EventSchema("s", (A,), (Feature("f", swap="g"),)), "do not swap"),
        (lambda: dataclasses.replace(SERVERS, fields=(Binned("loss", 4),)), "'loss'"),
        (
            lambda: EventSchema(
                "s", tuple(Binned(f"b{i}", 2**9) for i in range(5)), (Feature("f"),)
            ),
            "too many",
        ),
    ],
)
def test_schemas_that_contradict_themselves(make, says):
    with pytest.raises(InputError, match=says):
        make()
