"""Evaluation: energy, capacity, bottlenecks, and where problems are reported."""

from __future__ import annotations

from fractions import Fraction

import pytest

from looptree.architecture import Architecture, Compute, Level
from looptree.errors import InputError, UnsupportedError
from looptree.model import evaluate
from looptree.taxonomy import LoopTree
from looptree.workload import Workload
from tests.model.model_cases import TWO_LEVELS, chain, design, keep, layer, loop, matmuls, run, sequential


def test_energy_by_component_and_action() -> None:
    levels = (
        Level("DRAM", None, None, Fraction(100), Fraction(200)),
        Level("GLB", None, None, Fraction(1), Fraction(2)),
    )
    priced = Architecture("priced", levels, Compute("MAC", Fraction(1, 2), pj_of={"max": Fraction(3)}))
    layers = [
        layer("fc", "T[m] = X[m,k] * W[k]", m=4, k=3),
        layer("relu", "Y[m] = max(T[m])", m=4),
    ]
    found = run(layers, keep("GLB", "X", "W", "T", "Y"), sequential("fc", "relu"), on=priced, bits={"X": 4})
    spent = found.energy.per_component
    # DRAM: X 12 half bytes and W 3 bytes read; Y 4 bytes written.
    assert spent["DRAM"] == {"read": 100 * (6 + 3), "write": 200 * 4}
    # Buffer reads: X 12 halves, W 12, T 12 - 4 and 4, Y 4 - 4 and 4; writes: X 12 halves, W 3, T 12, Y 4.
    assert spent["GLB"] == {"read": 6 + 12 + 8 + 4 + 0 + 4, "write": 2 * (6 + 3 + 12 + 4)}
    # 12 multiply-accumulates at 1/2 and 4 comparisons at 3.
    assert spent["MAC"] == {"operation": 6 + 12}
    assert found.energy.total == sum(group.energy_pj for group in found.groups)


@pytest.mark.parametrize(("allocation", "fits"), [("window", False), ("live", True)])
def test_capacity_is_counted_as_the_architecture_says(allocation: str, fits: bool) -> None:
    # A line buffer: 24 bytes as windows, 19 live; 20 there are.
    conv = [layer("conv", "Y[p,q] = X[p+r,q+s] * W[r,s]", p=4, q=6, r=3, s=3)]
    on = Architecture("tight", (Level("DRAM"), Level("GLB", 20)), allocation=allocation)
    found = run(conv, loop("p", 1), keep("GLB", "X"), loop("q", 1), "conv", on=on)
    assert (found.occupancy["GLB"].window_bytes, found.occupancy["GLB"].live_bytes) == (24, 19)
    assert found.fits is found.occupancy["GLB"].fits is fits


def test_groups_take_turns_and_each_has_its_own_bottleneck() -> None:
    on = Architecture("slow", (Level("DRAM", None, Fraction(2)), Level("GLB")), Compute(spatial={"k": 16}))
    layers = [layer("copy", "Y[p] = X[p]", p=8), layer("fc", "Z[p] = Y[p] * W[p,k]", p=8, k=16)]
    found = run(
        layers,
        keep("DRAM", "Y"),
        sequential(chain(keep("GLB", "X", "Y"), "copy"), chain(keep("GLB", "Y", "Z"), "fc")),
        on=on,
    )
    # copy: 8 cycles of compute, 16 bytes at 2 per cycle are 8. fc: 8 cycles, Y 8 + W 128 + Z 8 at 2 per cycle.
    assert [(int(g.latency_cycles), g.bottleneck) for g in found.groups] == [(8, "MAC"), (72, "DRAM")]
    assert (int(found.latency.overlapped), found.latency.bottleneck) == (80, "DRAM")


def test_problems_name_the_file_of_the_mapping() -> None:
    workload = Workload("case", [layer("diagonal", "Y[p,p] = X[p]", p=4), layer("next", "Z[p] = Y[p,p]", p=4)])
    root = chain(keep("DRAM", "X", "Z"), keep("GLB", "Y"), sequential("diagonal", "next"))
    with pytest.raises(UnsupportedError, match=r"^mapping\.yaml: einsum 'diagonal': rank 'p' indexes two"):
        evaluate(workload, TWO_LEVELS, LoopTree(root, "mapping.yaml"))
    with pytest.raises(UnsupportedError, match=r"^einsum 'diagonal': rank 'p' indexes two"):
        evaluate(workload, TWO_LEVELS, LoopTree(root))
    with pytest.raises(InputError, match=r"^mapping\.yaml: mapping: einsum 'next' is never computed"):
        evaluate(workload, TWO_LEVELS, LoopTree(chain(keep("DRAM", "X", "Z"), "diagonal"), "mapping.yaml"))


def test_energy_and_cycles_beyond_64_bits_are_exact() -> None:
    size = 2**30
    on = Architecture("unit", (Level("DRAM"), Level("GLB")), Compute(pj_per_operation=Fraction(1, 3)))
    found = run(matmuls(2, size), loop("m", 2**20), keep("GLB", "T1"), sequential("fc1", "fc2"), on=on)
    assert found.energy.total == Fraction(2 * size**3, 3)
    assert found.latency.compute == found.latency.overlapped == 2 * size**3
    assert found.groups[0].operations == 2 * size**3


def test_a_design_is_evaluated_the_same_twice() -> None:
    where = design(matmuls(3, 4), loop("m", 3), keep("GLB", "T1", "T2"), sequential("fc1", "fc2", "fc3"))
    first = evaluate(where.workload, where.architecture, where.tree)
    assert evaluate(where.workload, where.architecture, where.tree) == first
