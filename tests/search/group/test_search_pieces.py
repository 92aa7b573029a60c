"""What a group makes and reads, inside the branches of the layers that use it: every design, and as the model says."""

from __future__ import annotations

import math
import random

import pytest

from looptree.check import check
from looptree.search.asked.metrics import Weights
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import TensorRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.decode import choice_of
from looptree.search.group.goal.goal import Aim, Goal
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import plan_tree
from looptree.workload import Workload
from tests.search.group_cases import differences, searched
from tests.search.leaf_cases import streaming
from tests.search.search_cases import architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=1, leaf_loops=1)
ROOMY = 10.0**6
S = frozenset({"S"})


def norm(bits: int = 8, more: int = 0) -> Workload:
    """A sum, its mean over some channels, and a product of both: with a row of the sum on chip, little is left."""
    ranks = {"h": 2, "n": 4, "p": 3}
    layers = [
        einsum("add", "T[h,n,p] = X[h,n,p] + B[h,n,p]", ranks),
        einsum("mean", "S[h,p] = T[h,n,p]", ranks),
        einsum("scale", "Y0[h,n,p] = S[h,p] * T[h,n,p]", ranks),
    ]
    layers += [einsum(f"next{at}", f"Y{at + 1}[h,n,p] = Y{at}[h,n,p]", ranks) for at in range(more)]
    return Workload("norm", layers, bits={"S": bits})


def bottleneck(*outputs: str, taps: int = 1) -> Workload:
    """Two layers with an input that is added to what they make; the first tensor may leave as well."""
    form, weights = ("p+r-1", "V[n,m,r]") if taps > 1 else ("p", "V[n,m]")
    extents = {"n": 2, "p": 3, "m": 3} | ({"r": taps} if taps > 1 else {})
    layers = [
        einsum("a", "T[m,p] = X[c,p] * W[m,c]", {"m": 3, "c": 2, "p": 3}),
        einsum("b", f"U[n,p] = T[m,{form}] * {weights}", extents),
        einsum("c", "Y[n,p] = U[n,p] + X[n,p]", {"n": 2, "p": 3}),
    ]
    return Workload("bottleneck", layers, shapes={"T": (3, 3)}, outputs=outputs)


def leaving(kind: str, seed: int) -> Workload:
    """A network that was drawn, some of whose tensors are needed later, too."""
    drawn, draw = network(kind, seed, layers=2 + seed % 2), random.Random(f"{kind} {seed}")
    outputs = [t for t in drawn.intermediates if draw.random() < 0.5]
    known = drawn.tensors.items()
    shapes, bits = {t: x.shape for t, x in known}, {t: x.bits for t, x in known}
    return Workload("drawn", drawn.einsums, shapes=shapes, bits=bits, outputs=outputs)


@pytest.mark.parametrize("taps", [1, 3])
@pytest.mark.parametrize("outputs", [(), ("T",)])
def test_no_design_with_what_a_group_makes_inside_branches_is_better(outputs: tuple[str, ...], taps: int) -> None:
    hardware = architecture(buffer_bandwidth=3, spatial={"m": 2, "p": 2})
    slow = streaming(Exhaustive(bottleneck(*outputs, taps=taps), hardware, ONE))
    assert differences(slow, hardware, most=8, largest=ROOMY)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["skip", "branches", "shared"])
@pytest.mark.parametrize("seed", some(range(1, 12), 3))
def test_nor_in_random_networks(kind: str, seed: int) -> None:
    hardware = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    slow = streaming(Exhaustive(leaving(kind, seed), hardware, ONE))
    assert differences(slow, hardware, most=6, largest=ROOMY)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(3), 1))
def test_nor_with_two_loops(seed: int) -> None:
    hardware = architecture(seed=seed, buffer_bandwidth=3)
    slow = streaming(Exhaustive(norm(), hardware, Space(loops=2, lone_loops=1, leaf_loops=1)))
    assert differences(slow, hardware, most=6, largest=ROOMY)[0] == []


def test_what_a_group_makes_is_written_out_and_fetched_in_pieces() -> None:
    """Six bytes: a row of `T`, and in the branch of each layer a word of two more tensors, or of one."""
    workload, hardware = norm(), architecture(6)
    found = [searched(workload, hardware, "offchip", Space(pieces=n)).search(frozenset(), 6) for n in (2, 3)]
    assert found[1].value == 84 < found[0].value
    design = found[1].design
    assert design is not None and design.spilled == S
    assert {layer for layer, way in design.streaming.items() if "S" in way.tensors} == {"mean", "scale"}
    tree = plan_tree(workload, hardware, [choice_of(workload, design, "GLB")])
    assert check(bind(workload, hardware, tree)) == ()


@pytest.mark.parametrize("workload", [norm(), bottleneck(), bottleneck("T")], ids=["norm", "inside", "leaves"])
def test_what_it_moves_at_least_is_what_it_moves_with_room_for_all_else(workload: Workload) -> None:
    """A bound of a byte more would miss that design."""
    search = searched(workload, architecture(), "offchip", ONE)
    goal = Goal(Aim(Weights.only("offchip")), architecture(), "GLB")
    for within in search.within.sets:
        added = search.within.added(search.group.everything, within)
        least = search.group.least(within, further=added).offchip
        assert least == search.parted(within).towards(goal).search(frozenset(), math.inf).value


def sets(workload: Workload, space: Space = ONE) -> list[frozenset[str]]:
    return searched(workload, architecture(), "offchip", space).within.sets


@pytest.mark.parametrize(
    ("space", "rule"),
    [(Space(pieces=2), TensorRule()), (Space(spill=False), TensorRule()), (ONE, TensorRule(spill=False))],
)
def test_what_may_not_be_off_chip_stays_above_the_branches(space: Space, rule: TensorRule) -> None:
    assert S in sets(norm())
    asked = Space(spill=space.spill, pieces=space.pieces, restrictions=Restrictions(tensors=(("S", rule),)))
    assert not any("S" in within for within in sets(norm(), asked))


def test_nor_is_what_leaves_part_of_a_byte_inside_branches() -> None:
    assert not any("S" in within for within in sets(norm(bits=4)))


def test_nor_what_larger_groups_make() -> None:
    assert sets(norm(more=1), Space(pieces=3)) == []
    assert S in sets(norm(more=1), Space(pieces=4))


def test_what_ties_layers_together_is_not_inside_branches() -> None:
    """Without the sum `T` the first layer shares nothing with the others; without `U` and `T` the second one."""
    assert sorted(map(sorted, sets(norm()))) == [["S"]]
    assert sorted(map(sorted, sets(bottleneck()))) == [["T"], ["U"], ["X"]]


def test_layers_in_a_pipeline_have_it_above_their_branches() -> None:
    space = Space(loops=1, lone_loops=1, leaf_loops=1, pipeline=True)
    hardware = architecture(buffer_bandwidth=3)
    slow = streaming(Exhaustive(bottleneck("T"), hardware, space))
    assert differences(slow, hardware, most=4, largest=ROOMY)[0] == []
