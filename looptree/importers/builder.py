"""Where layers are made: nests over views become Einsums."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from looptree.importers.elements import Element
from looptree.importers.graph import Graph, Node
from looptree.importers.kinds import LAYOUT
from looptree.importers.made import Draft
from looptree.importers.nest import Index, Nest, Read, UnevenError, hull
from looptree.importers.regions import Roles
from looptree.importers.values import Values
from looptree.importers.view import Factor, View
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access


class Builder(Values):
    """The layers of a graph, one node after the other.

    Args:
        graph: the model.
        roles: which nodes are folded.
        lay_out: what the first input of a node that only lays out elements differently is, seen as its output.
    """

    def __init__(self, graph: Graph, roles: Roles, lay_out: Callable[[Builder, Node, View], View]) -> None:
        super().__init__(graph, roles)
        self._lay_out = lay_out

    def emit(
        self,
        node: Node,
        value: str,
        loops: Mapping[str, int],
        reads: Sequence[Read],
        index: Sequence[Index],
        operation: str,
        *,
        summed: Sequence[str] = (),
    ) -> View:
        """One Einsum that makes a value of the model.

        Args:
            node: the operator.
            value: what it makes.
            loops: extent of each loop, in order.
            reads: views with their indices.
            index: how each dimension of the value is indexed.
            operation: what one operation is.
            summed: loops over what is summed up.
        """
        factors = [
            self._factor(value, member, constant, index) for member, constant in self.roles.factors.get(value, ())
        ]
        stored = self.element(self.roles.ends.get(value, value))
        view = self.einsum(
            node, "", self.type(value).shape, loops, [*reads, *factors], index, operation, stored, summed
        )
        self.show(value, view, node)
        return view

    def part(
        self,
        node: Node,
        part: str,
        loops: Mapping[str, int],
        reads: Sequence[Read],
        index: Sequence[tuple[str, ...]],
        operation: str,
        *,
        element: Element,
        summed: Sequence[str] = (),
    ) -> View:
        """One Einsum that makes an intermediate of a node, named after the node and the `part`."""
        shape = tuple(math.prod(loops[loop] for loop in entry) for entry in index)
        return self.einsum(node, part, shape, loops, reads, index, operation, element, summed)

    def einsum(
        self,
        node: Node,
        part: str,
        shape: Sequence[int],
        loops: Mapping[str, int],
        reads: Sequence[Read],
        index: Sequence[Index],
        operation: str,
        element: Element,
        summed: Sequence[str] = (),
    ) -> View:
        """One Einsum, and how what it writes is stored."""
        ready = [self._readable(node, read, loops) for read in reads]
        while True:
            try:
                nest = Nest(loops, ready, summed)
                break
            except UnevenError as problem:
                uneven = ready[problem.position]
                again = replace(uneven, view=self.copied(uneven.view, node))
                ready[problem.position] = self._readable(node, again, loops)
        written = nest.written(index, shape)
        self.made.cut |= {read.view.tensor for read in ready if nest.cuts(read) or read.view.joins}
        name = self.name(node, part)
        accesses = tuple(Access(read.view.tensor, nest.read(read)) for read in ready)
        output = Access(name, written.forms)
        used = output.ranks.union(*(access.ranks for access in accesses))
        ranks = {rank: extent for rank, extent in nest.ranks.items() if rank in used}
        self.made.drafts.append(Draft(name, ranks, accesses, output, operation, self.layer(node), node.title))
        self.made.shapes[name] = written.shape
        self.made.elements[name] = element
        return View(name, written.dimensions, _plain_forms(written.dimensions), written.shape)

    def copied(self, view: View, node: Node, *, flat: bool = False) -> View:
        """The same elements, stored plainly (or in one dimension): a layer of its own, that only moves data."""
        key = view if not flat else replace(view, dimensions=(*view.dimensions, ()))
        if key not in self._copies:
            if view.tensor in self.made.origins and view.tensor.startswith("W_"):
                self._copies[key] = self._laid_out_anew(view, flat=flat)
            else:
                self._copies[key] = self._copy(view, node, flat=flat)
        return self._copies[key]

    def _readable(self, node: Node, read: Read, loops: Mapping[str, int]) -> Read:
        """The read, over a copy or another view where affine indices ask for one."""
        view = read.view
        if len(read.index) != len(view.dimensions):
            raise node.error(f"expected an input of {len(read.index)} dimensions, found {list(view.extents)}")
        for axis, (index, extent) in enumerate(zip(read.index, view.extents, strict=True)):
            if not isinstance(index, Affine):
                found = math.prod(loops[loop] for loop in index)
                if found != extent:
                    raise node.error(f"shapes do not meet: an extent of {found} and one of {extent}")
                continue
            reach = hull(index, loops)
            if not view.dimensions[axis]:
                if (reach.start, reach.stop) == (0, 1):
                    continue
                view = self.unit(view, axis)
            elif len(view.dimensions[axis]) > 1 or not view.reads_zeros_outside(axis, reach):
                view = self.copied(view, node)
        return Read(view, read.index)

    def _copy(self, view: View, node: Node, *, flat: bool) -> View:
        loops = {factor.name: factor.extent for dimension in view.dimensions for factor in dimension}
        index = tuple(tuple(factor.name for factor in dimension) for dimension in view.dimensions)
        written = (tuple(loops),) if flat else index
        shape = (math.prod(loops.values()),) if flat else view.extents
        makers = [maker for maker in (self._shown.get(view), node) if maker is not None and maker.kind in LAYOUT]
        maker = next((maker for maker in makers if self.layer(maker) not in self.made.shapes), node)
        part = "" if maker in makers and self.layer(maker) not in self.made.shapes else "moved"
        element = self.made.elements[view.tensor]
        return self.einsum(maker, part, shape, loops, [Read(view, index)], written, "copy", element)

    def _laid_out_anew(self, view: View, *, flat: bool) -> View:
        """A constant is stored as it is wanted from the start."""
        shape = (math.prod(view.extents),) if flat else view.extents
        return self.outside(view.tensor, shape, self.made.elements[view.tensor], self.made.origins[view.tensor])

    def _factor(self, value: str, member: Node, constant: str, index: Sequence[Index]) -> Read:
        """A constant that a value is multiplied by, read at the indices of the value."""
        view = self.view(constant, member)
        if member.kind == "BatchNormalization":
            return Read(view, (index[1],))
        own = index[len(index) - len(view.dimensions) :]
        return Read(view, tuple(i if d else () for i, d in zip(own, view.dimensions, strict=True)))

    def _laid_out(self, node: Node, view: View) -> View:
        return self._lay_out(self, node, view)


def _plain_forms(dimensions: Sequence[Sequence[Factor]]) -> tuple[Affine, ...]:
    return tuple(Affine(((factor.name, 1),)) for dimension in dimensions for factor in dimension)
