"""Control messages of a day in a form that a test can spell out."""


def rows(part) -> list[tuple]:
    """Controls as ``(time, kind, phase, reference)``."""
    m = part.messages
    return list(
        zip(
            *(x.tolist() for x in (part.time_s, m.kind, m.qty, m.price_ticks)),
            strict=True,
        )
    )
