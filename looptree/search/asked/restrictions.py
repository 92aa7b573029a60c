"""What plans must and must not do, layer by layer and tensor by tensor: a space narrowed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.search.asked.loops import Rank, Tiles
from looptree.search.asked.rules import ANYTHING, LayerRule, Pin, TensorRule
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Restrictions:
    """All rules.

    Attributes:
        everywhere: for all layers; a rule of a layer replaces it. layers, tensors: by name.
        together: layers that are fused into one group, each. apart: layers no two of which are.
        pins: groups whose design is given; what they read and make does not stay on chip for others.
    """

    everywhere: LayerRule = ANYTHING
    layers: tuple[tuple[str, LayerRule], ...] = ()
    tensors: tuple[tuple[str, TensorRule], ...] = ()
    together: tuple[frozenset[str], ...] = ()
    apart: tuple[frozenset[str], ...] = ()
    pins: tuple[Pin, ...] = ()

    @property
    def names_ranks(self) -> bool:
        """Whether a rule says something of single ranks."""
        return any(rule.named or rule.ranks is not None for rule in (self.everywhere, *dict(self.layers).values()))

    @property
    def grouped(self) -> frozenset[str]:
        """Layers of which it is said with which others they are fused."""
        return frozenset().union(*self.together, *(pin.layers for pin in self.pins))

    @property
    def singled_out(self) -> frozenset[str]:
        """Layers of which it is said with which others they are fused or not."""
        return self.grouped.union(*self.apart)

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
        for each in self._groups():
            listed = ", ".join(sorted(each))
            for pin in self.pins:
                if each & set(pin.layers) and each != set(pin.layers):
                    raise InputError(f"{listed} are to be together, but {pin.text} is a group of its own")
            if len(each) > most:
                raise InputError(
                    f"{listed} cannot be together: a group has up to {most} layers",
                    hint="raise chain_layers, or group_layers if they are no chain",
                )
            for other in self.apart:
                if len(each & other) > 1:
                    both = " and ".join(sorted(each & other)[:2])
                    raise InputError(f"{both} are to be both together and apart")

    def _groups(self) -> list[frozenset[str]]:
        """Layers that have to be in one group: sets with a layer in common are one."""
        found: list[frozenset[str]] = []
        for each in (*self.together, *(frozenset(pin.layers) for pin in self.pins)):
            common = [other for other in found if other & each]
            found = [other for other in found if not other & each] + [each.union(*common)]
        return found

    @staticmethod
    def _check_tensor(workload: Workload, name: str, rule: TensorRule) -> None:
        inside = name in workload.intermediates
        stays = inside or name in workload.inputs or rule.between == "any"
        if not inside and (not rule.recompute or not rule.spill or not stays):
            what = "recomputed" if not rule.recompute else "spilled" if not rule.spill else "on chip between groups"
            raise InputError(f"tensor {name!r} is an input or output of the network and never {what}")


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
