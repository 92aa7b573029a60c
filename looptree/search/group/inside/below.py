"""The memory levels below the buffer, as the layers of one segment see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from looptree.architecture import Architecture, Level
from looptree.model.inside.costs import price
from looptree.model.inside.fronts import Front
from looptree.model.inside.joint import Joint, Wanted
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Found
from looptree.model.inside.resolve import joint_of
from looptree.model.inside.tables import Memory
from looptree.search.group.goal.goal import Goal
from looptree.search.group.goal.prices import Sum, direct, straight_costs
from looptree.search.group.inside.floor import Floor
from looptree.workload import Einsum, Workload


def inner_levels(architecture: Architecture, level: str) -> list[str]:
    """The names of the memory levels below the buffer, outermost first."""
    return [known.name for known in architecture.levels[architecture.depth(level) + 1 :]]


Counts = tuple[int, int, int]
"""Operations of a layer, output points, and words of the output that enter for the first time."""


@dataclass(frozen=True, eq=False, slots=True)
class Shared:
    """What is known of the tiles of single layers, whatever segment they are in.

    Attributes:
        memory: of finders. found: nests, by what a tile is and what counts. fronts: of each level, by layer.
        floors: by layer and sum; `None` for layers without nests.
    """

    memory: Memory = field(default_factory=Memory)
    found: dict[object, list[Found]] = field(default_factory=dict)
    fronts: dict[object, list[list[Front]]] = field(default_factory=dict)
    floors: dict[object, Floor | None] = field(default_factory=dict)
    _goals: dict[Goal, int] = field(default_factory=dict)
    _sums: dict[tuple[Sum, ...], int] = field(default_factory=dict)

    def number(self, goal: Goal) -> int:
        """Of the sums of a goal, equal for goals with equal sums; quicker to look up than these."""
        if goal not in self._goals:
            self._goals[goal] = self._sums.setdefault(tuple(goal.sums), len(self._sums))
        return self._goals[goal]


class Below:
    """What nests are made of and judged by.

    Args:
        part: the segment. level: of the buffer. shared: between segments of one network.

    Attributes:
        outer: the buffer. levels: those below it, outermost first. direct: tensors that the buffer may not hold.
    """

    def __init__(self, part: Workload, architecture: Architecture, level: str, shared: Shared | None = None) -> None:
        self.part = part
        self.architecture = architecture
        self.outer: Level = architecture.level(level)
        self.levels: Sequence[Level] = architecture.levels[architecture.depth(level) + 1 :]
        self.direct = direct(part, self.outer)
        self.shared = Shared() if shared is None else shared
        self._counts: dict[int, bool] = {}

    def wanted(self, goal: Goal) -> list[Wanted]:
        """The sums of a goal."""
        return [Wanted(straight_costs(known, self.architecture.off_chip), known.steps) for known in goal.sums]

    def joint(self, leaf: Leaf, counts: Counts) -> Joint:
        """What finds the nests of a layer."""
        return joint_of(self.part, self.architecture, leaf, self.levels, counts, self.shared.memory)

    def places(self, einsum: Einsum) -> dict[str, Level]:
        """Where each tensor of a layer is above its nests."""
        used = (*einsum.reads, einsum.output.tensor)
        return {t: self.architecture.off_chip if t in self.direct else self.outer for t in used}

    def accessed(self, einsum: Einsum, counts: Counts, goal: Goal) -> list[float]:
        """What a layer without nests adds to each sum: all its operations access the buffer."""
        places, tensors, inner = self.places(einsum), self.part.tensors, self.levels[-1]
        known = [price(einsum, tensors, places, inner, counts, wanted.cost) for wanted in self.wanted(goal)]
        return [sum(one.bypassed.values()) for one in known]

    def counts(self, goal: Goal) -> bool:
        """Whether it matters to a goal which nests there are."""
        key = self.shared.number(goal)
        if key not in self._counts:
            matter = any(map(self.matters, self.wanted(goal)))
            self._counts[key] = matter or self.architecture.dataflow is not None
        return self._counts[key]

    def matters(self, wanted: Wanted) -> bool:
        """Whether it matters to a sum which nests there are."""
        bits = {tensor.bits for tensor in self.part.tensors.values()}
        ends = (*([self.architecture.off_chip] if self.direct else []), self.outer, *self.levels)
        return bool(wanted.steps) or any(any(wanted.cost(at, b)) for at in ends for b in bits)
