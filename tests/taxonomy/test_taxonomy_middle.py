"""The ranges that drawings show are those that the simulation finds in the middle of a design."""

from __future__ import annotations

import random

import numpy as np
import pytest

from looptree.simulate.budget import Budget
from looptree.simulate.inference import Run, infer
from looptree.simulate.points import Index, hull
from looptree.simulate.tables import Tables
from looptree.taxonomy import GroupChoice, plan_tree
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design, Place
from looptree.taxonomy.middle import MiddleTile
from looptree.taxonomy.spans import Span
from looptree.workload import Affine, Einsum, Interval, Workload
from looptree.workload.expression import parse_expression
from tests.taxonomy.taxonomy_examples import TWO_LEVELS, loop


def conv_chain(rnd: random.Random) -> Workload:
    """One to three small convolutions with other kernels and strides."""
    rows, columns, einsums = rnd.choice([12, 18]), rnd.choice([8, 12]), []
    for i in reversed(range(rnd.choice([1, 2, 2, 3]))):
        kernel, stride = rnd.choice([1, 2, 3]), rnd.choice([1, 1, 2])
        out, ins, operation = parse_expression(f"F{i + 1}[m,p,q] = F{i}[c,{stride}*p+r,q+r] * W{i}[m,c,r]")
        ranks = {"m": 2, "p": rows, "q": columns, "c": 2, "r": kernel}
        einsums.append(Einsum(f"conv{i}", ranks, ins, out, operation))
        rows, columns = (rows - 1) * stride + kernel, columns + kernel - 1
    return Workload("chain", einsums)


def random_design(rnd: random.Random) -> Design:
    """Loops with tiles that divide, any retention, overlap dropped or spilled here and there."""
    workload = conv_chain(rnd)
    loops, outer = [], dict(workload.einsums[-1].ranks)
    for rank in rnd.sample(["p", "q", "m", "p"], rnd.choice([1, 2, 3])):
        steps = 2 if rank == "m" or outer[rank] < workload.einsums[-1].ranks[rank] else 3
        tiles = [tile for tile in range(1, outer[rank]) if outer[rank] % tile == 0 and outer[rank] // tile >= steps]
        if tiles:
            outer[rank] = rnd.choice(tiles)
            loops.append(loop(rank, outer[rank]))
    choice = GroupChoice(
        tuple(e.name for e in workload.einsums),
        tuple(loops),
        {tensor: rnd.randint(0, len(loops)) for tensor in workload.tensors},
        drop=frozenset(tensor for tensor in workload.tensors if rnd.random() < 0.25),
        spilled=frozenset(tensor for tensor in workload.intermediates if rnd.random() < 0.2),
        level="GLB",
    )
    return bind(workload, TWO_LEVELS, plan_tree(workload, TWO_LEVELS, [choice]))


class Middle:
    """One iteration away from all edges, as the drawing and as the simulation see it."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.tile = MiddleTile(design)
        self.run: Run = infer(design, Tables(design.workload, Budget(20_000_000)))
        self.last = tuple(max(index) for index in zip(*self.run.activity[0], strict=True))

    def index(self, first: frozenset[str]) -> Index:
        """The second step of each loop, and the first of those in whose first step alone something happens."""
        names = [self.tile.names[0, loop.depth] for loop in self.design.root.loops]
        return tuple(0 if name in first else min(1, last) for name, last in zip(names, self.last, strict=True))

    def value(self, span: Span, index: Index) -> tuple[int, int]:
        """The span with the loop variables filled in."""
        values: dict[str, int] = {}

        def of(form: Affine) -> int:
            return form.constant + sum(c * values[name] for name, c in form.terms)

        for loop_, step in zip(self.design.root.loops, index, strict=False):
            stepped = self.tile.stepped(loop_)
            assert stepped is not None
            values[self.tile.names[0, loop_.depth]] = of(stepped.start) + step * loop_.tile
        return of(span.start), of(span.stop)

    def required(self, place: Place, index: Index) -> tuple[Interval, ...] | None:
        """The hull of all that is required of the place while the loops above it stand still."""
        chain = self.design.chains[place.chain]
        if place.consumed:
            needs = self.run.needs(chain, place.tensor, self.run.consumers(chain, place.tensor))
        else:
            needs = self.run.writes(chain, self.design.workload.einsums[-1].name)
        return hull(box for step, box in needs.items() if step[: place.depth] == index[: place.depth])


@pytest.mark.parametrize("seed", range(60))
def test_drawn_ranges_are_those_of_the_simulation(seed: int) -> None:
    middle = Middle(random_design(random.Random(seed)))
    for einsum in middle.design.workload.einsums:
        work = middle.tile.work(einsum.name, middle.design.root.depth)
        operations = middle.run.operations(middle.design.root, einsum.name)
        index = middle.index(work.first)
        ranks = np.unravel_index(operations[index], tuple(einsum.ranks.values()))
        for rank, coordinates in zip(einsum.ranks, ranks, strict=True):
            span = work.ranges[rank]
            assert span is not None
            assert middle.value(span, index) == (coordinates.min(), coordinates.max() + 1), (einsum.name, rank)
        later = tuple(min(1, last) for last in middle.last)
        assert len(operations[later]) == 0 or later == index
    for place in middle.design.places:
        region = middle.tile.window(place)
        index = middle.index(region.first)
        box = middle.required(place, index)
        assert box is not None
        for span, interval in zip(region.spans, box, strict=True):
            assert span is not None
            assert middle.value(span, index[: place.depth]) == tuple(interval), place
