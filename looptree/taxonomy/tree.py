"""The mapping tree: storage, loops, branches and computations, read from the outside in.

A chain is a run of storage nodes and loops that ends in a branch or in one computation; a branch
holds chains. These values check what can be checked without a workload; `taxonomy.binding` checks
the tree against a workload and an architecture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from looptree.display import Displayed
from looptree.errors import InputError

OVERLAPS = ("keep", "drop", "reload")
INSIDE = ("found", "written")


@dataclass(frozen=True, slots=True)
class RankRef:
    """A rank of a loop: `p` (of every sink below) or `conv2.p`."""

    rank: str
    einsum: str | None = None

    @classmethod
    def parse(cls, text: str) -> RankRef:
        """From `p` or `conv2.p`."""
        einsum, point, rank = text.rpartition(".")
        if not rank or (point and not einsum):
            raise InputError(f"expected a rank such as p or conv2.p, found {text!r}")
        return cls(rank, einsum or None)

    def __str__(self) -> str:
        return f"{self.einsum}.{self.rank}" if self.einsum else self.rank


@dataclass(frozen=True, slots=True)
class Storage:
    """Tensors kept at a memory level from here inwards.

    Attributes:
        level: name of the memory level.
        tensors: names of the tensors.
        overlap: `keep` what consecutive windows share, `drop` it, or `reload`: keep it while the branch that holds
            the node runs, and nothing from one run of that branch to the next.
        lifetime: they take space while the `branch` below runs, or each only from the first to the last of its
            `uses`: from the first of the chains that take turns below which reads or writes it to the last.
        line: of its file, for messages; 0 where there is none.
    """

    level: str
    tensors: tuple[str, ...]
    overlap: str = "keep"
    lifetime: str = "branch"
    line: int = field(default=0, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.overlap not in OVERLAPS:
            raise InputError(f"expected overlap keep, drop or reload, found {self.overlap!r}")
        if self.lifetime not in ("branch", "uses"):
            raise InputError(f"expected lifetime branch or uses, found {self.lifetime!r}")
        if not self.tensors:
            raise InputError(f"storage at {self.level!r} names no tensor")
        for tensor in self.tensors:
            if self.tensors.count(tensor) > 1:
                raise InputError(f"tensor {tensor!r} is named twice in one storage node at {self.level!r}")

    def __str__(self) -> str:
        dropped = {"keep": "", "drop": ", overlap dropped", "reload": ", reloaded"}[self.overlap]
        until = ", from first to last use" if self.lifetime == "uses" else ""
        return f"{self.level} keeps {', '.join(self.tensors)}{dropped}{until}"


@dataclass(frozen=True, slots=True)
class Temporal:
    """A loop.

    Attributes:
        ranks: that it tiles, one of each sink.
        tile: tile shape of the rank below it (the last tile may be smaller).
        line: of its file, for messages; 0 where there is none.
    """

    ranks: tuple[RankRef, ...]
    tile: int
    line: int = field(default=0, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if not self.ranks:
            raise InputError("a loop names no rank")
        if self.tile < 1:
            raise InputError(f"expected a tile of at least 1, found {self.tile!r}", where=f"loop over {self.label}")

    @property
    def label(self) -> str:
        """The ranks as text."""
        return ", ".join(map(str, self.ranks))

    def __str__(self) -> str:
        return f"for {self.label} in tiles of {self.tile}"


@dataclass(frozen=True, slots=True)
class Spatial(Temporal):
    """A loop whose steps run at once, on instances of what is below it.

    Attributes:
        axis: of the array, along which the instances lie.
    """

    axis: str

    def __str__(self) -> str:
        return f"at once for {self.label} in tiles of {self.tile} along {self.axis}"


@dataclass(frozen=True, slots=True)
class Compute:
    """A leaf: one Einsum.

    Attributes:
        inside: `found` where the loop nest at the memory levels below is to be found, `written` where it is not even
            if the architecture pins a dataflow; by default it is found if a dataflow is pinned.
        line: of its file, for messages; 0 where there is none.
    """

    einsum: str
    unit: str | None = None
    inside: str | None = None
    line: int = field(default=0, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.inside not in (None, *INSIDE):
            raise InputError(f"expected inside found or written, found {self.inside!r}", where=f"compute {self.einsum}")

    def __str__(self) -> str:
        return f"compute {self.einsum}" + (f" on {self.unit}" if self.unit else "")


@dataclass(frozen=True, slots=True)
class Split:
    """How the branches of a pipeline divide the compute units.

    Attributes:
        axis: what is divided: an axis of the array or of the cores, or a rank along which operations are done at once.
        shares: how much of it each branch gets; `None` leaves it to the model, which makes the slowest branch as fast
            as it can be and gives none more than that takes.
    """

    axis: str
    shares: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.shares is not None and min(self.shares, default=0) < 1:
            raise InputError(f"expected shares of at least 1, found {list(self.shares)}", where=f"split of {self.axis}")


@dataclass(frozen=True, slots=True)
class Branch:
    """Chains that take turns (`sequential`) or run at once on consecutive tiles (`pipeline`).

    Attributes:
        kind: which of the two. chains: from the first to the last.
        split: how the chains of a pipeline divide the compute units; `None`: each has all of them for itself.
    """

    kind: str
    chains: tuple[Chain, ...]
    split: Split | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("sequential", "pipeline"):
            raise InputError(f"expected sequential or pipeline, found {self.kind!r}")
        if not self.chains:
            raise InputError(f"a {self.kind} node without branches")
        if self.split is not None and self.kind != "pipeline":
            raise InputError(
                "branches that take turns do not divide the compute units", hint="each has all of them in its turn"
            )
        if self.split is not None and self.split.shares is not None and len(self.split.shares) != len(self.chains):
            raise InputError(
                f"expected one share for each of {len(self.chains)} branches, found {len(self.split.shares)}",
                where=f"split of {self.split.axis}",
            )

    def __str__(self) -> str:
        if self.split is None:
            return self.kind
        shares = "balanced" if self.split.shares is None else ", ".join(map(str, self.split.shares))
        return f"{self.kind}, {self.split.axis} divided: {shares}"


Inner = Storage | Temporal
Node = Storage | Temporal | Branch | Compute


@dataclass(frozen=True, slots=True)
class Chain:
    """Storage nodes and loops from the outside in, and the branch or computation they end in."""

    inner: tuple[Inner, ...]
    end: Branch | Compute

    @property
    def loops(self) -> tuple[Temporal, ...]:
        """The loops of this chain, outermost first."""
        return tuple(node for node in self.inner if isinstance(node, Temporal))

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains of the branch it ends in; none for a computation."""
        return self.end.chains if isinstance(self.end, Branch) else ()

    def einsums(self) -> Iterator[str]:
        """Names of the Einsums below, in order."""
        if isinstance(self.end, Compute):
            yield self.end.einsum
        for chain in self.chains:
            yield from chain.einsums()

    def walk(self) -> Iterator[Chain]:
        """This chain and all chains below, outside in."""
        yield self
        for chain in self.chains:
            yield from chain.walk()


@dataclass(frozen=True, slots=True)
class LoopTree(Displayed):
    """A mapping: the root chain and, where known, the file it came from."""

    root: Chain
    source: str = ""

    def einsums(self) -> tuple[str, ...]:
        """Names of all Einsums, in order."""
        return tuple(self.root.einsums())


class Lined(Protocol):
    """A node, or what became of it, that knows its line."""

    @property
    def line(self) -> int: ...


def where_of(node: Lined, what: str) -> str:
    """The place of a node in its file, for messages; `placed` says which file."""
    return f"line {node.line}: {what}" if node.line else f"mapping: {what}"


def placed(problem: InputError, source: str) -> InputError:
    """A problem of a mapping with the file that it came from, as editors read a place.

    >>> print(placed(InputError("there is no tensor 'A'", where="line 4: storage at GLB"), "m.yaml"))
    m.yaml:4: storage at GLB: there is no tensor 'A'
    """
    line = re.match(r"line (\d+)", problem.where)
    if line is None:
        return problem.at(source)
    where = f"{source}:{line[1]}{problem.where[line.end() :]}"
    return type(problem)(problem.problem, where=where, hint=problem.hint, guide=problem.guide)
