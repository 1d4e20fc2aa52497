"""Small made-up files in the readers' formats."""

import polars as pl

ORDERS = """\
MDTime,OrderType,OrderPrice,OrderQty,OrderBSFlag,OrderNO,ApplSeqNum
09:15:00.030,2,100000,500,1,11,1
09:16:00.000,2,99900,300,2,12,2
09:17:00.000,2,101000,250,2,13,3
09:18:00.000,2,101000,150,2,20,4
09:30:00.000,2,99800,200,1,14,6
09:30:05.120,2,101100,150,2,15,7
10:00:00.000,2,101000,100,1,16,10
13:00:00.000,10,101100,150,2,15,12
14:56:59.990,2,102000,100,2,18,13
14:57:00.000,2,99700,700,1,19,14
"""

TRADES = """\
MDTime,TradeBuyNo,TradeSellNo,TradeBSFlag,TradePrice,TradeQty,ApplSeqNum
09:25:00.010,11,12,0,100000,300,5
10:00:00.000,16,13,1,101000,250,8
10:00:00.000,16,20,1,101000,150,9
11:29:59.000,16,17,2,101000,100,11
15:00:00.100,19,18,0,101000,50,15
"""
# Sent: 16 buys 500 at 10.10 (400 fill in two trades, 100 rest); 17 sells 100 at 10.10.

MESSAGES = """\
34200.000000001,1,501,100,1000000,1
34200.5,1,502,50,1000200,-1
34200.5,2,401,30,999900,1
34201.123456789123,4,501,60,1000000,1
34202,5,0,10,1000150,-1
34203,3,501,40,1000000,1
34204,3,777,10,900000,1
34205,4,778,5,900100,1
34206,6,-1,500,1000100,-1
34207,7,0,0,-1,-1
"""

ORDERBOOK = """\
1000300,80,1000000,100,9999999999,0,999900,70
1000200,50,1000000,100,1000300,80,999900,70
1000200,50,1000000,100,1000300,80,999900,40
1000200,50,1000000,40,1000300,80,999900,40
1000200,50,1000000,40,1000300,80,999900,40
1000200,50,999900,40,1000300,80,-9999999999,0
"""


def write(folder, **texts):
    """Writes ``NAME.csv`` for each text and returns the paths."""
    paths = []
    for name, text in texts.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        paths.append(path)
    return paths


def with_line(text, line, old, new):
    """``text`` with ``old`` replaced on a line counted from 1."""
    lines = text.splitlines(keepends=True)
    assert old in lines[line - 1], lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return "".join(lines)


def assert_same_tape(one, other):
    """Two tapes are equal in every attribute."""
    for name, value in vars(one).items():
        found = getattr(other, name)
        if isinstance(value, pl.DataFrame) and found is not None:
            assert value.equals(found) and value.schema == found.schema, name
        else:
            assert value == found, name
