"""What a place at an inner level costs a layer: the rules of fills, drains and accesses, per word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from looptree.architecture import Level
from looptree.model.inside.nest import Price
from looptree.model.inside.served import Served
from looptree.workload import Einsum, Tensor

Cost = Callable[[Level, int], tuple[float, float]]
"""What reading, and what writing, one word of so many bits counts at a level."""


def price(
    einsum: Einsum,
    tensors: Mapping[str, Tensor],
    outer: Mapping[str, Level],
    inner: Level,
    counts: tuple[int, int, int],
    cost: Cost,
    steps: float = 0.0,
    *,
    last: bool = True,
    served: Mapping[str, Served] = MappingProxyType({}),
    begun: int = 0,
) -> Price:
    """What nests at a level count: each word that enters a place there, and all accesses of operations.

    A fill reads the outer level and writes the inner one, a drain the opposite. An operation reads its inputs and reads
    and writes its output where they are innermost; the first read of each output word is skipped. Sums that several
    instances add up come back to one of them.

    Args:
        outer: the level of the next place further out of each tensor. counts: operations, output points, and words of
            the output that enter for the first time in the life of their sums. steps: of each step that a nest adds.
        last: whether there is no level further in; operations access what is further in otherwise.
        served: tensors whose next place further out serves instances of spatial loops. begun: the third count as the
            level further out sees it, which adds up the sums of instances.
    """
    operations, points, first = counts
    entered, kept, bypassed, together = {}, {}, {}, {}
    for tensor in {*einsum.reads, einsum.output.tensor}:
        out_read, out_write = cost(outer[tensor], tensors[tensor].bits)
        in_read, in_write = cost(inner, tensors[tensor].bits)
        reads = sum(access.tensor == tensor for access in einsum.inputs)
        entered[tensor], together[tensor] = in_write, out_read
        done = operations if last else 0
        kept[tensor], bypassed[tensor] = reads * done * in_read, reads * done * out_read
        if tensor == einsum.output.tensor:
            entered[tensor], together[tensor] = in_read, out_read + in_write + out_write
            again = done - points if last else 0
            known = begun if tensor in served else first
            kept[tensor] += in_read * again + in_write * done - known * (out_read + in_write)
            bypassed[tensor] += out_read * again + out_write * done
        if tensor in served:
            accessed = served[tensor].reads * out_read + served[tensor].writes * out_write
            bypassed[tensor] = accessed if last else 0.0
        if tensor not in served or not served[tensor].together:
            entered[tensor] += together.pop(tensor)
    return Price(entered, kept, bypassed, steps, together)


def energy(level: Level, bits: int) -> tuple[float, float]:
    """Energy of accesses, in pJ."""
    return float(level.read_pj_per_word(bits)), float(level.write_pj_per_word(bits))


def words_outside(inner: Level) -> Cost:
    """Accesses of the levels further out than one."""

    def cost(level: Level, bits: int) -> tuple[float, float]:
        del bits
        return (0.0, 0.0) if level.name == inner.name else (1.0, 1.0)

    return cost
