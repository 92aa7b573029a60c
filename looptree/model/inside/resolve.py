"""Mappings whose leaves ask for a nest, or whose architecture pins one, with the nests that were found.

The nests of a layer at all levels below its tensors are found together: the least energy of the layer, or, where none
of the levels has energies, the fewest accesses of all levels but the innermost one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from looptree.architecture import Architecture, Level
from looptree.errors import InputError
from looptree.model.inference import infer
from looptree.model.inferred import Inferred
from looptree.model.inside.costs import energy, words_outside
from looptree.model.inside.joint import Joint, Wanted
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Nest
from looptree.model.inside.pinned import pinned
from looptree.model.inside.served import depends_on_steps, served_tensors
from looptree.model.inside.tables import Memory
from looptree.model.inside.ways import Room
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import BoundChain, Design
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, RankRef, Storage, Temporal, placed
from looptree.workload import Einsum, Workload


def with_nests(design: Design) -> Design:
    """The design with a nest for each leaf that asks for one; the design itself where none does.

    Raises:
        InputError: a leaf asks for a nest and no memory level is left for it.
        UnsupportedError: the nest of a leaf cannot be found; the message says why.
    """
    try:
        return _with_nests(design)
    except InputError as problem:
        raise placed(problem, design.tree.source) if design.tree.source else problem from None


def _with_nests(design: Design) -> Design:
    asking = list(_asking(design))
    if not asking:
        return design
    inferred = infer(design)
    nodes = {
        name: nodes_of(
            name,
            [level.name for level in design.architecture.levels[first:]],
            nests_of(design, inferred, design.leaf(name), first),
            again=design.leaf(name).outer_depth > 0,
        )
        for name, first in asking
    }
    design = bind(design.workload, design.architecture, with_inside(design.tree, nodes))
    return replace(design, tree=_settled(design.tree, frozenset(name for name, _ in asking)))


def _asking(design: Design) -> Iterator[tuple[str, int]]:
    """Layers whose nest is to be found, and the depth of the outermost level that is left for it."""
    architecture = design.architecture
    for end in (chain.end for chain in design.tree.root.walk()):
        if not isinstance(end, Compute):
            continue
        asks = end.inside == "found"
        if end.inside == "written" or (not asks and architecture.dataflow is None):
            continue
        chain = design.leaf(end.einsum)
        einsum = design.workload.einsum(end.einsum)
        used = {*einsum.reads, einsum.output.tensor}
        first = 1 + max(architecture.depth(design.innermost_place(t, chain).level) for t in used)
        if first < len(architecture.levels):
            yield end.einsum, first
        elif asks:
            raise InputError(
                f"mapping: compute {end.einsum!r} asks for a nest, but no memory level is left below "
                f"{architecture.levels[-1].name!r}",
                hint="store its tensors further out, or give the architecture another level",
            )


def nests_of(design: Design, inferred: Inferred, chain: BoundChain, first: int) -> tuple[Nest, ...]:
    """The best nests of a leaf, one for each level from a depth on."""
    leaf = leaf_of(design, inferred, chain)
    if leaf is None:
        return ()
    architecture, tensors = design.architecture, design.workload.tensors
    levels = architecture.levels[first:]
    for tensor, served in leaf.served.items():
        if served.halo and len(levels) > 1:
            raise depends_on_steps(leaf.einsum.name, tensor, levels[0].name)
    outer = {t: architecture.level(design.innermost_place(t, chain).level) for t in _used(leaf.einsum)}
    priced = any(any(energy(at, tensors[t].bits)) for t in outer for at in (outer[t], *levels))
    wanted = Wanted(energy if priced else words_outside(levels[-1]))
    joint = joint_of(design.workload, architecture, leaf, levels, counts_of(inferred, leaf))
    return joint.least(leaf, outer, [wanted], wanted)[0][0].nests


def joint_of(
    workload: Workload,
    architecture: Architecture,
    leaf: Leaf,
    levels: Sequence[Level],
    counts: tuple[int, int, int],
    memory: Memory | None = None,
) -> Joint:
    """The nests of a layer at some levels, of which the last is the innermost one of the architecture."""
    spatial = architecture.compute.spatial
    pins = pinned(architecture.dataflow, workload, leaf.einsum, spatial)
    rooms = [(level, room_of(workload, leaf, level)) for level in levels]
    return Joint(rooms, workload.tensors, counts, spatial, pins, Memory() if memory is None else memory)


def counts_of(inferred: Inferred, leaf: Leaf) -> tuple[int, int, int]:
    """Operations, output points, and words of the output that enter for the first time in the life of their sums.

    Below spatial loops each instance begins sums of its own.
    """
    counts = inferred.einsums[leaf.einsum.name]
    return counts.operations, leaf.begun if leaf.spatial else counts.points, leaf.begun


def _used(einsum: Einsum) -> frozenset[str]:
    return frozenset((*einsum.reads, einsum.output.tensor))


def leaf_of(design: Design, inferred: Inferred, chain: BoundChain) -> Leaf | None:
    """A layer at the iterations of the loops around it; `None` if it never does anything."""
    counts = inferred.einsums[chain.einsums[0]]
    if counts.leaf is None:
        return None
    shapes = {name: tensor.shape for name, tensor in design.workload.tensors.items()}
    served = served_tensors(design, inferred, chain) if chain.spatial else {}
    spatial = frozenset(loop.depth for loop in chain.spatial)
    return Leaf(*counts.leaf, shapes, chain.outer_depth, counts.lifetime, spatial, served)


def room_of(workload: Workload, leaf: Leaf, level: Level) -> Room:
    """What a level can hold of a layer."""
    kinds = {t: workload.kind(t) for t in leaf.accesses}
    may = [t for t, kind in kinds.items() if level.may_hold(t, kind)]
    parts = [
        (frozenset(t for t in may if level.partition(t, kinds[t]) is part), part.capacity_bytes)
        for part in level.partitions
    ]
    bits = {t: workload.tensors[t].bits for t in may}
    return Room(bits, parts or [(frozenset(may), level.capacity_bytes)], 2 if level.double_buffered else 1)


# -- trees ------------------------------------------------------------------------------------


def nodes_of(
    einsum: str, levels: Sequence[str], nests: Sequence[Nest], *, again: bool
) -> tuple[Temporal | Storage, ...]:
    """Nests at several levels, outermost first, as nodes of a leaf; see `nest_nodes`."""
    return tuple(
        node
        for level, nest in zip(levels, nests, strict=False)
        for node in nest_nodes(einsum, level, nest, again=again)
    )


def nest_nodes(einsum: str, level: str, nest: Nest, *, again: bool) -> tuple[Temporal | Storage, ...]:
    """A nest as nodes of a leaf.

    Args:
        again: whether the branch of the layer runs again and again. What the nest keeps does not outlive one run.
    """
    loops = tuple(Temporal((RankRef(rank, einsum),), tile) for rank, tile in nest.loops)
    if not nest.kept:
        return loops
    return (*loops, Storage(level, nest.kept, "reload" if again else "keep"))


def with_inside(tree: LoopTree, nodes: Mapping[str, tuple[Temporal | Storage, ...]]) -> LoopTree:
    """The tree with more nodes at the inner end of some leaves."""

    def extended(chain: Chain) -> Chain:
        if isinstance(chain.end, Branch):
            return Chain(chain.inner, Branch(chain.end.kind, tuple(extended(c) for c in chain.end.chains)))
        return Chain((*chain.inner, *nodes.get(chain.end.einsum, ())), chain.end)

    return LoopTree(extended(tree.root), tree.source)


def _settled(tree: LoopTree, found: frozenset[str]) -> LoopTree:
    """The tree in which some leaves do not ask for a nest any more."""

    def settled(chain: Chain) -> Chain:
        if isinstance(chain.end, Branch):
            return Chain(chain.inner, Branch(chain.end.kind, tuple(settled(c) for c in chain.end.chains)))
        return Chain(chain.inner, replace(chain.end, inside="written")) if chain.end.einsum in found else chain

    return LoopTree(settled(tree.root), tree.source)
