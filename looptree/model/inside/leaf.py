"""What a layer does at each iteration of the loops around it, sorted into parts that do not depend on each other.

The ranks of a *part* share a loop around the layer, or a dimension of one of its tensors. Iterations at which they have
the same extents (and the same place in padded tensors) are one *problem* (`looptree.model.inside.problems`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Axis
from looptree.model.box import Box
from looptree.model.inferred import Axes
from looptree.model.inside import gaps, slabs
from looptree.model.inside.problems import Problems, different, of_iterations
from looptree.model.inside.served import Served, further_out
from looptree.model.needed import required
from looptree.model.operations import Operations
from looptree.model.spatial import instances_first, standing
from looptree.model.sweep import fresh_box
from looptree.model.window import innermost_relevant
from looptree.workload import Access, Einsum


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """All that a nest sees of the tiles of a layer.

    Attributes:
        problems: of each part. elsewhere: iterations of loops that cut no rank of the layer and at which it works.
        entered: words of each row (a tensor, or what of it passes the level further out) that enter a place below all
        loops around, if no loop of the nest moves the tensor. passing: `elsewhere` of rows further out.
    """

    problems: tuple[Problems, ...]
    elsewhere: int
    entered: Mapping[str, float]
    passing: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for shapes that nests cut alike."""
        return self.elsewhere, tuple(known.key for known in self.problems)


