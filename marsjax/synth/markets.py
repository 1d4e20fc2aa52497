"""The synthetic markets by name, and what each of them offers.

Each is a module with the same functions, pure and unbatched (`vmap` at the edge):

- ``Params``, a dataclass of numbers with sourced defaults; ``check(params)`` raises
  `InputError`;
- ``start(params, num_slots) -> (State, seeds)``: a state with at least ``book``,
  ``time_s``, ``time_ns`` and ``next_id``, and the ``COLLECT`` messages of its opening
  book;
- ``step(params, state, key) -> (State, (Message, time_s, time_ns))``: one message;
- ``simulate(key, params, state, num_orders, first=0)``: so many, step t, counted from
  ``first``, with ``fold_in(key, t)``;
- ``slots_needed(params)``: slots a side that `start` asks for and that the orders will
  need, as far as the parameters tell (host);
- ``calibrate(tapes) -> (Params, report)``: a fit to real tapes, on the host.

Markets whose law is known also have ``log_prob(params, state, message, wait_s)``,
``event_entropy(params, state)`` and ``hazard(params, state, wait_s)``; and, if a state
holds more than a book and a clock, ``follow(params, state, message, time_s, time_ns) ->
State`` for an event that was not drawn but given (`law`), and perhaps ``adopt(params,
state) -> State`` for a book that is not its own (`opening`).
"""

import importlib
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

from marsjax.errors import InputError


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
