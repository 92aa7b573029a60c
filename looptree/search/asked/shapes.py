"""The shapes of the groups of a network: equal ones differ in names and in the order of layers only."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import replace

from looptree.search.asked.branches import Branch, branches_of
from looptree.search.asked.canonical import Labelling, Structure, labelled
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.segment import Shape, leaving, read_later, segment
from looptree.workload import Access, Einsum, Workload


class Shapes:
    """Finds the shapes of groups of layers.

    Args:
        rules: what is asked of layers and tensors, which tells them apart.
        named: ranks whose names matter, because the array has extents for them.
        weights: whether it matters which tensors are weights.
        ordered: whether the order of layers matters.
    """

    def __init__(
        self, workload: Workload, rules: Restrictions, named: Collection[str], *, weights: bool, ordered: bool
    ) -> None:
        self._workload = workload
        self._rules = rules
        self._ordered = ordered
        self._kinds: dict[Hashable, int] = {}
        self._layers = {e.name: self._layer(e, rules.layer(e.name), named) for e in workload.einsums}
        told = _weights(workload) if weights else frozenset()
        self._tensors = {
            name: 4 * self._kind((tensor.shape, tensor.bits, rules.tensor(name), name in told))
            for name, tensor in workload.tensors.items()
        }
        self._known: dict[Structure, Labelling] = {}
        self._alike: set[Structure] = set()

    def of(self, names: Sequence[str]) -> Shape:
        """The shape of some layers, named in the order of the workload."""
        structure, tensors, ranks = self._structure(names)
        return self._shape(structure, names, tensors, ranks)

    def branches(self) -> list[list[Branch]]:
        """Branches of the network that may be exchanged; none where the order of layers matters."""
        names = [e.name for e in self._workload.einsums]
        structure, tensors, ranks = self._structure(names)
        return [] if self._ordered else branches_of(structure, (names, tensors, ranks), self._rules.singled_out)

    def _structure(self, names: Sequence[str]) -> tuple[Structure, Sequence[str], Sequence[str]]:
        """Some layers with the names taken out, and the names of tensors and ranks."""
        tensor: dict[str, int] = {}
        rank: dict[str, int] = {}
        layers = []
        for name in names:
            kind, accesses, ranks = self._layers[name]
            touched = tuple((access, tensor.setdefault(t, len(tensor))) for access, t in accesses)
            layers.append((kind, touched, tuple(rank.setdefault(r, len(rank)) for r in ranks)))
        outputs = leaving(self._workload, [self._workload.einsum(name) for name in names])
        later = {t for t in self._workload.ragged.intersection(outputs) if read_later(self._workload, t, names)}
        kinds = tuple(self._tensors[t] + 2 * (t in later) + (t in outputs) for t in tensor)
        return (tuple(layers), kinds, len(rank)), tuple(tensor), tuple(rank)

    def marked(self, shape: Shape, marks: Sequence[int]) -> Shape:
        """A shape whose tensors are told apart by marks from 0 to 2, too; equal ones have one key again."""
        layers, tensors, ranks = shape.key
        structure = layers, tuple(3 * kind + mark for kind, mark in zip(tensors, marks, strict=True)), ranks
        if shape.key not in self._alike or not any(marks):
            return replace(shape, key=structure)
        return self._shape(structure, shape.einsums, shape.tensors, shape.ranks)

    def _shape(self, structure: Structure, *names: Sequence[str]) -> Shape:
        """The names of a structure in the order of its key."""
        if structure not in self._known:
            self._known[structure] = labelled(structure, ordered=self._ordered)
        known = self._known[structure]
        if not known.rigid:
            self._alike.add(known.key)
        orders = known.layers, known.tensors, known.ranks
        return Shape(known.key, *(tuple(own[i] for i in order) for own, order in zip(names, orders, strict=True)))

    def _layer(
        self, einsum: Einsum, rule: LayerRule, named: Collection[str]
    ) -> tuple[int, tuple[tuple[int, str], ...], tuple[str, ...]]:
        """What a layer is, but for its place in the network; how it accesses which tensors; and its ranks."""
        place = {rank: at for at, rank in enumerate(einsum.ranks)}
        ranks = tuple(
            (rank if rank in named or rank in rule.named else "", extent) for rank, extent in einsum.ranks.items()
        )

        def access(known: Access) -> tuple[int, str]:
            forms = ((tuple((place[r], factor) for r, factor in f.terms), f.constant) for f in known.projection)
            return self._kind(tuple(forms)), known.tensor

        accesses = tuple(map(access, (*einsum.inputs, einsum.output)))
        return self._kind((ranks, einsum.operation, rule)), accesses, tuple(einsum.ranks)

    def _kind(self, what: Hashable) -> int:
        """One number for all that is equal."""
        return self._kinds.setdefault(what, len(self._kinds))


def _weights(workload: Workload) -> frozenset[str]:
    """Tensors that are weights to layers that read them."""
    parts = [segment(workload, (e.name,)) for e in workload.einsums]
    return frozenset(tensor for part in parts for tensor in part.inputs if part.kind(tensor) == "weight")
