"""The synthetic markets by name, and what each of them offers.

Each is a module with the same functions, pure and unbatched (`vmap` at the edge):

- ``Params``, a dataclass of numbers with sourced defaults; ``check(params)`` raises
  `InputError`;
- ``start(params, num_slots) -> (State, seeds)``: a state with at least ``book``,
  ``time_s``, ``time_ns`` and ``next_id``, and the ``COLLECT`` messages of its opening
  book;
- ``step(params, state, key) -> (State, (Message, time_s, time_ns))``: one message;
- ``simulate(key, params, state, num_orders)``: so many, step t with
  ``fold_in(key, t)``. One that also takes ``first``, the t to begin with, runs in
  parts at its own speed (`many`); the others are run step by step;
- ``calibrate(tapes) -> (Params, report)``: a fit to real tapes, on the host.

Markets whose law is known also have ``log_prob(params, state, message, wait_s)`` and
``event_entropy(params, state)``; and, if a state holds more than a book and a clock,
``follow(params, state, message, time_s, time_ns) -> State`` for an event that was not
drawn but given (`law`).
"""

import importlib
import inspect
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import jax
import jax.numpy as jnp

from marsjax.errors import InputError
from marsjax.types import Array


@dataclass(frozen=True)
class Market:
    """A market: the module of its functions, imported when first used.

    Attributes:
      name: on the command line.
      title: what it is, for tables.
      path: of the module.
    """

    name: str
    title: str
    path: str

    @cached_property
    def functions(self) -> ModuleType:
        """The module."""
        return importlib.import_module(self.path)

    @property
    def has_law(self) -> bool:
        """Whether the law of the next event is known."""
        return hasattr(self.functions, "log_prob")

    def part(self, key: Array, params, state, first: Array, num_orders: int):
        """Events ``first`` to ``first + num_orders`` of a market; pure, unbatched.

        Returns:
          the state at the end, and messages, seconds and nanoseconds, ``[T]`` each.
        """
        functions = self.functions
        if "first" in inspect.signature(functions.simulate).parameters:
            return functions.simulate(key, params, state, num_orders, first)

        def body(state, t):
            return functions.step(params, state, jax.random.fold_in(key, t))

        return jax.lax.scan(body, state, first + jnp.arange(num_orders))


_ALL = (
    Market("zi", "zero intelligence", "marsjax.synth.zero_intelligence"),
    Market("hawkes", "Hawkes order flow", "marsjax.synth.hawkes"),
    Market("queue", "queue-reactive", "marsjax.synth.queue_reactive"),
    Market("agents", "population of agents", "marsjax.synth.agents"),
)
MARKETS = {market.name: market for market in _ALL}
"""The markets by name."""


def find_market(name: str) -> Market:
    """A market by its name.

    Raises:
      InputError: there is none of that name.
    """
    if name not in MARKETS:
        raise InputError(f"no market {name!r}", f"choose one of {', '.join(MARKETS)}")
    return MARKETS[name]
