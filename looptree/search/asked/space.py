"""What a search looks at, as data: a narrower space is asked for by name or by keyword, and says what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from looptree.errors import InputError, close
from looptree.search.asked.loops import Rank, candidate_ranks, clashing_ranks, orders, sinks_of
from looptree.search.asked.restrictions import NONE, Restrictions
from looptree.workload import Workload

ANY_PAIRS = 1 << 30
TWICE_LOOPS = 3
"""Most loops of an order in which a rank may be tiled twice."""
GROUP_LAYERS = 8
CHAIN_LAYERS = 16
NUMBERS = {
    "group_layers": (1, 64),
    "chain_layers": (1, 64),
    "loops": (1, 4),
    "lone_loops": (0, 5),
    "leaf_loops": (0, 2),
    "pieces": (0, GROUP_LAYERS),
    "joined_loops": (0, 5),
    "nested": (0, 2),
    "twice": (0, ANY_PAIRS),
    "joined_pairs": (0, ANY_PAIRS),
    "resident": (0, 64),
    "resident_inputs": (0, 64),
}
"""The least and the most of each setting that is a number."""


@dataclass(frozen=True, slots=True)
class Space:
    """The designs that are searched.

    Attributes:
        group_layers: most layers in a fusion group.
        loops: most loops above the branch of a fused group; lone_loops: most loops of a layer alone.
        leaf_loops: most loops of a layer of its own, inside its branch. nested: most loops of a nested branch.
        pieces: most layers of a group of which what one makes and others read may be stored inside their branches.
        joined_loops: most loops above a branch, or of a layer alone, where two of them move the same dimension, as `p`
            and `r` of a convolution do.
        twice: a rank may be tiled by two of up to three such loops, with another one in between, if that can be done
            with so many pairs of tile shapes at most.
        joined_pairs: two of them over different ranks may move one dimension, or let readers of a tensor rest at
            different steps, only further up the group, if they have so many pairs of tile shapes at most.
        spill: whether an intermediate of a group may be written out and fetched again.
        recompute: whether overlap that was not retained may be computed again.
        live: whether what is live counts against the capacity, where the architecture says so; else windows count.
        pipeline: whether the layers of a group may also work at once, each on an array of its own.
        chain_layers: most layers in a fusion group that is a chain, if that is more than `group_layers`; see
            `looptree.search.network.states.ideals.Layers.chains`. `None`: 16, or `group_layers` where that is below 8.
        resident: most tensors at a time that stay on chip whole from the group that makes them to those that read them.
        resident_inputs: most of these that may come from off chip, inputs and weights of the network: the first group
            that reads one fetches all of it, and it stays until the last one that does.
        restrictions: of single layers and tensors.
        inner_level: the memory levels below the buffer at which nests of layers are found; the architecture says it.
    """

    group_layers: int = GROUP_LAYERS
    loops: int = 3
    lone_loops: int = 5
    leaf_loops: int = 2
    pieces: int = GROUP_LAYERS
    joined_loops: int = 5
    twice: int = 0
    joined_pairs: int = ANY_PAIRS
    spill: bool = True
    recompute: bool = True
    live: bool = False
    pipeline: bool = False
    nested: int = 0
    resident: int = 16
    resident_inputs: int = 16
    chain_layers: int | None = None
    restrictions: Restrictions = NONE
    inner_level: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for name, (least, most) in NUMBERS.items():
            found = getattr(self, name)
            if name == "chain_layers" and found is None:
                continue
            if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
                raise InputError(f"expected {name} from {least} to {most}, found {found!r}", where="search space")

    def described(self) -> str:
        """The space in words, without its restrictions."""
        kept = "a storage node of each tensor at every depth"
        if self.recompute:
            kept += ", intermediates kept or recomputed"
        if self.spill:
            kept += " or spilled"
        parts = []
        longest = max(self.most_layers)
        if self.pieces > 1 and self.leaf_loops and longest > 1 and not self.inner_level:
            kept += f", in pieces too in groups of up to {min(self.pieces, self.group_layers)} layers"
        if longest > 1:
            groups = f"all convex connected groups of up to {self.group_layers} layers"
            parts.append(groups + f", and chains of up to {longest}" * (longest > self.group_layers))
            parts.append(self._loops(self.loops, "over any ranks of the sink in any order"))
            if self.joined_loops > 1 and self.joined_pairs < ANY_PAIRS:
                pairs = f" with more than {self.joined_pairs} pairs of tile shapes" if self.joined_pairs else ""
                parts.append(f"no two that move one dimension only further up{pairs}")
        parts.append(self._loops(self.lone_loops, "for a layer alone"))
        if self.twice and self.joined_loops > 2:
            pairs = "" if self.twice == ANY_PAIRS else f" if it has up to {self.twice} pairs of tile shapes"
            parts.append(f"a rank tiled twice by up to {TWICE_LOOPS} loops{pairs}")
        parts += ["every useful tile shape", kept]
        if self.inner_level:
            parts.append(
                f"each layer's best nests at {self.inner_level}: any of its tensors kept, any order, useful tiles"
            )
        elif self.leaf_loops and longest > 1:
            parts.append(f"up to {self.leaf_loops} own loops per layer over any of its ranks")
        if self.nested and longest > 2:
            own = "a loop" if self.nested == 1 else f"up to {self.nested} loops"
            parts.append(f"some neighbours of a group in a nested branch below {own} of their own")
        if self.pipeline and longest > 1:
            parts.append("layers of a group in turns, or as a pipeline with an array each")
        if self.live:
            parts.append("rooms as the architecture counts them, inside branches in windows")
        if self.resident:
            fewer = f", {self.resident_inputs or 'none'} of them from off chip"
            stays = f"up to {self.resident} tensors at a time whole on chip between groups"
            parts.append(stays + fewer * (self.resident_inputs < min(self.resident, Space().resident_inputs)))
        return "; ".join(parts)

    @classmethod
    def of(cls, space: Space | str | None) -> Space:
        """The space that is meant: by its name, or the default one.

        Raises:
            InputError: there is none of that name.
        """
        return space_named(space) if isinstance(space, str) else space or cls()

    @property
    def most_layers(self) -> tuple[int, int]:
        """Most layers of any group, and of one that is a chain."""
        usual = CHAIN_LAYERS if self.group_layers >= GROUP_LAYERS else 1
        return self.group_layers, max(self.group_layers, self.chain_layers or usual)

    def with_layers(self, group_layers: int, chain_layers: int) -> Space:
        """The space with smaller groups."""
        if (group_layers, chain_layers) == self.most_layers:
            return self
        return replace(self, group_layers=group_layers, chain_layers=chain_layers)

    def _loops(self, most: int, what: str) -> str:
        """How many loops there may be, in words."""
        if most <= max(1, self.joined_loops):
            apart = ""
        elif self.joined_loops < 2:
            apart = ", over different dimensions"
        else:
            apart = f", over different dimensions if more than {self.joined_loops}"
        return f"up to {most} loops {what}{apart}"

    def orders(self, part: Workload) -> Iterator[tuple[Rank, ...]]:
        """Every order of loops above the branch of a segment, fewer loops first."""
        sinks = sinks_of(part)
        ranks, clashes = candidate_ranks(part, sinks), clashing_ranks(part, sinks)
        fused, tilings = len(part.einsums) > 1, self.restrictions.tilings
        often = {rank for rank in ranks if self.twice and len(tilings(part, (rank, rank))) <= self.twice}
        for count in range(int(fused), (self.loops if fused else self.lone_loops) + 1):
            twice = often if count <= TWICE_LOOPS else ()
            for order in orders(ranks, clashes, count, self.joined_loops, twice):
                if self.restrictions.ordered(order):
                    yield order

    def settings(self) -> dict[str, int | bool | str]:
        """All settings as plain data, the restrictions in words."""
        return self._values() | {"restrictions": "; ".join(self.restrictions.described())}

    def _values(self) -> dict[str, Any]:
        found = {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name) != ""}
        return found | {"chain_layers": self.most_layers[1]}

    def leaves_out(self) -> list[str]:
        """What the default space has and this one has not."""
        default = Space()._values()
        return [
            f"{name}: {found} (default {'any' if default[name] == ANY_PAIRS else default[name]})"
            for name, found in self._values().items()
            if name not in ("restrictions", "inner_level") and found < default[name]
        ] + self.restrictions.described()


SPACES = {
    "default": Space(),
    "wide": Space(twice=ANY_PAIRS, chain_layers=64),
    "pipelined": Space(pipeline=True),
    "nested": Space(nested=1),
    "circular": Space(live=True),
    "quick": Space(
        group_layers=4,
        loops=2,
        lone_loops=3,
        joined_loops=0,
        twice=0,
        joined_pairs=0,
        leaf_loops=0,
        spill=False,
    ),
    "layer-by-layer": Space(group_layers=1, leaf_loops=0, spill=False, recompute=False, resident=0),
}


def space_named(name: str) -> Space:
    """A space by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in SPACES:
        known = ", ".join(SPACES)
        raise InputError(f"expected a search space ({known}), found {name!r}", hint=close(name, SPACES))
    return SPACES[name]
