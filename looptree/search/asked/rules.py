"""Rules of single layers and tensors, and of groups whose design is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model.inside.tiles import useful_tiles
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.points import load_point, point_choice
from looptree.workload import Einsum, Workload

BETWEEN = ("any", "always", "never")


@dataclass(frozen=True, slots=True)
class LayerRule:
    """What loops may do, everywhere or where a layer is the sink of its group, and in the layer's own loops.

    Attributes:
        ranks: that they may tile; `None` for all. tiles: per rank, the tile shapes that they may have.
        order: of loops over these ranks, outermost first; others may stand anywhere.
    """

    ranks: frozenset[str] | None = None
    tiles: tuple[tuple[str, tuple[int, ...]], ...] = ()
    order: tuple[str, ...] = ()

    def ordered(self, ranks: Iterable[str]) -> bool:
        """Whether loops over these ranks, outermost first, may stand in that order.

        >>> LayerRule(order=("p", "q")).ordered(["p", "m", "q"]), LayerRule(order=("p", "q")).ordered(["q", "p"])
        (True, False)
        """
        places = [self.order.index(rank) for rank in ranks if rank in self.order]
        return places == sorted(places)

    def allows(self, rank: str, tile: int) -> bool:
        """Whether a loop over a rank may have that tile shape."""
        listed = dict(self.tiles).get(rank)
        return (self.ranks is None or rank in self.ranks) and (listed is None or tile in listed)

    @property
    def named(self) -> list[str]:
        """All ranks that it names."""
        return [*(self.ranks or ()), *(rank for rank, _ in self.tiles), *self.order]

    def shapes(self, rank: str, extent: int) -> list[int]:
        """Tile shapes of a loop over a rank, largest first; none if it may not be tiled."""
        if self.ranks is not None and rank not in self.ranks:
            return []
        listed = dict(self.tiles).get(rank)
        return useful_tiles(extent) if listed is None else sorted({t for t in listed if t < extent}, reverse=True)

    def check_tiles(self, einsums: Iterable[Einsum], where: str) -> None:
        """Refuse tile shapes that are larger than the rank, in all of these layers."""
        listed = list(einsums)
        for rank, shapes in self.tiles:
            extent = max((e.ranks[rank] for e in listed if rank in e.ranks), default=0)
            if max(shapes, default=1) > extent:
                raise InputError(
                    f"a tile of {max(shapes)} is larger than rank {rank!r} of {where} (at most {extent})",
                    hint=f"use tile shapes below {extent}",
                )

    def described(self) -> list[str]:
        """The rule in words."""
        found = [] if self.ranks is None else [f"loops over {', '.join(sorted(self.ranks)) or 'nothing'} only"]
        found += [f"{rank} in tiles of {', '.join(map(str, shapes))}" for rank, shapes in self.tiles]
        return found + ([f"loops in the order {', '.join(self.order)}"] if self.order else [])


ANYTHING = LayerRule()


@dataclass(frozen=True, slots=True)
class TensorRule:
    """What may be done with a tensor.

    Attributes:
        retention: the numbers of loops of its group that may stand above its storage node, 0 for a tensor that is kept
            whole; `None` for any, and for nodes inside a branch.
        drop: whether nothing of what two steps need stays from one to the next.
        recompute, spill: whether parts of it may be computed again, or written out and fetched again, in its group.
        between: whether it stays on chip between groups: `always` (if it goes from one to another), `never`, `any`.
    """

    retention: tuple[int, ...] | None = None
    drop: bool = False
    recompute: bool = True
    spill: bool = True
    between: str = "any"

    @property
    def given(self) -> bool:
        """Whether it says how the tensor is kept, so that it is stored above the branch."""
        return self.drop or self.retention is not None

    def depths(self, loops: int) -> list[int]:
        """Numbers of loops, of so many in all, that may stand above its node."""
        return [depth for depth in range(loops + 1) if self.retention is None or depth in self.retention]

    @property
    def _retained(self) -> str:
        if self.retention == (0,):
            return "kept whole"
        return f"kept below {' or '.join(map(str, self.retention or ()))} loops"

    def described(self) -> list[str]:
        """The rule in words."""
        return [
            *([self._retained] if self.retention is not None else []),
            *(["overlap dropped"] if self.drop else []),
            *(["never recomputed"] if not self.recompute else []),
            *(["never spilled"] if not self.spill else []),
            *([f"{self.between} on chip between groups"] if self.between != "any" else []),
        ]


@dataclass(frozen=True, slots=True)
class Pin:
    """Layers that are one group, in the way of a published design.

    Attributes:
        layers: in the order of the network. point: name of a point of the taxonomy. parameters: of the point.
    """

    layers: tuple[str, ...]
    point: str
    parameters: tuple[tuple[str, int], ...] = ()

    def choice(self, workload: Workload, architecture: Architecture) -> GroupChoice:
        """The design.

        Raises:
            InputError: an unknown point or parameter, or layers that it cannot be applied to.
        """
        inside = [e.name for e in workload.einsums if e.name in self.layers]
        if len(inside) > 1 and load_point(self.point).fuse == "each":
            raise InputError(
                f"point {self.point!r} fuses nothing, and a pin is one group",
                hint="pin each of the layers, or keep them apart",
            )
        return point_choice(self.point, workload, architecture, inside, **dict(self.parameters))

    @property
    def text(self) -> str:
        """The pin in words."""
        given = ", ".join(f"{name} {value}" for name, value in self.parameters)
        return f"{', '.join(self.layers)} as {self.point}" + (f" ({given})" if given else "")
