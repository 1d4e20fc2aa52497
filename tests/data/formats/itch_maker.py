"""Encodes small ITCH 5.0 files."""

import struct

LOCATES = {"AAA": 1, "BBB": 2}


def message(kind, time_ns, locate=1, *fields):
    """One message after its length; ``fields`` are ``(struct format, value)``."""
    head = struct.pack(">cHHHI", kind.encode(), locate, 0, time_ns >> 32,
                       time_ns & 0xFFFFFFFF)  # fmt: skip
    body = head + b"".join(struct.pack(">" + form, value) for form, value in fields)
    return struct.pack(">H", len(body)) + body


def _stock(name):
    return ("8s", name.ljust(8).encode())


def _char(text):
    return ("c", text.encode())


class Itch:
    """Messages of one file, each a millisecond after the last."""

    def __init__(self, start_ns=34_200 * 10**9, directory=("AAA", "BBB")):
        self.time_ns, self.parts = start_ns, []
        self.add("S", 0, _char("O"))
        for stock in directory:
            fields = (_stock(stock), ("19s", b"QN" + bytes(17)))
            self.add("R", LOCATES[stock], *fields, ("1s", b"N"))

    def add(self, kind, locate, *fields):
        self.time_ns += 10**6
        self.parts.append(message(kind, self.time_ns, locate, *fields))
        return self

    @property
    def size(self):
        return len(self.bytes())

    def bytes(self):
        return b"".join(self.parts)

    def order(self, ref, side, shares, price, stock="AAA", locate=None, kind="A"):
        """``price`` in units of one ten-thousandth."""
        fields = [("Q", ref), _char(side), ("I", shares), _stock(stock), ("I", price)]
        if kind == "F":
            fields.append(("4s", b"NSDQ"))
        if kind == "P":
            fields.append(("Q", 1))
        return self.add(kind, locate or LOCATES[stock], *fields)

    def executed(self, ref, shares, locate=1):
        return self.add("E", locate, ("Q", ref), ("I", shares), ("Q", 1))

    def executed_at(self, ref, shares, price, printable="Y", locate=1):
        return self.add(
            "C", locate, ("Q", ref), ("I", shares), ("Q", 1), _char(printable),
            ("I", price),
        )  # fmt: skip

    def cancel(self, ref, shares, locate=1):
        return self.add("X", locate, ("Q", ref), ("I", shares))

    def delete(self, ref, locate=1):
        return self.add("D", locate, ("Q", ref))

    def replace(self, old, new, shares, price, locate=1):
        return self.add(
            "U", locate, ("Q", old), ("Q", new), ("I", shares), ("I", price)
        )

    def cross(self, shares, price, stock="AAA"):
        fields = (("Q", shares), _stock(stock), ("I", price), ("Q", 1), _char("O"))
        return self.add("Q", LOCATES[stock], *fields)

    def state(self, state, stock="AAA"):
        fields = (_stock(stock), _char(state), ("c", b" "), ("4s", b""))
        return self.add("H", LOCATES[stock], *fields)


def small():
    """Every message that becomes a row, on two stocks."""
    file = Itch().state("T").order(11, "B", 100, 1_000_000)
    file.order(12, "B", 50, 1_000_000, kind="F").order(13, "S", 80, 1_000_300)
    file.order(21, "S", 10, 500_000, "BBB").executed(11, 60)
    file.executed_at(11, 10, 1_000_000).executed_at(13, 5, 999_900)
    file.executed_at(12, 20, 1_000_000, printable="N")
    file.cancel(11, 10).replace(13, 14, 90, 1_000_200).executed(14, 90)
    file.order(0, "B", 7, 1_000_150, kind="P").cross(500, 1_000_100).cross(0, 0)
    file.state("H").state("T").delete(11).delete(21, locate=2)
    file.add("B", 1, ("Q", 1)).add("Y", 1, ("8s", b"AAA     "), ("c", b"0"))
    return file.add("S", 0, _char("C"))
