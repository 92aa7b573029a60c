"""Nests for many shapes of the tiles of a layer at once, and the shapes that nests leave to the levels further in."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from looptree.model.inference import infer
from looptree.model.inside.costs import energy
from looptree.model.inside.joint import Joint, Wanted
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Nest
from looptree.model.inside.resolve import counts_of, joint_of, leaf_of
from looptree.model.inside.tables import Memory, Tables
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Branch, Chain, LoopTree, RankRef, Temporal
from tests.model.inside_cases import drawn_design
from tests.model.test_model_joint import scratchpad
from tests.some import some


def within(design: Design, name: str, nest: Nest) -> Leaf | None:
    """What a layer does below the loops of a nest, by the model."""

    def extended(chain: Chain) -> Chain:
        if isinstance(chain.end, Branch):
            return Chain(chain.inner, Branch(chain.end.kind, tuple(map(extended, chain.end.chains))))
        more = [Temporal((RankRef(rank, name),), tile) for rank, tile in nest.loops if chain.end.einsum == name]
        return Chain((*chain.inner, *more), chain.end)

    cut = bind(design.workload, design.architecture, LoopTree(extended(design.tree.root)))
    leaf = leaf_of(cut, infer(cut), cut.leaf(name))
    if leaf is not None:  # what the nest keeps lives as long as one run of the branch
        leaf.visits = design.leaf(name).outer_depth
    return leaf


def finding(design: Design, name: str) -> tuple[Leaf, Joint]:
    """A layer, and what finds its nests at the levels below the buffer."""
    inferred = infer(design)
    leaf = leaf_of(design, inferred, design.leaf(name))
    assert leaf is not None
    levels = design.architecture.levels[2:]
    return leaf, joint_of(design.workload, design.architecture, leaf, levels, counts_of(inferred, leaf), Memory())


@pytest.mark.parametrize("seed", some(range(2000, 2040), 10))
def test_nests_of_many_shapes_are_those_of_each(seed: int) -> None:
    draw = random.Random(f"shapes {seed}")
    design = drawn_design(seed, scratchpad(draw.choice([8, 16, 30]), draw.choice([3, 6])))
    name = design.workload.einsums[0].name
    leaf, joint = finding(design, name)
    outer = dict.fromkeys(design.workload.tensors, design.architecture.level("GLB"))
    tables = Tables(leaf, joint.levels[0][1], {})
    finder = joint._finder(leaf)
    listed = [
        (options, at)
        for kept in tables.kept()
        for options in finder.options(kept, every=False)
        for at in range(len(options.steps))
    ]
    nests, shapes = zip(*(finder.chosen(*one) for one in draw.sample(listed, min(8, len(listed)))), strict=True)
    for nest, shape in zip(nests, shapes, strict=True):
        known = within(design, name, nest)
        assert known is not None
        assert (known.shape.key, known.shape.entered) == (shape.key, shape.entered)
    wanted = Wanted(energy)
    for one in (joint, replace(joint, levels=joint.levels[:1]), joint.further):
        together = one.least(leaf, outer, [wanted], wanted, shapes)
        alone = [one.least(leaf, outer, [wanted], wanted, [shape])[0] for shape in shapes]
        assert [[n.rank[:3] for n in found] for found in together] == [[n.rank[:3] for n in found] for found in alone]
        bounds = one.bounds(leaf, [outer], [wanted], shapes)
        apart = [one.bounds(leaf, [outer], [wanted], [shape]).item() for shape in shapes]
        assert all(bound <= exact for bound, exact in zip(bounds.ravel(), apart, strict=True))
        assert all(
            bound <= found[0].sums[0] for bound, found in zip(bounds.ravel(), together, strict=True) if found[0].fits
        )
