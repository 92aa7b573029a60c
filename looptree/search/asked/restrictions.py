"""What plans must and must not do, layer by layer and tensor by tensor: a space narrowed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.model.inside.tiles import useful_tiles
from looptree.search.asked.loops import Rank, Tiles
from looptree.search.asked.segment import Shape
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


@dataclass(frozen=True, slots=True)
class Restrictions:
    """All rules.

    Attributes:
        everywhere: for all layers; a rule of a layer replaces it. layers, tensors: by name.
        together: layers that are fused into one group, each. apart: layers no two of which are.
        pins: groups whose design is given; what they read and make does not stay on chip for others.
    """

    everywhere: LayerRule = LayerRule()
    layers: tuple[tuple[str, LayerRule], ...] = ()
    tensors: tuple[tuple[str, TensorRule], ...] = ()
    together: tuple[frozenset[str], ...] = ()
    apart: tuple[frozenset[str], ...] = ()
    pins: tuple[Pin, ...] = ()

    @property
    def grouped(self) -> frozenset[str]:
        """Layers of which it is said with which others they are fused."""
        return frozenset().union(*self.together, *(pin.layers for pin in self.pins))

    def pin(self, names: Iterable[str]) -> Pin | None:
        """The pin of a group."""
        group = set(names)
        return next((pin for pin in self.pins if set(pin.layers) == group), None)

    def layer(self, name: str) -> LayerRule:
        """The rule of a layer."""
        return dict(self.layers).get(name, self.everywhere)

    def ordered(self, order: Sequence[Rank]) -> bool:
        """Whether loops may stand in an order; of several sinks each has a say."""
        sinks = {einsum for rank in order for einsum, _ in rank}
        return all(self.layer(s).ordered(name for rank in order for einsum, name in rank if einsum == s) for s in sinks)

    def tilings(self, part: Workload, ranks: Sequence[Rank]) -> list[Tiles]:
        """The tile shapes that nested loops may have together, outermost first, in all ways.

        A rank that is tiled again is cut into parts of the tile that is left, and of the last, smaller one.
        """
        found: list[Tiles] = [()]
        for index, rank in enumerate(ranks):
            again = next((at for at in reversed(range(index)) if ranks[at] == rank), None)
            found = [
                (*tiles, tile)
                for tiles in found
                for tile in self._shapes(part, rank, None if again is None else tiles[again])
            ]
        return found

    def _shapes(self, part: Workload, rank: Rank, outer: int | None) -> list[int]:
        """Tile shapes of one loop, inside a tile of the same rank if there is one; useful ones for any of its sinks."""
        found = set()
        for einsum, name in rank:
            extent = part.einsum(einsum).ranks[name]
            lengths = {extent} if outer is None else {min(outer, extent), extent % outer}
            found |= {tile for length in lengths if length > 1 for tile in self.layer(einsum).shapes(name, length)}
        allowed = (tile for tile in found if all(self.layer(einsum).allows(name, tile) for einsum, name in rank))
        return sorted(allowed, reverse=True)

    def tensor(self, name: str) -> TensorRule:
        """The rule of a tensor."""
        return dict(self.tensors).get(name, TensorRule())

    def key(self, shape: Shape) -> tuple[object, ...]:
        """What distinguishes groups of equal shape."""
        return tuple(map(self.layer, shape.einsums)), tuple(map(self.tensor, shape.tensors)), self.pin(shape.einsums)

    def allows(self, names: Sequence[str]) -> bool:
        """Whether some layers may be a group."""
        group = frozenset(names)
        if any(group & set(pin.layers) and group != set(pin.layers) for pin in self.pins):
            return False
        if any(group & each and not each <= group for each in self.together):
            return False
        return all(len(group & each) < 2 for each in self.apart)

    def leaves(self, workload: Workload, names: Iterable[str]) -> list[str]:
        """Tensors that have to stay on chip before or after a group, because others read them."""
        group = set(names)
        found = []
        for tensor, rule in self.tensors:
            producer = workload.producer(tensor)
            readers = {c.name for c in workload.consumers(tensor)}
            uses = bool(readers & group) if producer is None else producer.name in group
            if rule.between == "always" and uses and not readers <= group:
                found.append(tensor)
        return found

    def described(self) -> list[str]:
        """All rules in words."""
        return [
            *self.everywhere.described(),
            *(f"layer {name}: {text}" for name, rule in self.layers for text in rule.described()),
            *(f"tensor {name}: {text}" for name, rule in self.tensors for text in rule.described()),
            *(f"together: {', '.join(sorted(each))}" for each in self.together),
            *(f"apart: {', '.join(sorted(each))}" for each in self.apart),
            *(f"pinned: {pin.text}" for pin in self.pins),
        ]

    def check(self, workload: Workload, architecture: Architecture, most: int) -> None:
        """Refuse rules that make no sense for a network.

        Args:
            most: layers of a group.

        Raises:
            InputError: a layer, tensor, rank or point that is not there, or rules that contradict each other.
        """
        self._check_layers(workload)
        for name, tensor_rule in self.tensors:
            known(name, workload.tensors, "tensor", workload)
            self._check_tensor(workload, name, tensor_rule)
        self._check_groups(most)
        for pin in self.pins:
            try:
                pin.choice(workload, architecture)
            except InputError as problem:
                raise problem.at(f"pin of {', '.join(pin.layers)}") from None

    def _check_layers(self, workload: Workload) -> None:
        layers = {e.name: e for e in workload.einsums}
        sets = (*self.together, *self.apart, *(pin.layers for pin in self.pins))
        named = [*(name for name, _ in self.layers), *(name for each in sets for name in each)]
        for name in named:
            known(name, layers, "layer", workload)
        for name, rule in self.layers:
            for rank in rule.named:
                if rank not in layers[name].ranks:
                    raise InputError(
                        f"layer {name!r} has no rank {rank!r}", hint=nearest(rank, [str(r) for r in layers[name].ranks])
                    )
            rule.check_tiles([layers[name]], f"layer {name!r}")
        everywhere = {str(rank) for e in workload.einsums for rank in e.ranks}
        for rank in self.everywhere.named:
            if rank not in everywhere:
                raise InputError(f"no layer has a rank {rank!r}", hint=nearest(rank, sorted(everywhere)))
        self.everywhere.check_tiles(workload.einsums, "every layer")

    def _check_groups(self, most: int) -> None:
        pinned: dict[str, Pin] = {}
        for pin in self.pins:
            for name in pin.layers:
                if name in pinned:
                    raise InputError(f"layer {name!r} is pinned twice: {pinned[name].text}; {pin.text}")
                pinned[name] = pin
        for each in (*self.together, *(frozenset(pin.layers) for pin in self.pins)):
            if len(each) > most:
                raise InputError(
                    f"{', '.join(sorted(each))} cannot be together: a group has up to {most} layers",
                    hint="raise chain_layers, or group_layers if they are no chain",
                )
            for other in self.apart:
                if len(each & other) > 1:
                    both = " and ".join(sorted(each & other)[:2])
                    raise InputError(f"{both} are to be both together and apart")

    @staticmethod
    def _check_tensor(workload: Workload, name: str, rule: TensorRule) -> None:
        inside = name in workload.intermediates
        stays = inside or name in workload.inputs or rule.between == "any"
        if not inside and (not rule.recompute or not rule.spill or not stays):
            what = "recomputed" if not rule.recompute else "spilled" if not rule.spill else "on chip between groups"
            raise InputError(f"tensor {name!r} is an input or output of the network and never {what}")
        if name in workload.outputs and rule.between == "always":
            raise InputError(f"tensor {name!r} is an output of the network: it is written out")


NONE = Restrictions()


def known(name: str, names: Iterable[str], what: str, workload: Workload) -> str:
    """The name, if it is there.

    Raises:
        InputError: naming the closest one.
    """
    listed = list(names)
    if name not in listed:
        raise InputError(f"the network {workload.name!r} has no {what} {name!r}", hint=nearest(name, listed))
    return name
