"""An extended Einsum: one layer as a loop over named ranks.

`F2[m,p,q] = F1[c,2*p+r,2*q+s] * W1[m,c,r,s]` reads each tensor dimension through an affine
projection of ranks. A rank that the output does not index is reduced over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from looptree.errors import InputError, nearest
from looptree.workload.affine import Affine, Interval

MAX_EXTENT = 2**40
MAX_COORDINATE = 2**52
MAX_OPERATIONS = 2**100


@dataclass(frozen=True, slots=True)
class Access:
    """A tensor as an Einsum reads or writes it: one affine projection per dimension."""

    tensor: str
    projection: tuple[Affine, ...]

    @property
    def ranks(self) -> frozenset[str]:
        """Every rank that indexes the tensor."""
        return frozenset(rank for form in self.projection for rank in form.ranks)

    def __str__(self) -> str:
        return f"{self.tensor}[{','.join(map(str, self.projection))}]"


@dataclass(frozen=True)
class Einsum:
    """One layer.

    Attributes:
        name: unique in its workload.
        ranks: extent of each rank.
        inputs: accesses that are read, once per operation each.
        output: the access that is written.
        operation: what one operation is: `mac`, `max`, `add`, `exp`, ... (the key of its cost).

    >>> from looptree.workload.expression import parse_expression
    >>> out, ins, op = parse_expression("C[m,n] = A[m,k] * B[k,n]")
    >>> e = Einsum("fc", {"m": 4, "n": 3, "k": 2}, ins, out, op)
    >>> e.operations, e.reduction_ranks
    (24, ('k',))
    """

    name: str
    ranks: Mapping[str, int]
    inputs: tuple[Access, ...]
    output: Access
    operation: str = "mac"
    layer: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", MappingProxyType(dict(self.ranks)))
        where = f"einsum {self.name!r}"
        for rank, extent in self.ranks.items():
            if isinstance(extent, bool) or not isinstance(extent, int):
                raise InputError(f"expected a whole number as extent of rank {rank!r}, found {extent!r}", where=where)
            if not 1 <= extent <= MAX_EXTENT:
                raise InputError(
                    f"expected an extent from 1 to {MAX_EXTENT} for rank {rank!r}, found {extent}",
                    where=where,
                )
        if self.operations > MAX_OPERATIONS:
            raise InputError("expected at most 2^100 operations, found more", where=where)
        used = self.output.ranks.union(*(a.ranks for a in self.inputs))
        for rank in sorted(used - set(self.ranks)):
            raise InputError(
                f"rank {rank!r} is used in the expression but has no extent",
                where=where,
                hint=nearest(rank, self.ranks) if self.ranks else "add it under ranks",
            )
        for rank in self.ranks:
            if rank not in used:
                raise InputError(
                    f"rank {rank!r} has an extent but the expression does not use it",
                    where=where,
                    hint=nearest(rank, sorted(used)),
                )
        for access in (*self.inputs, self.output):
            for form in access.projection:
                low, high = form.hull(self.box)
                if max(abs(low), abs(high)) > MAX_COORDINATE:
                    raise InputError(
                        f"{access} reaches coordinate {max(abs(low), abs(high))}; at most {MAX_COORDINATE}",
                        where=where,
                    )

    @cached_property
    def box(self) -> dict[str, Interval]:
        """The whole rank space."""
        return {rank: Interval(0, extent) for rank, extent in self.ranks.items()}

    @property
    def operations(self) -> int:
        """Operations of the whole layer: the product of all rank extents."""
        return math.prod(self.ranks.values())

    @property
    def reduction_ranks(self) -> tuple[str, ...]:
        """Ranks that the output does not index."""
        return tuple(rank for rank in self.ranks if rank not in self.output.ranks)

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tensors that are read, each once."""
        return tuple(dict.fromkeys(access.tensor for access in self.inputs))

    @property
    def expression(self) -> str:
        """The Einsum as text, as the reader accepts it."""
        return f"{self.output} = {' * '.join(map(str, self.inputs))}"

    def __reduce__(self) -> tuple[object, ...]:
        return Einsum, (self.name, dict(self.ranks), self.inputs, self.output, self.operation, self.layer)
