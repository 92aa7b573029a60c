"""Points and a small network for the tests of the sizing."""

from __future__ import annotations

from looptree import load_architecture, load_workload
from looptree.sizing.point import Group, Point

SMALL = load_architecture("small")
NETWORK = load_workload("conv_conv", channels=2, resolution=4)


def point(
    capacity: int,
    value: float,
    *groups: Group,
    bound: float | None = None,
    resident: tuple[str, ...] = (),
    recomputed: int = 0,
) -> Point:
    """A point with nothing else to say."""
    return Point(
        capacity_bytes=capacity,
        value=value,
        bound=value if bound is None else bound,
        status="optimal" if bound is None else "feasible",
        demand_bytes=capacity,
        offchip_bytes=int(value),
        energy_pj=2 * value,
        latency_cycles=3 * value,
        operations=1000,
        recomputed=recomputed,
        groups=groups,
        resident=resident,
    )


def group(*layers: str, whole: tuple[str, ...] = (), recomputing: tuple[str, ...] = ()) -> Group:
    """A fusion group."""
    return Group(layers, whole, recomputing)
