"""A published design as a point of the taxonomy: choices that name roles instead of one workload's layers.

A point says which layers are fused, which ranks are partitioned in which order, how deep each kind of
tensor is stored, what happens to overlap, and whether layers take turns. `points.apply_point` turns it
into the mapping of a workload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from looptree.documents import Node, check_kind, read_document
from looptree.errors import InputError, guided, nearest
from looptree.workload.einsum import MAX_EXTENT

KINDS = ("input", "weight", "intermediate", "output")
FUSE = ("all", "each", "chain", "first")
CONFIDENCE = ("primary", "secondary", "derived", "unconfirmed")
KEYS = (
    "name", "source", "year", "confidence", "fixes", "assumes", "parameters", "fuse", "layers", "loops", "retention",
    "overlap", "not_retained", "parallelism",
)  # fmt: skip
PARAMETER_KEYS = ("default", "meaning")
LOOP_KEYS = ("rank", "tile", "parts", "optional")
REQUIRED = ("name", "source", "year", "confidence", "fixes", "fuse", "retention")

Amount = int | str
"""A whole number, or the name of a parameter."""


@dataclass(frozen=True, slots=True)
class PointLoop:
    """One loop of a point.

    Attributes:
        ranks: names that the rank may have, first match wins.
        amount: the tile shape, or the number of parts.
        in_parts: `amount` is a number of parts: the tile is the extent divided by it, rounded up.
        optional: left out where a sink has none of the ranks.
    """

    ranks: tuple[str, ...]
    amount: Amount
    in_parts: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Point:
    """A published design.

    Attributes:
        name: what it is called here.
        source: the publication.
        year: of the publication.
        confidence: how the choices are known: read in the `primary` text, quoted by a `secondary` one,
            `derived` from published numbers that they reproduce, or `unconfirmed`.
        fixes: what the publication decides.
        assumes: what was filled in here.
        parameters: defaults of the numbers that may be chosen.
        fuse: `all` layers in one group, `each` alone, every `chain` of layers that feed only each other, or
            the `first` layers in one group and the others alone.
        layers: how many layers the first group has, with `fuse: first`.
        loops: above the branch, outermost first.
        retention: per kind of tensor the rank of the loop below which it is stored; `None` keeps it whole.
        drop: kinds of tensors that keep nothing of their overlap.
        refetch: intermediates also stand off chip; what is not retained is read again, not computed again.
        parallelism: `sequential` or `pipeline`.
    """

    name: str
    source: str
    year: int
    confidence: str
    fixes: str
    fuse: str
    retention: Mapping[str, str | None]
    assumes: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    layers: Amount = 1
    loops: tuple[PointLoop, ...] = ()
    drop: frozenset[str] = frozenset()
    refetch: bool = False
    parallelism: str = "sequential"

    def __post_init__(self) -> None:
        object.__setattr__(self, "retention", MappingProxyType(dict(self.retention)))
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        where = f"point {self.name!r}"
        ranks = [rank for loop in self.loops for rank in loop.ranks]
        for rank in ranks:
            if ranks.count(rank) > 1:
                raise InputError(f"rank {rank!r} is named twice in the loops", where=where)
        for kind, below in self.retention.items():
            if below is not None and below not in ranks:
                problem = f"{kind} is retained below {below!r}, which is no loop"
                raise InputError(problem, where=where, hint=nearest(below, ranks))
        for amount in (self.layers, *(loop.amount for loop in self.loops)):
            if isinstance(amount, str) and amount not in self.parameters:
                raise InputError(f"{amount!r} is no parameter", where=where, hint=nearest(amount, self.parameters))

    def values(self, given: Mapping[str, object]) -> dict[str, int]:
        """All parameters: those given, and the defaults of the others.

        Raises:
            InputError: an unknown parameter, or a value that is not a whole number of at least 1.
        """
        where = f"point {self.name!r}"
        values = dict(self.parameters)
        for name, value in given.items():
            if name not in self.parameters:
                raise InputError(f"there is no parameter {name!r}", where=where, hint=nearest(name, self.parameters))
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"expected {name} of at least 1 (a whole number), found {value!r}", where=where)
            values[name] = value
        return values


def read_point(path: str | Path) -> Point:
    """Read a point from a YAML file.

    Raises:
        InputError: naming file, line and key.
    """
    return point_from_node(read_document(path))


@guided("taxonomy/README.md")
def point_from_node(node: Node) -> Point:
    """A point from a parsed document.

    Raises:
        InputError: naming file, line and key.
    """
    check_kind(node, "fuse")
    fields = node.mapping(known=KEYS, required=REQUIRED)
    fuse = fields["fuse"].choice(FUSE)
    if ("layers" in fields) != (fuse == "first"):
        raise fields.get("layers", fields["fuse"]).error("'layers' goes with 'fuse: first'")
    overlap = fields["overlap"].mapping(known=KINDS) if "overlap" in fields else {}
    parameters = fields["parameters"].mapping() if "parameters" in fields else {}
    try:
        return Point(
            name=fields["name"].text(),
            source=fields["source"].prose(),
            year=fields["year"].integer("a year", least=1900, most=2100),
            confidence=fields["confidence"].choice(CONFIDENCE),
            fixes=fields["fixes"].prose(),
            assumes=fields["assumes"].prose() if "assumes" in fields else "",
            parameters={name: _default(item) for name, item in parameters.items()},
            fuse=fuse,
            layers=_amount(fields["layers"], "a number of layers") if "layers" in fields else 1,
            loops=tuple(_loop(item) for item in fields["loops"].sequence()) if "loops" in fields else (),
            retention={kind: _below(item) for kind, item in fields["retention"].mapping(known=KINDS).items()},
            drop=frozenset(kind for kind, item in overlap.items() if item.choice(("keep", "drop")) == "drop"),
            refetch="not_retained" in fields and fields["not_retained"].choice(("recompute", "refetch")) == "refetch",
            parallelism=fields["parallelism"].choice(("sequential", "pipeline"))
            if "parallelism" in fields
            else "sequential",
        )
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(node.where) from None


def _default(node: Node) -> int:
    keys = node.mapping(known=PARAMETER_KEYS, required=PARAMETER_KEYS)
    return keys["default"].integer("a default", most=MAX_EXTENT)


def _amount(node: Node, what: str) -> Amount:
    return node.text() if isinstance(node.value, str) else node.integer(what, most=MAX_EXTENT)


def _loop(node: Node) -> PointLoop:
    keys = node.mapping(known=LOOP_KEYS, required=("rank",))
    if ("tile" in keys) == ("parts" in keys):
        raise node.error("expected either tile or parts")
    in_parts = "parts" in keys
    amount = _amount(keys["parts" if in_parts else "tile"], "a number of parts" if in_parts else "a tile shape")
    optional = "optional" in keys and keys["optional"].boolean()
    return PointLoop(tuple(keys["rank"].texts()), amount, in_parts, optional)


def _below(node: Node) -> str | None:
    text = node.text()
    if text == "whole":
        return None
    word, _, rank = text.partition(" ")
    if word != "below" or not rank.strip():
        raise node.expected("whole, or below and the rank of a loop (such as: below p)")
    return rank.strip()
