"""Training by several processes: who they are, and where they wait for each other.

Every process runs the same program on its own devices and its own part of each batch.
The first alone prints and writes text; arrays are written by all. A folder of a run is
one that they all see.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.experimental import multihost_utils

from marsjax.config import HostsConfig
from marsjax.errors import InputError

LEAVE_S = 20
"""Seconds in which the others must leave once one has."""

WAIT_S = 24 * 3600
"""Most seconds that one waits for another, which may be reading a store."""


@contextmanager
def connected(hosts: HostsConfig) -> Iterator[None]:
    """Joins the other processes, and leaves when all are done; must come before any
    computation. Of one process it does nothing.

    Raises:
      InputError: the others cannot be reached, or computation has begun.
    """
    if hosts.num == 1:
        yield
        return
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # It would catch the signal that ends a process, and go on.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        if hosts.index > 0:
            _wait_for_coordinator(hosts)
        jax.distributed.initialize(
            coordinator_address=hosts.coordinator,
            num_processes=hosts.num,
            process_id=hosts.index,
            initialization_timeout=hosts.timeout_s,
            # By default it would listen on every address of the machine.
            coordinator_bind_address=hosts.coordinator,
            cluster_detection_method="deactivate",
            shutdown_timeout_seconds=LEAVE_S,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"the {hosts.num} hosts cannot meet at {hosts.coordinator} ({error})",
            "start one process of each index with the same hosts.coordinator, an "
            "address of host 0",
        ) from None
    yield
    meet("end")
    jax.distributed.shutdown()


def _wait_for_coordinator(hosts: HostsConfig) -> None:
    """Until something listens there: without it JAX would end the process."""
    address, _, port = hosts.coordinator.rpartition(":")
    give_up = time.monotonic() + hosts.timeout_s
    while True:
        try:
            where = address.strip("[]"), int(port)
            socket.create_connection(where, timeout=hosts.timeout_s).close()
            return
        except OSError:
            if time.monotonic() > give_up:
                raise
        time.sleep(0.2)


@contextmanager
def quiet_unless_first() -> Iterator[None]:
    """Silences all processes but the first; an error is still told, by who catches it
    outside."""
    with ExitStack() as stack:
        if not is_first():
            nowhere = stack.enter_context(Path(os.devnull).open("w"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
        yield


def is_first() -> bool:
    """Whether this process prints and writes."""
    return jax.process_index() == 0


def meet(name: str) -> None:
    """Waits until every process is here."""
    if jax.process_count() > 1:
        # Not a computation of all devices, which would not wait as long.
        everyone = set(range(jax.process_count()))
        ocp.multihost.sync_global_processes(name, timeout=WAIT_S, processes=everyone)


def first_does(name: str, act: Callable[[], None]) -> None:
    """``act()`` on the first process, while the others wait.

    Raises:
      InputError: of the first; on the others, that there was one.
    """
    error = None
    if is_first():
        try:
            act()
        except InputError as found:
            error = found
    if jax.process_count() > 1:
        meet(name)
        failed = multihost_utils.broadcast_one_to_all(np.asarray(error is not None))
        if failed and not is_first():
            raise InputError("host 0 cannot go on", "see what it tells")
    if error is not None:
        raise error


def writing(name: str) -> ocp.options.MultiprocessingOptions:
    """Of arrays that all processes write together, while they compute and write other
    ones of other names."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    everyone = set(range(jax.process_count()))
    return ocp.options.MultiprocessingOptions(
        active_processes=everyone, barrier_sync_key_prefix=name
    )


def alone() -> ocp.options.MultiprocessingOptions:
    """Of arrays that each process reads for itself."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    ours = jax.process_index()
    return ocp.options.MultiprocessingOptions(
        primary_host=ours, active_processes={ours}
    )
