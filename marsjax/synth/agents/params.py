"""The population and its parameters, with where each default comes from."""

from enum import IntEnum

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax.errors import InputError
from marsjax.types import MAX_PRICE_TICKS, Array


class Trader(IntEnum):
    """Kinds of agents, in the order of their indices."""

    NOISE = 0
    VALUE = 1
    MOMENTUM = 2
    MAKER = 3
    EXECUTOR = 4
    OUTSIDER = 5  # sends the messages that an intervention forces


class Schedule(IntEnum):
    """How a metaorder is cut into child orders."""

    TWAP = 0  # evenly in time
    VWAP = 1  # evenly in the volume that the time of day lets expect
    POV = 2  # a share of the volume that trades


@struct.dataclass
class Params:
    """The population; times in seconds, prices in ticks, shares where not in lots.

    Sources: [AS] Avellaneda and Stoikov, "High-frequency trading in a limit order
    book", Quantitative Finance 8(3), 2008, section 3.3, with their unit of price and of
    time read as a tick and a second; [BMP] Bouchaud, Mezard, Potters, "Statistical
    properties of stock order books", Quantitative Finance 2(4), 2002; [BHB] Byrd,
    Hybinette, Balch, "ABIDES", 2020, whose kinds of agents these are, and its reference
    configuration RMSC03. Without a source: chosen so that spread, message mix and
    volatility look like a liquid stock; `calibrate` fits them to tapes.

    Attributes:
      num_noise, num_value, num_momentum, num_makers, num_executors: agents of each kind
        (static).
      mid_ticks: where the market opens and the mean of the fundamental.
      lot_size: shares a lot.
      stop_prob: sizes of noise, value and momentum traders are 1 + geometric lots,
        ``P(size > n) = (1 - stop_prob)**n``.
      noise_wait_s: mean wait (exponential) of a noise trader.
      noise_market_prob: chance that it sends a market order.
      noise_offset_ticks, noise_tail: limit orders lie ``1 + D`` ticks from the opposite
        best, ``P(D > d) = (1 + d / offset)**-tail``; the tail 0.6 is [BMP], section 3.
      noise_max_ticks: D is at most this.
      value_wait_s: mean wait of a value trader.
      value_error_ticks: standard deviation of its error about the fundamental.
      value_edge_ticks: what it wants to gain a share.
      momentum_wait_s: mean wait of a momentum trader; 20 s in [BHB].
      momentum_s: time constant of the average that the mid is compared with.
      momentum_ticks: it follows a mid further than this from the average.
      maker_interval_s: a market maker requotes this often, exactly.
      maker_gamma, maker_k, maker_sigma: risk aversion 0.1, decay of fills with distance
        1.5 and volatility 2, all [AS]; the inventory counts in lots.
      maker_horizon_s: T - t of [AS], held constant here: the market never ends.
      maker_lots: size of a quote.
      executor_lots: mean size (exponential) of a metaorder, lots.
      executor_duration_s, executor_interval_s: whole seconds it takes and between
        child orders (TWAP, VWAP).
      executor_bps: share of volume (POV), hundredths of a per cent.
      executor_gap_s: mean wait (exponential) from one metaorder to the next.
      reach_ticks: a child order goes through this many ticks behind the best.
      fundamental_rate: kappa of the fundamental's mean reversion, a second.
      fundamental_sigma: its volatility, ticks a square root of a second.
      latency_s: ``[5]`` seconds from decision to exchange of noise, value and momentum
        traders, makers and executors.
      latency_jitter: each message takes up to this share longer (uniform).
      day_s: length of the day that the profile of activity spans.
      u_shape: noise, value and momentum traders are ``1 + 2 u`` times as active at the
        ends of the day and ``1 - u`` times in the middle.
    """

    num_noise: int = struct.field(pytree_node=False, default=40)
    num_value: int = struct.field(pytree_node=False, default=10)
    num_momentum: int = struct.field(pytree_node=False, default=6)
    num_makers: int = struct.field(pytree_node=False, default=4)
    num_executors: int = struct.field(pytree_node=False, default=3)
    mid_ticks: Array = 10_000
    lot_size: Array = 100
    stop_prob: Array = 0.6
    noise_wait_s: Array = 2.0
    noise_market_prob: Array = 0.12
    noise_offset_ticks: Array = 2.0
    noise_tail: Array = 0.6
    noise_max_ticks: Array = 40
    value_wait_s: Array = 5.0
    value_error_ticks: Array = 1.0
    value_edge_ticks: Array = 1.0
    momentum_wait_s: Array = 20.0
    momentum_s: Array = 30.0
    momentum_ticks: Array = 3.0
    maker_interval_s: Array = 1.0
    maker_gamma: Array = 0.1
    maker_k: Array = 1.5
    maker_sigma: Array = 2.0
    maker_horizon_s: Array = 1.0
    maker_lots: Array = 5
    executor_lots: Array = 60.0
    executor_duration_s: Array = 300
    executor_interval_s: Array = 10
    executor_bps: Array = 1000
    executor_gap_s: Array = 600.0
    reach_ticks: Array = 20
    fundamental_rate: Array = 1 / 600
    fundamental_sigma: Array = 0.3
    latency_s: Array = struct.field(
        default_factory=lambda: jnp.array([0.05, 0.01, 0.005, 0.0002, 0.001])
    )
    latency_jitter: Array = 0.5
    day_s: Array = 23_400.0
    u_shape: Array = 0.5

    @property
    def firsts(self) -> tuple[int, ...]:
        """Index of the first agent of each kind; the last is the outsider's.

        The last executor is the guest, idle until an intervention gives it a metaorder.
        """
        counts = (
            self.num_noise,
            self.num_value,
            self.num_momentum,
            self.num_makers,
            self.num_executors + 1,
        )
        return tuple(int(n) for n in np.cumsum((0, *counts)))

    @property
    def num_agents(self) -> int:
        """A: all of them, guest and outsider included."""
        return self.firsts[Trader.OUTSIDER] + 1

    @property
    def guest(self) -> int:
        """Index of the executor that works for interventions."""
        return self.num_agents - 2

    @property
    def outsider(self) -> int:
        """Index of the agent that sends forced messages."""
        return self.num_agents - 1


