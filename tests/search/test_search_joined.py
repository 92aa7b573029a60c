"""Networks of layers that join ranks in a dimension of which others read parts: no plan is better."""

from __future__ import annotations

import math
import random

import pytest

from looptree.search import InfeasibleError, Space, search
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.trimmed import trimmed
from looptree.workload import Einsum, Workload
from tests.search.leaf_cases import streaming
from tests.search.search_cases import OBJECTIVES, architecture, einsum
from tests.some import some

KINDS = ("slice", "convolution", "again", "two", "skip", "grouped")
ONE = Space(loops=1, lone_loops=1, leaf_loops=0)


def drawn(kind: str, seed: int) -> Workload:
    """A transposed or grouped convolution, and layers that read parts of what it makes."""
    draw = random.Random(f"{kind} {seed}")
    shapes: dict[str, tuple[int, ...]] = {}
    wide, deep = draw.choice([1, 2]), draw.choice([1, 2])

    def up(name: str, source: str, output: str, channels: tuple[int, int], rows: int) -> Einsum:
        stride, taps, padding = draw.choice([2, 2, 3]), draw.choice([2, 3, 4, 5]), draw.choice([0, 1, 1, 2])
        made = max(1, stride * (rows - 1) + taps - padding - draw.choice([0, 1, 1, 2]))
        shapes[output] = (channels[1], made)
        text = f"{output}[m,{stride}*p+r-{padding}] = {source}[c,p] * W{name}[c,m,r]"
        return einsum(name, text, {"m": channels[1], "c": channels[0], "p": rows, "r": taps})

    def part(of: int) -> tuple[int, int]:
        first = draw.randrange(of)
        return first, draw.randrange(1, of - first + 1)

    if kind == "grouped":
        groups, each = draw.choice([2, 3]), draw.choice([1, 2, 3])
        first, count = part(groups * each)
        text = f"A[{each}*g+m,p] = X[g,c,p] * Wa[g,m,c]"
        layers = [einsum("a", text, {"g": groups, "m": each, "c": wide, "p": 3})]
        layers.append(einsum("b", f"B[n,p] = A[n+{first},p] * V[n]", {"n": count, "p": 3}))
        return Workload(kind, layers)
    layers = [up("a", "X", "A", (wide, deep), draw.choice([2, 3]))]
    rows = shapes["A"][1]
    if kind == "again":
        layers.append(up("b", "A", "B", (deep, wide), min(rows, 4)))
        layers.append(einsum("d", "D[m,q] = B[m,q] + E[m,q]", {"m": wide, "q": shapes["B"][1]}))
    elif kind == "convolution":
        layers.append(einsum("b", "B[m,q] = A[c,q+r-1] * V[m,c,r]", {"m": wide, "c": deep, "q": rows, "r": 3}))
    else:
        first, count = part(rows) if kind != "skip" else (0, rows)
        layers.append(einsum("b", f"B[m,q] = A[m,q+{first}] * V[m]", {"m": deep, "q": count}))
    if kind in ("two", "skip"):
        first, count = part(rows)
        other = "B[m,q]" if kind == "skip" else "U[m]"
        layers.append(einsum("d", f"D[m,q] = A[m,q+{first}] * {other}", {"m": deep, "q": count}))
    return Workload(kind, layers, shapes=shapes)


def check(workload: Workload, space: Space, seed: int, shares: tuple[float, ...]) -> None:
    """The search finds what the exhaustive search finds, and the model values its plan so."""
    machine = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    slow = Exhaustive(trimmed(workload), machine, space)
    if space.leaf_loops:
        slow = streaming(slow)
    total = sum(t.size_bytes for t in workload.tensors.values())
    for objective in OBJECTIVES:
        for capacity in (*(max(1, int(total * share)) for share in shares), None):
            expected = slow.value(objective, math.inf if capacity is None else capacity)
            try:
                found = search(
                    workload, machine.with_capacity("GLB", capacity), objective=objective, space=space, workers=1
                ).statistics
                assert found.status == "optimal"
                assert found.value == pytest.approx(expected, rel=1e-9)
            except InfeasibleError:
                assert math.isinf(expected)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "again"])
def test_no_plan_is_better(kind: str) -> None:
    check(drawn(kind, 1), ONE, 1, (0.2, 0.4))


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(1, 10), 2))
@pytest.mark.parametrize("kind", KINDS)
def test_no_plan_of_more_networks_is_better(kind: str, seed: int) -> None:
    check(drawn(kind, seed), ONE, seed, (0.1, 0.2, 0.4, 0.8))


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(2, 8), 1))
@pytest.mark.parametrize("kind", ["slice", "grouped", "convolution"])
def test_no_plan_with_two_loops_is_better(kind: str, seed: int) -> None:
    check(drawn(kind, seed), Space(loops=2, lone_loops=2, leaf_loops=0), seed, (0.3,))


OWN = Space(loops=1, lone_loops=1, leaf_loops=1)


def test_own_loops_over_taps_leave_out_cycles() -> None:
    """What a tile of `b` reads of `a` takes the cycles of a box of rows and taps, tap by tap those of fewer rows."""
    workload, machine = drawn("convolution", 2), architecture(seed=2, buffer_bandwidth=6)
    with_own, without = (
        search(workload, machine, objective="latency", space=space, workers=1).statistics for space in (OWN, ONE)
    )
    assert (with_own.status, without.status) == ("optimal", "optimal")
    assert with_own.value < without.value


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(2, 8), 1))
@pytest.mark.parametrize("kind", ["slice", "grouped", "convolution"])
def test_no_plan_with_own_loops_is_better(kind: str, seed: int) -> None:
    check(drawn(kind, seed), OWN, seed, (0.3,))
