"""What the instances of spatial loops around a layer share at the levels that serve them.

A place below spatial loops is there once per instance. What enters all of them is one count, what the level further out
reads or writes for it another: with multicast or forwarding a word that several instances need at a step is read once,
and sums of instances that are added up on their way are written once. So the tables of such a tensor have a second row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from looptree.architecture import Network
from looptree.errors import UnsupportedError
from looptree.model.begun import is_gapless
from looptree.model.box import Box
from looptree.model.inferred import Axes, Inferred
from looptree.model.instances import accessed, served_alike, sharing
from looptree.model.movement import Movement
from looptree.model.needed import required
from looptree.model.product import Product
from looptree.model.spatial import around, depths_of, first_per_step, is_reduced, standing, union_per_step
from looptree.taxonomy.design import BoundChain, Design
from looptree.workload import Einsum


def further_out(tensor: str) -> str:
    """The row of the words that pass the level further out, of which instances share some."""
    return f"{tensor} further out"


@dataclass(frozen=True, slots=True)
class Served:
    """The level that serves a tensor, above some or all of the instances of a layer.

    Attributes:
        level: its name. together: depths of the loops whose instances it serves together. adds: these add up what they
            send out; otherwise they take in what any of them needs.
        operands: of each access of the layer, depths of the loops whose operations it serves together where nothing
            further in keeps the tensor. reads, writes: what all operations read and write there then. halo: whether
            neighbours forward words to each other, so that it matters how large the steps are. gaps: whether the layer
            leaves out points between those that it writes: then it is not known which sums an instance begins.
    """

    level: str
    together: frozenset[int]
    adds: bool
    operands: tuple[frozenset[int], ...]
    reads: int
    writes: int
    halo: bool
    gaps: bool

    def passing(self, fresh: Box, axes: Axes, depths: Collection[int]) -> Product:
        """What passes the level of words that enter the places of all instances, at each iteration.

        Args:
            depths: where the loops that it serves together stand on these axes.
        """
        if self.adds:
            return first_per_step(Product.of(fresh, axes), axes, depths)
        return Product.of(union_per_step(fresh, axes, depths) if depths else fresh, axes)


def served_tensors(design: Design, inferred: Inferred, chain: BoundChain) -> dict[str, Served]:
    """How the tensors of a layer below spatial loops are served where nothing further in keeps them.

    Raises:
        InputError: a level would have to add up sums and has no network that does.
        UnsupportedError: instances overlap in what they write, or leave gaps in it; how many words neighbours forward
            to places further out depends on the nest.
    """
    einsum = design.workload.einsum(chain.einsums[0])
    _check_halos(design, inferred, chain, einsum)
    moved = list(accessed(design, inferred, chain))
    return {
        tensor: _served(design, inferred, chain, [movement for movement in moved if movement.tensor == tensor])
        for tensor in dict.fromkeys((*einsum.reads, einsum.output.tensor))
    }


def _served(design: Design, inferred: Inferred, chain: BoundChain, moved: Sequence[Movement]) -> Served:
    """How one tensor is served, given what the operations read and write of it."""
    einsum, tensor = design.workload.einsum(chain.einsums[0]), moved[0].tensor
    place = design.innermost_place(tensor, chain)
    between = [loop for loop in chain.spatial if loop not in around(design, place, chain)]
    network = design.architecture.level(place.level).network
    adding = [loop for loop in between if is_reduced(loop, einsum.name, einsum.output)]
    inputs = [access for access in einsum.inputs if access.tensor == tensor]
    operands = [served_alike(design, network, between, einsum.name, access) for access in inputs]
    together, halo = adding, False
    if tensor != einsum.output.tensor:
        leaf = inferred.einsums[einsum.name].leaf
        assert leaf is not None, "a layer that does something"
        need = required([leaf[0].touched(access, design.workload.tensors[tensor].shape) for access in inputs])
        every, alike = (sharing(design, known, between, [einsum], tensor) for known in _with_and_without(network))
        halo = need is not None and _differs(need, leaf[1], depths_of(every), depths_of(alike))
        together = every if halo else alike
    else:
        operands.append(adding)
    return Served(
        place.level,
        frozenset(depths_of(together)),
        tensor == einsum.output.tensor,
        tuple(frozenset(depths_of(loops)) for loops in operands),
        sum(movement.reads for movement in moved),
        sum(movement.writes for movement in moved),
        halo,
        tensor == einsum.output.tensor and not is_gapless(design, inferred, chain),
    )


def _check_halos(design: Design, inferred: Inferred, chain: BoundChain, einsum: Einsum) -> None:
    """Check that what places around a nest take in does not depend on the nest."""
    for place in (design.places[identity] for identity in chain.places):
        if place.parent is None or not place.consumed or place.id not in inferred.asked:
            continue
        asked, outer = inferred.asked[place.id], design.places[place.parent]
        between = [loop for loop in around(design, place) if loop not in around(design, outer)]
        every, alike = (
            standing(depths_of(sharing(design, network, between, [einsum], place.tensor)))
            for network in _with_and_without(design.architecture.level(outer.level).network)
        )
        if _differs(asked.fresh, asked.axes, every, alike):
            raise depends_on_steps(einsum.name, place.tensor, place.level)


def _with_and_without(network: Network) -> tuple[Network, Network]:
    return network, replace(network, forward=False)


def _differs(fresh: Box, axes: Axes, every: Collection[int], alike: Collection[int]) -> bool:
    """Whether instances forward anything to neighbours that ask for other words, with steps as large as they can be."""
    one, other = (union_per_step(fresh, axes, depths).total(axes) for depths in (every, alike))
    return one != other


def depends_on_steps(einsum: str, tensor: str, level: str) -> UnsupportedError:
    """Neighbours forward what several of them need at one step: the smaller the steps, the less often that is so."""
    return UnsupportedError(
        f"einsum {einsum!r}: what neighbours forward to {level!r} of {tensor!r} depends on the nest below that level, "
        "so it is not found",
        hint="write the nest into its branch",
    )
