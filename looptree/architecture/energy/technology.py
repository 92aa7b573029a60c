"""From one technology node to another.

Source: N. Jouppi et al., Ten Lessons From Three Generations Shaped Google's TPUv4i, ISCA 2021, Table 2: energy per
operation at 45 nm (there from M. Horowitz, Computing's Energy Problem, ISSCC 2014) and at 7 nm. Confidence: the 45 nm
column is quoted in many places; the 7 nm column was not compared with the publication again.
Assumption: between and beyond these two nodes energies follow a power law of the node. Areas scale with the square of
the node, which is optimistic below 28 nm.
"""

from __future__ import annotations

from collections.abc import Iterator

from looptree.architecture.energy.estimate import outside, power_law

OLDEST_NM, NEWEST_NM = 45.0, 7.0

CACHE_PJ = {8: (10.0, 7.5), 32: (20.0, 8.5), 1024: (100.0, 14.0)}
"""Energy of a 64-bit access of a cache of so many KiB, at 45 and at 7 nm, in pJ."""


def between(oldest: float, newest: float, node_nm: float) -> float:
    """A value at a node from those at 45 and at 7 nm.

    >>> [round(between(20, 8.5, node), 2) for node in (45, 28, 7)]
    [20.0, 16.08, 8.5]
    """
    return power_law([(NEWEST_NM, newest), (OLDEST_NM, oldest)], node_nm)


def cache_pj(capacity_kib: float, node_nm: float) -> float:
    """Energy of a 64-bit access of a cache, in pJ: a power law of the capacity between the published ones."""
    points = [(float(size), between(*published, node_nm)) for size, published in CACHE_PJ.items()]
    return power_law(points, capacity_kib)


def checked_node(node_nm: float) -> Iterator[str]:
    """A warning if a node is outside the published ones."""
    return outside("technology", node_nm, NEWEST_NM, OLDEST_NM, "nm")
