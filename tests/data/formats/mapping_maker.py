"""A small feed and the mapping that tells of it."""

import polars as pl

from marsjax.data.formats.mapping import MappingReader
from marsjax.data.reader import collect

MAPPING = """\
[tape]
symbol = "XYZ"
date = "2024-07-01"
sessions = ["09:30-16:00"]
[time]
column = "when"
unit = "clock"
[action]
column = "what"
[action.codes]
new = "add"
less = { kind = "cancel", quantity = "left" }
cut = "cancel"
gone = "delete"
done = "execute"
auct = "auction"
chg = "modify"
repl = "replace"
dark = "hidden"
prnt = "cross"
stop = "halt"
go = "resume"
none = "ignore"
[side]
column = "side"
buy = ["B", "1"]
sell = ["S"]
[price]
column = "price"
unit = "0.0001"
tick = "0.01"
[quantity]
column = "size"
[id]
column = "id"
new_column = "next"
[sequence]
column = "seq"
contiguous = true
"""
FEED = """\
seq,when,what,id,side,price,size,next
1,09:30:00,new,1,B,1000000,50,
2,09:30:00.5,new,2,S,1000500,40,
3,09:30:00.5,new,3,1,1000000,30,
4,09:30:01,done,1,,,20,
5,09:30:01,done,3,,,5,
6,09:30:02,less,2,S,,25,
7,09:30:02,cut,1,,0,5,
8,09:30:02,none,,,,,
9,09:30:03,auct,2,,,5,
10,09:30:04,chg,3,,999900,20,
11,09:30:04,repl,1,,999800,10,4
12,09:30:05,dark,,S,1000150,7,
13,09:30:06,prnt,,,1000300,500,
14,09:30:07,stop,,,,,
15,09:30:08.000000001,go,,,,,
16,09:30:09,gone,2,,,,
"""
SIMPLE = """\
[time]
column = "t"
{time}
[action]
column = "a"
codes = {{ A = "add", D = "delete" }}
[side]
column = "s"
buy = "B"
sell = "S"
[price]
column = "p"
[quantity]
column = "q"
[id]
column = "i"
{more}
"""


def spec_file(folder, text=MAPPING):
    path = folder / "feed.toml"
    path.write_text(text)
    return path


def read(folder, feed=FEED, mapping=MAPPING, name="feed.csv", **options):
    path = folder / name
    if isinstance(feed, pl.DataFrame):
        feed.write_parquet(path, row_group_size=3)
    else:
        path.write_text(feed)
    return collect(MappingReader(path, spec_file(folder, mapping), **options))
