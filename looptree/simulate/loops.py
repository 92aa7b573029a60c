"""Stepping through the loops of one chain.

A loop steps through the hull of its rank over the operations that are left at this point, from the
lower end. A sink that a loop does not name takes part in its first step only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looptree.simulate.points import NOTHING, Index, Numbers
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import Loop


def steps(
    loops: tuple[Loop, ...], operations: Mapping[str, Numbers], tables: Tables
) -> Iterator[tuple[Index, dict[str, Numbers]]]:
    """All iterations of the loops, outermost slowest, with the operations of each sink there.

    Args:
        loops: outermost first.
        operations: by sink, what the loops cut into pieces.
        tables: where operations are looked up.
    """
    tables.budget.spend(1 + sum(part.size for part in operations.values()))
    if not loops:
        yield (), dict(operations)
        return
    pieces = {sink: _pieces(loops[0], sink, part, tables) for sink, part in operations.items()}
    for step in range(max(len(parts) for parts in pieces.values())):
        now = {sink: parts[step] if step < len(parts) else NOTHING for sink, parts in pieces.items()}
        for inner, left in steps(loops[1:], now, tables):
            yield (step, *inner), left


def _pieces(loop: Loop, sink: str, part: Numbers, tables: Tables) -> list[Numbers]:
    """What a sink does at each step of a loop, as far as it has something to do."""
    rank = dict(loop.ranks).get(sink)
    if rank is not None:
        return tables.operations[sink].cut(rank, loop.tile, part)
    return [part] if part.size else []
