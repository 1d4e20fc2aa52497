"""Runs of a market with their law, once for all tests of a file.

One shape: 32 markets in parts of 800 orders, so that a market is compiled once and its
law once.
"""

from typing import Any, NamedTuple

import jax
import numpy as np

from marsjax.synth import law
from marsjax.synth.many import Simulated, make_start, plain, simulate_many
from marsjax.synth.markets import Market
from marsjax.synth.tape import to_tapes

NUM_MARKETS, NUM_ORDERS = 32, 800


class Run(NamedTuple):
    """A part of 32 markets, and the true law of each event."""

    market: Market
    params: Any
    num_slots: int
    seed: int
    simulated: Simulated
    scores: law.Scores

    @property
    def time_BT(self):
        """Seconds since the opening."""
        return self.simulated.time_s_BT + 1e-9 * self.simulated.time_ns_BT

    def start(self):
        """The state that every market starts from."""
        return make_start(self.market)(plain(self.params), self.num_slots)[0]

    def key(self, b: int):
        """Of market b."""
        return jax.random.fold_in(jax.random.key(self.seed), b)

    def score(self, params) -> law.Scores:
        """These events under another law."""
        return law.score_simulated(
            self.market, params, self.simulated, num_slots=self.num_slots
        )

    def tapes(self, num_tapes: int):
        """The first markets as tapes."""
        some = jax.tree.map(lambda x: x[:num_tapes], self.simulated[1:])
        simulated = Simulated(self.simulated.openings[:num_tapes], *some)
        return to_tapes(self.market, self.params, simulated, symbol="X")


def run(market, params, num_slots: int, seed: int, burn_in: int = 0) -> Run:
    """A part of each market, after a burn-in."""
    simulated = simulate_many(
        market,
        params,
        jax.random.key(seed),
        NUM_MARKETS,
        NUM_ORDERS,
        num_slots=num_slots,
        burn_in=burn_in,
        num_threads=1,
    )
    made = Run(market, params, num_slots, seed, simulated, None)
    return made._replace(scores=made.score(params))


def assert_entropy_is_mean_surprise(made: Run) -> None:
    """Within four standard errors, and every event is possible."""
    gap = -made.scores.log_prob.astype(np.float64) - made.scores.entropy
    assert np.isfinite(gap).all()
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(gap.size)


def assert_true_law_wins(made: Run, others: list) -> None:
    """By more than two standard errors of markets' means, over each other law."""
    true = made.scores.log_prob.astype(np.float64)
    for params in others:
        gain = (true - made.score(params).log_prob).mean(-1)
        error = gain.std() / np.sqrt(NUM_MARKETS)
        assert gain.mean() > 2 * error, (params, gain.mean())


def assert_law_goes_on_after_a_burn_in(made: Run) -> Run:
    """The next part as a run of its own, from the book and the rest after this one.

    Its law starts from what the simulation's state was; that of both parts together,
    from the opening and the events alone. They are the same to the bit, so that the
    run goes on where the other ended, and nothing is hidden.

    Returns:
      the run of its own.
    """
    later = run(made.market, made.params, made.num_slots, made.seed, NUM_ORDERS)
    assert not later.simulated.status_B.any()
    (messages, *first), (more, *second) = made.simulated[1:4], later.simulated[1:4]
    first_BT, second_BT = (s.astype(np.int64) * 10**9 + ns for s, ns in (first, second))
    times = np.divmod(first_BT[:, -1:] + second_BT, 10**9)
    both = jax.tree.map(
        lambda x, y: np.concatenate([x, y.astype(np.int32)], axis=1),
        (messages, *first),
        (more, *times),
    )
    joined = made.simulated._replace(
        messages_BT=both[0], time_s_BT=both[1], time_ns_BT=both[2]
    )
    scores = made._replace(simulated=joined).score(made.params)
    for name, whole in scores._asdict().items():
        parts = [getattr(each.scores, name) for each in (made, later)]
        np.testing.assert_allclose(
            whole, np.concatenate(parts, axis=1), rtol=1e-6, atol=1e-6
        )
    return later


def assert_alone_as_in_a_batch(made: Run, simulate) -> None:
    """The same bytes, twice."""
    for _ in range(2):
        _, alone = simulate(made.key(3), made.params, made.start())
        jax.tree.map(
            lambda x, y: np.testing.assert_array_equal(x[3], y),
            made.simulated[1:4],
            alone,
        )