LEG_GAP_NS = 1_000
"""Nanoseconds between the messages of one decision of a market maker."""

MAX_LEGS = 4

_POSITIVE = [
    "mid_ticks",
    "lot_size",
    "noise_wait_s",
    "noise_offset_ticks",
    "noise_tail",
    "value_wait_s",
    "momentum_wait_s",
    "momentum_s",
    "maker_interval_s",
    "maker_gamma",
    "maker_k",
    "maker_horizon_s",
    "maker_lots",
    "executor_lots",
    "executor_duration_s",
    "executor_interval_s",
    "executor_bps",
    "executor_gap_s",
    "fundamental_rate",
    "day_s",
]
_NOT_NEGATIVE = [
    "noise_market_prob",
    "noise_max_ticks",
    "value_error_ticks",
    "value_edge_ticks",
    "momentum_ticks",
    "maker_sigma",
    "reach_ticks",
    "fundamental_sigma",
    "latency_jitter",
    "u_shape",
]


def slots_needed(params: Params) -> int:
    """Slots a side: nobody has more than one order on either."""
    return params.num_agents


def check(params: Params) -> None:
    """Host side, of one market's parameters.

    Raises:
      InputError: values that no market could have; the first of them.
    """

    def want(is_right, what: str, remedy: str) -> None:
        if not bool(np.all(np.asarray(is_right))):
            raise InputError(what, remedy)

    leaves = jax.tree.leaves(params)
    finite = all(np.isfinite(np.asarray(x)).all() for x in leaves)
    want(finite, "a parameter is not finite", "give numbers")
    for name in _POSITIVE:
        value = getattr(params, name)
        want(np.asarray(value) > 0, f"{name} is {value}", "it must be above 0")
    for name in _NOT_NEGATIVE:
        value = getattr(params, name)
        want(np.asarray(value) >= 0, f"{name} is {value}", "it must not be negative")
    for name in ("stop_prob", "noise_market_prob", "u_shape"):
        value = np.asarray(getattr(params, name))
        want(value <= 1, f"{name} is {value}", "it must be at most 1")
    want(np.asarray(params.stop_prob) > 0, "stop_prob is 0", "sizes would be endless")
    want(np.asarray(params.u_shape) < 1, "u_shape is 1", "nobody would act at noon")
    want(np.asarray(params.executor_bps) < 10_000, "executor_bps", "it must be < 10000")
    counts = [getattr(params, f"num_{name}") for name in COUNTED]
    want(np.asarray(counts) >= 0, f"counts of agents {counts}", "none may be negative")
    want(params.num_noise >= 1, "no noise trader", "they own the opening book")
    price = np.asarray(params.mid_ticks)
    want(price < MAX_PRICE_TICKS // 2, f"mid_ticks is {price}", "use larger ticks")
    latency_s = np.asarray(params.latency_s)
    want(latency_s.shape == (5,), f"{latency_s.shape} latencies", "give five")
    want(latency_s >= 1e-8, f"latency_s is {latency_s}", "at least 10 ns each")
    longest_s = latency_s.max() * (1 + float(params.latency_jitter))
    longest_s += MAX_LEGS * LEG_GAP_NS * 1e-9
    # The fundamental remembers one second; a maker has one decision in flight.
    shortest_s = min(1.0, float(params.maker_interval_s))
    want(
        longest_s < min(shortest_s, float(params.executor_interval_s)),
        f"a message takes up to {longest_s:g} s",
        "it must take less than a second and than an interval of makers and executors",
    )


COUNTED = ("noise", "value", "momentum", "makers", "executors")
