"""Quantities and prices as short text."""

from marsjax.plot.axes import price_decimals

_EXACT_BELOW = 10_000
_UNITS = ("k", "M", "B", "T")


def qty_text(qty: int) -> str:
    """A quantity in six characters at most: exact below 10,000, else three digits.

    >>> [qty_text(q) for q in (7, 9_999, 12_345, 999_600, 2**31 - 1)]
    ['7', '9,999', '12.3k', '1.00M', '2.15B']
    """
    qty = int(qty)
    if abs(qty) < _EXACT_BELOW:
        return f"{qty:,}"
    value = float(qty)
    for unit in _UNITS:
        value /= 1_000
        # What would round to four digits is said in the next unit.
        for limit, decimals in ((9.995, 2), (99.95, 1), (999.5, 0)):
            if abs(value) < limit:
                return f"{value:.{decimals}f}{unit}"
    return f"{float(qty):.2e}"


def round_qty_text(qty: int) -> str:
    """The same for a round quantity, such as an axis has, without idle zeros.

    >>> [round_qty_text(q) for q in (0, 2_500, 80_000, 1_500_000_000)]
    ['0', '2,500', '80k', '1.5B']
    """
    text = qty_text(qty)
    if "." not in text:
        return text
    return text[:-1].rstrip("0").rstrip(".") + text[-1]


def price_text(price_ticks: int, tick_size: float | None) -> str:
    """A price in currency, or in ticks where the size of a tick is not known.

    >>> price_text(1_234_567, 0.01), price_text(1_234_567, None)
    ('12,345.67', '1,234,567')
    """
    if tick_size is None:
        return f"{int(price_ticks):,}"
    return f"{int(price_ticks) * tick_size:,.{price_decimals(tick_size)}f}"


def price_unit(tick_size: float | None, currency: str) -> str:
    """What `price_text` counts in."""
    return "ticks" if tick_size is None else currency


def ticks_text(num_ticks: int) -> str:
    """A number of ticks, with its unit.

    >>> ticks_text(1), ticks_text(1200)
    ('1 tick', '1,200 ticks')
    """
    return f"{num_ticks:,} tick{'' if abs(num_ticks) == 1 else 's'}"
