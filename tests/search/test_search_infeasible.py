"""What a search says where a layer does not fit."""

from __future__ import annotations

import re

import pytest

from looptree.errors import InputError
from looptree.search import InfeasibleError, compare, fuse
from looptree.search.segment import segment
from looptree.workload import Workload
from looptree.workload.einsum import Einsum
from looptree.workload.expression import parse_expression
from tests.search.search_cases import architecture, network


@pytest.mark.parametrize(("kind", "seed"), [("chain", 1), ("skip", 2), ("matmul", 1)])
def test_the_demand_that_is_named_suffices_for_that_layer(kind: str, seed: int) -> None:
    workload = network(kind, seed)
    capacity = 1
    for _ in workload.einsums:
        with pytest.raises(InfeasibleError) as found:
            compare(workload, architecture(capacity))
        said = re.fullmatch(
            r"layer '(\w+)' does not fit GLB: the smallest design that is searched needs (\d+) bytes, "
            rf"the capacity is {capacity} bytes \(a buffer of \2 bytes would hold it\)",
            str(found.value),
        )
        assert said is not None
        layer, demand = said[1], int(said[2])
        alone = segment(workload, [layer])
        assert fuse(alone, architecture(demand)).evaluation.occupancy["GLB"].window_bytes <= demand
        with pytest.raises(InfeasibleError):
            fuse(alone, architecture(demand - 1))
        capacity = demand
        if feasible(workload, capacity):
            return
    pytest.fail("no capacity that was named held all layers")


def feasible(workload: Workload, capacity: int) -> bool:
    try:
        compare(workload, architecture(capacity))
    except InfeasibleError:
        return False
    return True


def test_words_that_are_no_whole_bytes_are_rounded_up_per_tensor() -> None:
    """One word of 3 bits of each of three tensors takes three bytes."""
    output, inputs, operation = parse_expression("Z[p] = A[p] * B[p]")
    layer = Einsum("layer", {"p": 4}, inputs, output, operation)
    workload = Workload("odd", [layer], default_bits=3)
    assert fuse(workload, architecture(3)).evaluation.occupancy["GLB"].window_bytes == 3
    with pytest.raises(InfeasibleError, match="needs 3 bytes, the capacity is 2 bytes"):
        fuse(workload, architecture(2))


def test_an_architecture_without_a_buffer_is_refused() -> None:
    hardware = architecture(None)
    alone = type(hardware)("bare", hardware.levels[:1], hardware.compute)
    with pytest.raises(InputError, match="an off-chip level and an on-chip one"):
        compare(network("matmul", 0), alone)
