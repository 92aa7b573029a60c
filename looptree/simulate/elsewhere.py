"""Consumers that stand outside the chain in which an intermediate is produced.

They are served from what their siblings inside make the producer compute, so that they may ask for
nothing else.
"""

from __future__ import annotations

from looptree.errors import UnsupportedError
from looptree.simulate.inference import Run
from looptree.simulate.points import holds
from looptree.taxonomy.design import BoundChain, Design


def check_outer_consumers(run: Run) -> None:
    """Check that outer consumers ask only for what inner consumers ask for, at the same iteration.

    Iterations are those of the innermost chain that holds the outer consumer and the inner ones.

    Raises:
        UnsupportedError: an outer consumer needs more.
    """
    for tensor, production in run.productions.items():
        inner = run.consumers(production.chain, tensor)
        for consumer in run.design.workload.consumers(tensor):
            if consumer.name not in inner:
                shared = _shared(run.design, production.chain, consumer.name)
                _check(run, shared, tensor, inner, consumer.name)


def _shared(design: Design, chain: BoundChain, einsum: str) -> BoundChain:
    """The innermost chain that holds another chain and an Einsum."""
    return next(part for part in reversed(design.path(chain)) if einsum in part.einsums)


def _check(run: Run, shared: BoundChain, tensor: str, inner: list[str], outer: str) -> None:
    available = run.needs(shared, tensor, inner)
    for index, box in run.needs(shared, tensor, [outer]).items():
        if not holds(available[index], box):
            raise UnsupportedError(
                f"{outer!r} needs points of tensor {tensor!r} that {', '.join(map(repr, inner))} inside a nested "
                f"branch do not ask for at iteration {list(index)}",
                where="mapping",
                hint=f"move {outer!r} into the branch in which {tensor!r} is produced, or its producer out of it",
            )