class Leaf:
    """A layer at the iterations of the loops around it.

    Args:
        operations: at these iterations, tabulated on `axes`. shapes: of the tensors.
        visits: loops at every step of which a place inside is loaded anew. lifetime: loops that bound one production of
            a partial sum. spatial: depths of the loops around whose steps run at once. served: how its tensors are.

    Raises:
        UnsupportedError: the operations of an iteration are no box of ranks, nor a slab of one.
    """

    def __init__(
        self,
        operations: Operations,
        axes: Axes,
        shapes: Mapping[str, tuple[int, ...]],
        visits: int,
        lifetime: int,
        spatial: frozenset[int] = frozenset(),
        served: Mapping[str, Served] = MappingProxyType({}),
    ) -> None:
        self.operations, self.axes, self.shapes = operations, axes, shapes
        self.einsum: Einsum = operations.einsum
        self.visits, self.lifetime = visits, lifetime
        self.spatial, self.served = spatial, served
        if any(track.count is not None for track in operations.box.tracks.values()):
            raise UnsupportedError(
                f"einsum {self.einsum.name!r}: its tiles are neither boxes nor slabs, so its nest is not found",
                hint="write the nest into its branch",
            )

    @cached_property
    def accesses(self) -> dict[str, Access]:
        """The tensors that a nest may keep: those that are accessed in one way only.

        Instances keep no output with gaps: it is not known which of its sums they begin.
        """
        listed = (*self.einsum.inputs, self.einsum.output)
        once = [a for a in listed if sum(other.tensor == a.tensor for other in listed) == 1]
        return {a.tensor: a for a in once if a.tensor not in self.served or not self.served[a.tensor].gaps}

    @cached_property
    def parts(self) -> list[tuple[str, ...]]:
        """Ranks that have to be looked at together."""
        forms = [form.ranks for access in (*self.einsum.inputs, self.einsum.output) for form in access.projection]
        groups = [frozenset(map(str, track.spans)) for track in self.operations.box.tracks.values()]
        groups += [frozenset(ranks) for ranks in forms] + [frozenset((rank,)) for rank in self.einsum.ranks]
        found: list[frozenset[str]] = []
        for group in filter(None, groups):
            touching = [other for other in found if other & group]
            found = [other for other in found if not other & group] + [group.union(*touching)]
        return sorted(tuple(rank for rank in self.einsum.ranks if rank in part) for part in found)

    def problems(self, part: tuple[str, ...]) -> Problems:
        """The different extents of the ranks of a part.

        Raises:
            UnsupportedError: loops around the layer cut two of its ranks that share a dimension; no instance of those
                that a level serves together is the largest one along every rank.
        """
        box = self.operations.box
        keys = {key for key, track in box.tracks.items() if not set(part).isdisjoint(map(str, track.spans))}
        if len(keys) > 1:
            raise UnsupportedError(f"einsum {self.einsum.name!r}: loops around it cut {', '.join(part)} apart")
        key = next(iter(keys), -1)
        axis = self.axes.get(key, Axis.root())
        own = [slab for slab in self.operations.slabs if not set(part).isdisjoint(slab.form.ranks)]
        ends = [end for rank in part for end in box.span(rank, key, axis.size)]
        ends += [end for slab in own for end in (slab.low, slab.high)]
        ends = [np.broadcast_to(end, (axis.size,)) for end in ends]
        forms = tuple((slab.form, slab.extents) for slab in own)
        found = of_iterations(part, forms, ends, axis, self.spatial, box.tracks[key].active if keys else None)
        for depths in {depths for served in self.served.values() for depths in served.operands}:
            if not found.has_largest(depths):
                raise UnsupportedError(
                    f"einsum {self.einsum.name!r}: no instance is the largest one along all of {', '.join(part)}",
                    hint="write the nest into its branch",
                )
        return different(found, fixed=not forms and not self._edges & set(part))

    def cut(self, problems: Problems, tiles: Mapping[str, int]) -> Problems:
        """The problems of a part below loops of a nest: rank and tile shape."""
        if problems.forms:
            return different(slabs.cut(self.einsum, problems, tiles), fixed=False)
        return different(problems.cut(tiles), fixed=not self._edges & set(problems.ranks))

    def with_gaps(self, problems: Problems) -> frozenset[str]:
        """Ranks of a part that a nest does not cut."""
        return gaps.with_gaps(self.einsum, problems, instances=bool(self.spatial))

    @cached_property
    def _edges(self) -> frozenset[str]:
        """Ranks along which some tensor may be read outside its shape."""
        found: set[str] = set()
        for access in (*self.einsum.inputs, self.einsum.output):
            for form, extent in zip(access.projection, self.shapes[access.tensor], strict=True):
                reach = form.hull(self.einsum.box)
                if reach.start < 0 or reach.stop > extent:
                    found.update(form.ranks)
        return frozenset(found)

    @cached_property
    def shape(self) -> Shape:
        """What a nest sees of its tiles."""
        problems = tuple(self.problems(part) for part in self.parts)
        rows = {
            row: words
            for tensor in self.accesses
            for row, words in zip(self.rows(tensor), self.entered(tensor), strict=False)
        }
        return Shape(problems, self.elsewhere, rows, {further_out(t): self._passing(t) for t in self.together})

    @cached_property
    def together(self) -> tuple[str, ...]:
        """The tensors that the level further out serves to several instances together."""
        return tuple(t for t in self.accesses if t in self.served and self.served[t].together)

    def rows(self, tensor: str) -> tuple[str, ...]:
        """What is counted of a tensor."""
        return (tensor, further_out(tensor)) if tensor in self.together else (tensor,)

    @cached_property
    def key(self) -> tuple[object, ...]:
        """Equal for leaves of one layer whose nests count the same."""
        return self.einsum.name, self.shape.key, tuple(self.shape.entered.values())

    @cached_property
    def elsewhere(self) -> int:
        """Iterations of loops that cut no rank of the layer and at which it works."""
        box, axes = self._uncut
        return box.total(axes)

    @cached_property
    def _uncut(self) -> tuple[Box, Axes]:
        """When the layer works, on the axes of loops that cut none of its ranks."""
        tracks = {key: track for key, track in self.operations.box.tracks.items() if not track.spans}
        cut = self.operations.box.tracks.keys() - tracks.keys()
        return Box({}, tracks), {key: axis for key, axis in self.axes.items() if key not in cut}

    def _passing(self, tensor: str) -> int:
        """The same as the level that serves a tensor sees it."""
        box, axes = self._uncut
        served = self.served[tensor]
        return served.passing(box, axes, served.together).total(axes)

    def need(self, tensor: str) -> tuple[Box, Axes] | None:
        """What is asked for of a tensor at each iteration, with instances outermost."""
        need = required([self.operations.touched(self.accesses[tensor], self.shapes[tensor])])
        if need is None:
            return None
        return instances_first(need, self.axes, self.spatial, ())[:2] if self.spatial else (need, self.axes)

    def entered(self, tensor: str) -> tuple[int, int]:
        """Words that enter a place below all loops around the layer, if no loop of the nest moves the tensor.

        Of all instances, and as the level further out sees them.
        """
        asked = self.need(tensor)
        if asked is None:
            return 0, 0
        need, axes = asked
        depth = max((d for axis in axes.values() for d in axis.depths), default=0)
        sweep = max(innermost_relevant(need, axes, depth) - 1, self.visits)
        if tensor == self.einsum.output.tensor:
            sweep = max(sweep, self.lifetime)
        return self._both(tensor, fresh_box(need, axes, sweep), axes)

    @property
    def begun(self) -> int:
        """Words of the output that enter for the first time in the life of their sums."""
        return self._begun[0]

    @property
    def begun_further_out(self) -> int:
        """The same as the level further out sees them."""
        return self._begun[1]

    @cached_property
    def _begun(self) -> tuple[int, int]:
        output = self.einsum.output.tensor
        asked = self.need(output) if output in self.accesses else None
        return (0, 0) if asked is None else self._both(output, fresh_box(asked[0], asked[1], self.lifetime), asked[1])

    def _both(self, tensor: str, fresh: Box, axes: Axes) -> tuple[int, int]:
        own = fresh.total(axes)
        if tensor not in self.together:
            return own, own
        served = self.served[tensor]
        return own, served.passing(fresh, axes, standing(served.together)).total(axes)
