"""What the page says in words: how to read it, and what each score means."""

from marsjax.eval.series import LOB_BENCH

FLOOR = (
    "The floor is the mean score of real windows against as many other real windows: a "
    "generator that scores no more cannot be told from real data by that score. Its "
    "bracket is the range that a single such set of real windows shows; every other "
    "bracket is a 95 % interval from resampling whole windows, days or stocks, never "
    "single messages."
)

EXCESS = (
    "Excess is the score less its floor: 0 is as good as real data, and more is worse "
    "(less, of an overlap). “At the floor” means that the interval of the excess holds "
    "0 or lies below it, which with few windows is easy; “above” that all of it lies "
    "on the worse side. p is the chance of so large a score if the generated windows "
    "were real ones."
)

METRICS = {
    "L1": "total variation of the two distributions over bins fixed on the reference; "
    "0 the same, 1 nothing in common",
    "W1": "Wasserstein distance, in standard deviations of the reference",
    "KS": "largest distance of the two cumulative distributions, 0 to 1",
    "overlap": "share that the two distributions have in common, 0 to 1; 1 the same",
    "ticks": "mean absolute difference of the two responses, in ticks",
    "relative": "the same over the mean size of the reference's response",
    "mean": "mean absolute difference of the two curves over their lags",
    "L2": "root of the sum of squared differences of the two curves",
    "difference": "absolute difference of the two numbers",
    "AUC": "how well a small model tells the two apart; 0.5 not at all, 1 always",
}

ORDER = {
    "event transitions": "Which event follows which, by type, side and whether the "
    "price moves.",
    "burstiness of inter-arrival times": "How uneven the times between messages are.",
    "memory of inter-arrival times": "Whether short waits follow short waits.",
}

FAMILIES = {
    "distributions": "How often each value of a quantity comes, whatever its order",
    "order": "What changes when messages are shuffled in time",
    "responses": "How the price answers to events at the touch",
    "horizons": "Divergence with the distance from the start",
    "minutes": "The quantities whose overlap MarS reports, by the minute",
}

EXTRAS = {
    "discriminator": "A small sequence model learns to tell generated windows from "
    "real ones. An AUC of 0.5 means it cannot; compare with real against real (what "
    "chance gives) and with shuffled messages (what it must see).",
    "memorisation": "The longest run of messages that generated windows share with the "
    "training data, beside that of held-out real windows. More than these share means "
    "that the model recites.",
    "usefulness": "A forecast of the mid trained on generated data and tested on real "
    "data, beside one trained on real data.",
}

PICTURES = {
    "scores": (
        "Excess over the floor, every score",
        "Dots are excesses with 95 % intervals, the line at 0 is the floor; within a "
        "family scores are sorted by the first system.",
    ),
    "distributions": (
        "Distributions",
        "Share of values in each bin; filled: the reference. The bins are those of the "
        "scores, fixed on the reference.",
    ),
    "facts": (
        "Stylised facts",
        "Real and simulated, with 95 % bands; under each panel the fact's number, its "
        "interval and its verdict.",
    ),
    "responses": (
        "Response functions",
        "Mean move of the mid in the direction of the event, in ticks, over the events "
        "at the touch since then.",
    ),
    "transitions": (
        "What follows what",
        "Chance of the next event after an event; all matrices on one scale.",
    ),
    "autocorrelations": (
        "Memory of the order flow",
        "Autocorrelations within windows, with 95 % bands.",
    ),
}


def meaning_of(name: str) -> str:
    """One sentence on a score; empty where there is none."""
    known = {series.name: series.meaning for series in LOB_BENCH} | ORDER
    if name in known:
        return known[name]
    if name.startswith("autocorrelation of "):
        return f"Memory: how {name.removeprefix('autocorrelation of ')} go on."
    return ""
