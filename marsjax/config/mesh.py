"""Over which devices training is spread, and by which processes."""

from dataclasses import dataclass

from marsjax.config.require import require


@dataclass(frozen=True)
class MeshConfig:
    """How training is spread over the devices; their product is at most their number.

    At most one may be none: it takes what the others leave of the devices. The losses
    are those of one device but for the rounding of sums.

    Attributes:
      data: copies of the model, each with its own part of every batch.
      fsdp: parts of the batch that share one copy: parameters and optimiser state are
        split over them, and gathered where they are needed (ZeRO stage 3).
      tensor: parts of every layer: heads and hidden units are split over them.
    """

    data: int | None = None
    fsdp: int | None = 1
    tensor: int | None = 1

    def __post_init__(self):
        sizes = self.data, self.fsdp, self.tensor
        require(
            all(size is None or size > 0 for size in sizes),
            f"mesh {sizes} has a size that is not positive",
            "use 1 or more, or none",
        )
        require(
            sizes.count(None) <= 1,
            f"mesh {sizes} leaves more than one size open",
            "leave at most one of data, fsdp and tensor none",
        )


@dataclass(frozen=True)
class HostsConfig:
    """Training by several processes, on one machine or many; off by default.

    Start the same command on each, with one index each; ``out`` must be a folder that
    all of them see. Nothing listens or connects where ``num`` is 1.

    Attributes:
      coordinator: ``ADDRESS:PORT`` of the process of index 0, which listens there, and
        only there.
      num: how many processes.
      index: which of them this is, from 0.
      timeout_s: seconds to wait for the others at the start.
    """

    coordinator: str | None = None
    num: int = 1
    index: int = 0
    timeout_s: int = 300

    def __post_init__(self):
        require(self.num > 0, f"hosts.num is {self.num}", "use 1 or more")
        require(
            0 <= self.index < self.num,
            f"there is no host {self.index} of {self.num}",
            f"use 0 to {self.num - 1}",
        )
        require(self.timeout_s > 0, "hosts.timeout_s is not positive", "raise it")
        require(
            self.num == 1 or self.coordinator is not None,
            f"{self.num} hosts have no coordinator",
            "give hosts.coordinator as ADDRESS:PORT of host 0",
        )
        port = (self.coordinator or ":1").rpartition(":")[2]
        require(
            port.isdigit() and 0 < int(port) < 2**16,
            f"hosts.coordinator {self.coordinator!r} has no port",
            "give it as ADDRESS:PORT",
        )
        require(
            self.num > 1 or self.coordinator is None,
            "there is a coordinator of one host",
            "give hosts.num and hosts.index, or no coordinator",
        )
