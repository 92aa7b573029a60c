"""How large a buffer has to be: which capacities are asked for, and in which order.

Capacities are powers of two (or `per_doubling` steps to each), from the one at which nothing more is gained downwards.
Between two of them the smallest capacity that is good enough is found by bisection, which needs no optimum, only
whether a plan is below a value or no plan is. What does not depend on another answer is searched side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from looptree.architecture import Architecture
from looptree.display import Displayed
from looptree.search import SPACES, Space
from looptree.sizing.cache import Memory
from looptree.sizing.kind import Asked, Clock, Curve, Question, Step, follow, steps, together
from looptree.sizing.point import Point
from looptree.units import format_size
from looptree.workload import Workload

FUSED, ALONE = "fused", "layer_by_layer"
SHARES = (0.0, 0.01, 0.05, 0.1)
"""How far from the minimum an answer may be, as shares of it."""

_FUSING: dict[str, Any] = {
    "group_layers": 1,
    "chain_layers": 1,
    "joined_pairs": 0,
    "leaf_loops": 0,
    "pieces": 0,
    "spill": False,
    "recompute": False,
    "pipeline": False,
    "nested": 0,
    "resident": 0,
    "resident_inputs": 0,
}
"""Settings of a space that change nothing in the designs of single layers."""

DEPTH = 8
"""The curve goes down to this fraction of the capacity at which nothing more is gained, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Sizing(Displayed):
    """A network in buffers of all sizes.

    Attributes:
        network, architecture, buffer: names. objective, space: what was searched.
        smallest_bytes: the smallest buffer in which every layer has a design.
        fused, layer_by_layer: points by capacity, smallest first.
        fused_probes, layer_by_layer_probes: capacities between them of which only a bound had to be known.
    """

    network: str
    architecture: str
    buffer: str
    objective: str
    space: Space
    smallest_bytes: int
    fused: tuple[Point, ...]
    layer_by_layer: tuple[Point, ...]
    fused_probes: tuple[Point, ...]
    layer_by_layer_probes: tuple[Point, ...]

    def __repr__(self) -> str:
        sizes = ", ".join(format_size(point.capacity_bytes) for point in self.fused)
        return f"Sizing({self.network} on {self.architecture}, least {self.objective} with a {self.buffer} of {sizes})"


def size(
    workload: Workload,
    architecture: Architecture,
    *,
    objective: str = "offchip",
    space: Space | str | None = None,
    capacities: Sequence[int] = (),
    per_doubling: int = 1,
    least: int | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    memory: Memory | None = None,
    progress: Callable[[Step], None] | None = None,
) -> Sizing:
    """The least objective of a network against the capacity of the buffer, fused and layer by layer.

    Args:
        workload: the network. architecture: its capacity of the buffer does not matter.
        objective: `offchip`, `energy`, `latency` or `operations`.
        space: of the fused plans, or its name; the default one by default.
        capacities: in bytes, instead of powers of two.
        per_doubling: capacities per doubling. least: where the powers of two end, in bytes.
        seconds: limit of one search. workers: processes, as for `search`.
        memory: keeps finished points and knows earlier ones; nothing is kept by default.
        progress: called before each search.

    Raises:
        InfeasibleError: a layer has no design at all, or does not fit a capacity that was asked for.
        InputError: the architecture has no on-chip level, or the objective is not known.
    """
    wanted = Asked(objective, Space.of(space), tuple(capacities), per_doubling, least, seconds, workers)
    clock = Clock(progress)
    kept = memory or Memory()
    alone_space = replace(SPACES["layer-by-layer"], lone_loops=wanted.space.lone_loops)
    fused = Curve(FUSED, workload, architecture, wanted, kept, clock)
    beside = fused if replace(wanted.space, **_FUSING) == replace(alone_space, **_FUSING) else None
    alone = Curve(ALONE, workload, architecture, replace(wanted, space=alone_space), kept, clock, beside)
    with fused, alone:
        smallest = fused.smallest()
        grid = list(wanted.capacities)
        if not grid:
            follow(curve.descend(smallest) for curve in (fused, alone))
            lowest = max(smallest, wanted.least or fused.end // DEPTH)
            grid = [smallest, *(c for c in steps(max(fused.end, alone.end), wanted.per_doubling) if c >= lowest)]
        together([Question(curve, c) for c in sorted(set(grid), reverse=True) for curve in (alone, fused)])
        follow(curve.narrow(share) for curve in (alone, fused) for share in SHARES)
        return Sizing(
            network=workload.name,
            architecture=architecture.name,
            buffer=fused.level,
            objective=wanted.objective,
            space=wanted.space,
            smallest_bytes=smallest,
            fused=fused.shown(grid),
            layer_by_layer=alone.shown(grid),
            fused_probes=fused.probes(grid),
            layer_by_layer_probes=alone.probes(grid),
        )
