"""What a search of one group returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from looptree.model.inside.nest import Nest
from looptree.search.asked.loops import Rank
from looptree.search.asked.metrics import Totals
from looptree.search.group.own.streaming import Streaming
from looptree.search.group.patterns.branches import Neighbours
from looptree.taxonomy.group import GroupChoice


@dataclass(slots=True)
class Tally:
    """How much was looked at.

    Attributes:
        evaluated: designs (a tile shape of every loop, and places of the intermediates) of which every sum was
        computed. nodes: ranges of designs that were bounded. groups: searches of one group.
    """

    evaluated: int = 0
    nodes: int = 0
    groups: int = 0

    def add(self, other: Tally) -> None:
        """Count what another one counted, too."""
        self.evaluated += other.evaluated
        self.nodes += other.nodes
        self.groups += other.groups


@dataclass(frozen=True, slots=True)
class NestedDesign:
    """A nested branch of a design.

    Attributes:
        chosen: its layers. loops: rank and tile shape of each above it. retention: how many of these stand above the
        node of each tensor that is stored inside.
    """

    chosen: Neighbours
    loops: tuple[tuple[Rank, int], ...]
    retention: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GroupDesign:
    """A design of one group, without names of levels.

    Attributes:
        loops: rank and tile shape of the loops above the branch. retention: loops above the node of each tensor.
        spilled: intermediates that are written out. streaming: own loops per layer. dropped: overlap that is not kept.
        totals: what it takes. room: bytes on chip. pipeline: whether the layers work at once.
        pinned: the choice of the taxonomy that it is, if it was given. nests: loop nests at levels below the buffer,
            outermost first, by layer. nested: some of its layers below loops of their own.
    """

    loops: tuple[tuple[Rank, int], ...]
    retention: Mapping[str, int]
    spilled: frozenset[str]
    streaming: Mapping[str, Streaming]
    dropped: frozenset[str]
    totals: Totals
    room: float
    pipeline: bool = False
    pinned: GroupChoice | None = None
    nests: Mapping[str, tuple[Nest, ...]] = field(default_factory=dict)
    nested: NestedDesign | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search of one group proved.

    Attributes:
        design: the best one whose objective is below what was asked for, or `None`. value: its objective.
        bound: no design that fits has a smaller objective. thorough: whether no design was left for a thorough search.
    """

    design: GroupDesign | None
    value: float
    bound: float
    tally: Tally
    thorough: bool = True


@dataclass(frozen=True, slots=True)
class Collected:
    """Designs of one group none of which beats another.

    Attributes:
        designs: those. complete: whether they are all that keep what was asked for.
    """

    designs: tuple[GroupDesign, ...]
    complete: bool
    tally: Tally
