"""What a search asks of the level off chip: whole bytes of what bypasses the buffer, and room for the network.

A search does not count what is off chip. Where the best plan fits there it is the best of those that fit, too; where it
does not, nothing is known of them.
"""

from __future__ import annotations

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model import Evaluation
from looptree.search.group.goal.prices import direct
from looptree.search.result import InfeasibleError
from looptree.workload import Workload


def check_off_chip(workload: Workload, architecture: Architecture, level: str) -> None:
    """Refuse a network that cannot be off chip, before it is searched.

    Args:
        level: the buffer.

    Raises:
        InputError: words that are accessed off chip one by one are no whole bytes.
        InfeasibleError: what the network reads and leaves has more bytes than there are off chip.
    """
    for tensor in sorted(direct(workload, architecture.level(level))):
        bits = workload.tensors[tensor].bits
        if bits % 8:
            raise InputError(
                f"tensor {tensor!r} of {bits} bits bypasses {level}, and a search counts whole bytes there",
                where=f"architecture {architecture.name!r}",
                hint="a mapping can be evaluated; to search, use a multiple of 8 bits",
            )
    off_chip = architecture.off_chip
    needed = sum(workload.tensors[tensor].size_bytes for tensor in {*workload.inputs, *workload.outputs})
    if off_chip.capacity_bytes is not None and needed > off_chip.capacity_bytes:
        raise InfeasibleError(
            f"network {workload.name!r} does not fit {off_chip.name}: its inputs, weights and outputs have {needed} "
            f"bytes, the capacity is {off_chip.capacity_bytes}"
        )


def check_fits_off_chip(architecture: Architecture, evaluation: Evaluation) -> None:
    """Refuse a plan that leaves more off chip than there is room for.

    Raises:
        InfeasibleError: it does.
    """
    off_chip = architecture.off_chip
    taken = evaluation.occupancy[off_chip.name]
    if not taken.fits:
        size = taken.live_bytes if architecture.allocation == "live" else taken.window_bytes
        raise InfeasibleError(
            f"the best plan does not fit {off_chip.name}: it needs {size} bytes there, the capacity is "
            f"{off_chip.capacity_bytes} (a search does not count what is off chip: give that level more)"
        )
