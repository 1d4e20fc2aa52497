"""Conformance: report for report and state for state."""

import gzip
import json

import numpy as np
import pytest

from marsjax.book import reports
from marsjax.errors import InputError
from marsjax.types import Status


def check(path, tmp_path):
    """Run a file of cases; returns how many there were."""
    out = tmp_path / "out.jsonl"
    reports.main(reports.Args(input=path, out=out))
    got = [json.loads(line) for line in out.read_text().splitlines()]
    with gzip.open(path, "rt") as file:
        expected = [json.loads(line) for line in file]
    assert [g["case"] for g in got] == [e["case"] for e in expected]
    for mine, theirs in zip(got, expected, strict=True):
        assert mine["reports"] == theirs["reports"], mine["case"]
        assert len(mine["state"]) == len(theirs["msgs"])
        # One case, the long sweep, comes without states to compare with.
        if theirs["state"]:
            assert mine["state"] == theirs["state"], mine["case"]
    return len(got)


def test_edge_cases(shared, tmp_path):
    assert check(shared / "conformance/edge_cases.jsonl.gz", tmp_path) == 34


def test_workloads(shared, tmp_path):
    assert check(shared / "conformance/workloads.jsonl.gz", tmp_path) == 15


CASE = [
    [0, 1, 0, 10, 0, 1, 100],  # ask 10 at 100
    [0, 0, 1, 15, 1, 2, 100],  # immediate-or-cancel for 15
    [1, 0, 0, 0, 2, 9, 0],  # unknown
    [2, 0, 0, 5, 3, 9, 101],  # unknown
    [0, 0, 0, 5, 4, 3, 99],
    [2, 0, 0, 7, 5, 3, 98],
    [1, 0, 0, 0, 6, 3, 0],
]


def test_every_kind_of_report():
    lines, state = reports.run_case(np.array(CASE, np.int32), 16)
    assert lines == [
        "0,0,1,1,100,10",
        "0,1,0,2,100,15",
        "1,1,100,10,1,2",
        "2,1,0,2,100",
        "4,2,9",
        "5,3,9",
        "0,4,0,3,99,5",
        "3,5,0,3,98,7",
        "2,6,0,3,98",
    ]
    assert state[0] == [None, 100, 0, 10]
    assert state[1:4] == [[None, None, 0, 0]] * 3
    assert state[5] == [98, None, 7, 0]


def test_a_full_book_reports_the_reject():
    msgs = [[0, 0, 0, 1, i, i, 100] for i in range(3)]
    lines, _ = reports.run_case(np.array(msgs, np.int32), 2)
    assert lines[-1] == f"6,2,2,{int(Status.BOOK_FULL)}"


def test_long_sweep_on_a_small_scale():
    """A sweep of more orders than a device call has actions."""
    msgs = [[0, 1, 0, 1, i, i, 100] for i in range(300)]
    msgs.append([0, 0, 0, 300, 300, 300, 100])
    lines, state = reports.run_case(np.array(msgs, np.int32), 512)
    assert len(lines) == 601
    assert [line.split(",")[4] for line in lines[301:]] == [str(i) for i in range(300)]
    assert state[-1] == [None, None, 0, 0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no case"),
        ("{}\n", ":1: not a case"),
        ('{"case": "a", "msgs": []}\n{"case"\n', ":2: not a case"),
        ('{"case": "a", "msgs": [[1, 2]]}\n', "7 integers"),
        ('{"case": "a", "msgs": [[0, 0, 0, 1.7, 0, 1, 1]]}\n', "not a case"),
        ('{"case": "a", "msgs": [[7, 0, 0, 1, 0, 1, 1]]}\n', "type"),
        ('{"case": "a", "msgs": [[0, 0, 0, 99999999999, 0, 1, 1]]}\n', "not a case"),
    ],
)
def test_bad_cases_name_the_line(tmp_path, text, says):
    path = tmp_path / "cases.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        reports.main(reports.Args(input=path, out=tmp_path / "out.jsonl"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cases.jsonl"]


def test_a_cut_off_archive_is_an_error(tmp_path):
    path = tmp_path / "cases.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"case": "a", "msgs": []}\n')[:-6])
    with pytest.raises(InputError, match="cannot be read"):
        reports.read_cases(path)
