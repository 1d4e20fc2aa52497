"""Times and ids of feeds read by a mapping."""

import polars as pl
import pytest

from marsjax.data.formats.mapping_columns import hashed
from tests.data.formats.mapping_maker import SIMPLE, read

MOMENT_NS = 1_719_840_600_000_000_005  # 2024-07-01 13:30 UTC, 9:30 in New York
TIMES = [
    ('unit = "ns"', str(MOMENT_NS), "2024-07-01", 48_600, 5),
    ('unit = "us"', str(MOMENT_NS // 1000), "2024-07-01", 48_600, 0),
    ('unit = "s"', "1719840600.0000000051", "2024-07-01", 48_600, 5),
    ('unit = "s"\nexchange_zone = "America/New_York"', "1719840600", "2024-07-01",
     34_200, 0),
    ('unit = "iso"', "2024-07-01T13:30:00.000000005", "2024-07-01", 48_600, 5),
    ('unit = "iso"\nexchange_zone = "Asia/Tokyo"', "2024-07-01 23:30:00Z",
     "2024-07-02", 30_600, 0),
    ('unit = "iso"\nzone = "America/New_York"', "2024-07-01 09:30:00+0200",
     "2024-07-01", 12_600, 0),
    ('unit = "iso"\nzone = "America/New_York"\nexchange_zone = "UTC"',
     "2024-01-01 09:30:00", "2024-01-01", 52_200, 0),
    ('unit = "midnight"', "34200.25", None, 34_200, 250_000_000),
    ('unit = "clock"', "09:30:00,25", None, 34_200, 250_000_000),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "text", "date", "time_s", "time_ns"), TIMES)
def test_times(tmp_path, keys, text, date, time_s, time_ns):
    mapping = SIMPLE.format(time=keys, more="")
    feed = f"t;a;s;p;q;i\n{text};A;B;1.00;5;1\n"
    mapping += '[file]\nseparator = ";"\n'
    (tape,) = read(tmp_path, feed, mapping)
    assert tape.date == date
    assert tape.messages.select("time_s", "time_ns").row(0) == (time_s, time_ns)


def test_times_of_parquet(tmp_path):
    feed = pl.DataFrame(
        {"t": [MOMENT_NS], "a": ["A"], "s": ["B"], "p": [1.0], "q": [5], "i": [1]}
    )
    mapping = SIMPLE.format(time='unit = "ns"\nexchange_zone = "Asia/Tokyo"', more="")
    want = ("2024-07-01", (81_000, 5))
    naive = feed.with_columns(pl.col("t").cast(pl.Datetime("ns")))
    aware = naive.with_columns(pl.col("t").dt.convert_time_zone("UTC"))
    for frame in (feed, naive, aware):
        (tape,) = read(tmp_path, frame, mapping, "x.parquet")
        found = tape.messages.select("time_s", "time_ns").row(0)
        assert (tape.date, found) == want
    clock = feed.with_columns(t=pl.time(9, 30, 0, 7))
    mapping = SIMPLE.format(time='unit = "clock"', more="")
    (tape,) = read(tmp_path, clock, mapping, "x.parquet")
    assert tape.messages.select("time_s", "time_ns").row(0) == (34_200, 7_000)


def test_hashes_are_the_same_everywhere_and_differ():
    texts = ["", "a", "b", "12345678", "123456789", "x" * 40]
    found = hashed(pl.Series(texts)).tolist()
    assert found == [hashed(pl.Series([text]))[0] for text in texts]  # in any company
    assert found[1] == 4_529_922_271_694_301_667
    many = hashed(pl.Series([f"order-{k}" for k in range(20_000)]))
    assert len(set(many.tolist())) == 20_000 and many.min() >= 0
