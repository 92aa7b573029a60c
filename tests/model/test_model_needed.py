"""Tensors that are made in a group and read after it: tiles inside have to ask for all that is read."""

from __future__ import annotations

import pytest

from looptree import load_architecture
from looptree.errors import UnsupportedError
from looptree.model import evaluate_design
from looptree.simulate import simulate
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload
from tests.search.search_cases import einsum


@pytest.mark.parametrize(("first", "extent"), [(-1, 3), (0, 4)])
def test_tiles_that_step_over_what_is_read_later_are_refused(first: int, extent: int) -> None:
    """Columns -1 and 2 of a tensor of three ask for column 2 one by one, and together for the hull; 0 and 3 of four."""
    layers = [
        einsum("make", "T[p] = X[p]", {"p": extent}),
        einsum("jump", f"Y[p] = T[3*p{first:+}]", {"p": 2}),
        einsum("all", "Z[p] = T[p]", {"p": extent}),
    ]
    network, machine = Workload("jump", layers, shapes={"T": (extent,)}), load_architecture("small")
    for tile, refused in ((1, True), (2, False)):
        loops = () if tile == 2 else (Temporal((RankRef("p", "jump"),), tile),)
        groups = [GroupChoice(("make", "jump"), loops, level="GLB"), GroupChoice(("all",), level="GLB")]
        design = bind(network, machine, plan_tree(network, machine, groups))
        if not refused:
            assert evaluate_design(design).operations["make"].total == simulate(design).operations["make"][0] == extent
            continue
        for count in (evaluate_design, simulate):
            with pytest.raises(UnsupportedError, match="'T'"):
                count(design)
