"""Consumers that stand outside the chain in which an intermediate is produced.

They are served from what their siblings inside make the producer compute, so that they may ask for
nothing else.
"""

from __future__ import annotations

import math

from looptree.errors import UnsupportedError
from looptree.simulate.inference import Production, Run
from looptree.simulate.points import Box, Index, holds, hull, union
from looptree.taxonomy.design import BoundChain, Design


def check_outer_consumers(run: Run) -> None:
    """Check that outer consumers ask only for what inner consumers ask for, at the same iteration.

    What leaves the workload, or is asked for outside, must have no gaps between the tiles inside. Iterations are those
    of the innermost chain that holds the outer consumer and the inner ones.

    Raises:
        UnsupportedError: an outer consumer needs more.
    """
    for tensor, production in run.productions.items():
        inner = run.consumers(production.chain, tensor)
        if tensor in run.design.workload.outputs or len(inner) < len(run.design.workload.consumers(tensor)):
            _check_without_gaps(production, tensor)
        for consumer in run.design.workload.consumers(tensor):
            if consumer.name not in inner:
                shared = _shared(run.design, production.chain, consumer.name)
                _check(run, shared, tensor, inner, consumer.name)


def _check_without_gaps(production: Production, tensor: str) -> None:
    asked = hull(production.required.values())
    made = union(list(production.made.values())).size
    if len(production.required) > 1 and asked is not None and made < math.prod(side.size for side in asked):
        raise UnsupportedError(
            f"tensor {tensor!r} is needed outside of its group, but the tiles inside leave out points of it",
            where="mapping",
            hint="use larger tiles, or compute it in a group of its own",
        )


def _shared(design: Design, chain: BoundChain, einsum: str) -> BoundChain:
    """The innermost chain that holds another chain and an Einsum."""
    return next(part for part in reversed(design.path(chain)) if einsum in part.einsums)


def _check(run: Run, shared: BoundChain, tensor: str, inner: list[str], outer: str) -> None:
    asked: dict[Index, list[Box | None]] = {}
    for index, part in run.productions[tensor].required.items():
        asked.setdefault(index[: shared.depth], []).append(part)
    for index, box in run.needs(shared, tensor, [outer]).items():
        if not holds(hull(asked.get(index, [])), box):
            raise UnsupportedError(
                f"{outer!r} needs points of tensor {tensor!r} that {', '.join(map(repr, inner))} inside a nested "
                f"branch do not ask for at iteration {list(index)}",
                where="mapping",
                hint=f"move {outer!r} into the branch in which {tensor!r} is produced, or its producer out of it",
            )
