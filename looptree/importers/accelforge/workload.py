"""Workloads: `workload:` with `einsums`, as text or with `tensor_accesses`.

Assumptions: rank variables begin at 0 and run to the bound in `iteration_space_shape`, or to the size of the rank that
they index alone; a tensor has the sizes of its ranks, and what is read beyond is padding; the inputs of an Einsum are
multiplied unless its text says otherwise. Persistence and names of tensors for the mapper have no meaning here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from looptree.documents import Node
from looptree.importers.accelforge.expressions import extent, tensors_of, variable_range
from looptree.importers.looptree_yaml.nodes import made
from looptree.workload.expression import parse_affine

_WORKLOAD = (
    "version",
    "rank_sizes",
    "iteration_space_shape",
    "shape",
    "bits_per_value",
    "persistent_tensors",
    "einsums",
)
_EINSUM = ("name", "einsum", "tensor_accesses", "iteration_space_shape", "shape", "renames", "is_copy_operation")
_ACCESS = ("name", "projection", "output", "bits_per_value", "persistent")
_TEXT = re.compile(r"([A-Za-z_]\w*)\s*\[([^\[\]]*)\]")
_INDEX = re.compile(r"(?:([A-Za-z_]\w*)\s*:)?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Access:
    """A tensor in an Einsum: the rank and the index of each of its dimensions."""

    tensor: str
    ranks: tuple[str, ...]
    indices: tuple[str, ...]
    is_output: bool
    bits: int | None

    def __str__(self) -> str:
        return f"{self.tensor}[{','.join(self.indices)}]"


@dataclass(frozen=True, slots=True)
class _Einsum:
    name: str
    accesses: tuple[_Access, ...]
    expression: str
    ranges: Mapping[str, int]
    is_copy: bool
    node: Node

    @property
    def inputs(self) -> tuple[_Access, ...]:
        return tuple(access for access in self.accesses if not access.is_output)

    @property
    def output(self) -> _Access:
        return next(access for access in self.accesses if access.is_output)

    def variables(self) -> list[str]:
        """All rank variables, those of the output first."""
        forms = [parse_affine(index) for access in (self.output, *self.inputs) for index in access.indices]
        return list(dict.fromkeys(name for form in forms for name, _ in form.terms))


def workload_document(document: Node) -> Node:
    """The workload of a document in our own format.

    Raises:
        InputError: naming file, line and key of a mistake, or of what cannot be represented.
    """
    top = document.mapping()
    body = top["workload"]
    fields = body.mapping(known=_WORKLOAD, required=("einsums",))
    sizes = {
        rank: extent(node, f"the size of rank {rank}") for rank, node in _entries(fields.get("rank_sizes")).items()
    }
    ranges = _ranges(fields)
    einsums = [_einsum(entry) for entry in fields["einsums"].sequence()]
    if not einsums:
        raise fields["einsums"].error("expected at least one Einsum, found none")
    extents = [_extents(einsum, sizes, ranges) for einsum in einsums]
    tensors = _tensors(einsums, extents, sizes, fields.get("bits_per_value"))
    entries = [
        {"name": e.name, "expression": e.expression, "ranks": found, **_operation(e)}
        for e, found in zip(einsums, extents, strict=True)
    ]
    placed = [made(entry, e.node) for entry, e in zip(entries, einsums, strict=True)]
    return made({"einsums": placed, "tensors": tensors}, body)


def _entries(node: Node | None) -> dict[str, Node]:
    return {} if node is None or node.value is None else node.mapping()


def _ranges(fields: Mapping[str, Node]) -> dict[str, int]:
    """Rank variables with bounds of their own, by name."""
    node = fields.get("iteration_space_shape", fields.get("shape"))
    if node is None or node.value is None:
        return {}
    entries = node.sequence() if isinstance(node.value, list) else list(node.mapping().values())
    return dict(variable_range(entry) for entry in entries)


def _einsum(node: Node) -> _Einsum:
    if isinstance(node.value, str):
        return _from_text(node, node, {}, is_copy=False)
    fields = node.mapping(known=_EINSUM)
    is_copy = fields["is_copy_operation"].boolean() if "is_copy_operation" in fields else False
    ranges = _ranges(fields)
    if "einsum" in fields:
        return _from_text(fields["einsum"], node, ranges, is_copy=is_copy)
    for key in ("name", "tensor_accesses"):
        if key not in fields:
            raise node.error(f"key {key!r} is missing")
    accesses = tuple(_access(entry) for entry in fields["tensor_accesses"].sequence())
    outputs = [access for access in accesses if access.is_output]
    if len(outputs) != 1 or len(accesses) < 2:
        problem = f"expected inputs and one output, found {len(accesses)} tensors and {len(outputs)} outputs"
        raise fields["tensor_accesses"].error(problem)
    inputs = " * ".join(str(access) for access in accesses if not access.is_output)
    return _Einsum(fields["name"].text(), accesses, f"{outputs[0]} = {inputs}", ranges, is_copy, node)


def _from_text(text: Node, node: Node, ranges: Mapping[str, int], *, is_copy: bool) -> _Einsum:
    """An Einsum that is written out: `A[b, H: 2*p + r] = ...`; it is called as its output."""
    left, sign, right = text.prose().partition("=")
    accesses: list[_Access] = []

    def plain(match: re.Match[str], *, is_output: bool) -> str:
        pairs = [_INDEX.fullmatch(part.strip()) for part in match[2].split(",")] if match[2].strip() else []
        named = [(pair[1], pair[2].strip()) for pair in pairs if pair is not None]
        access = _made_access(match[1], named, is_output=is_output, bits=None, node=text)
        accesses.append(access)
        return str(access)

    expression = _TEXT.sub(lambda m: plain(m, is_output=True), left)
    expression += sign + _TEXT.sub(lambda m: plain(m, is_output=False), right)
    if not sign or len([a for a in accesses if a.is_output]) != 1 or len(accesses) < 2:
        raise text.expected("an Einsum such as C[m, n] = A[m, k] * B[k, n]")
    return _Einsum(accesses[0].tensor, tuple(accesses), expression, ranges, is_copy, node)


def _access(node: Node) -> _Access:
    fields = node.mapping(known=_ACCESS, required=("name", "projection"))
    projection = fields["projection"]
    if isinstance(projection.value, list):
        named: list[tuple[str | None, str]] = [(None, _index(entry)) for entry in projection.value]
    else:
        named = [(rank, _index(entry)) for rank, entry in projection.mapping().items()]
    is_output = fields["output"].boolean() if "output" in fields else False
    bits = extent(fields["bits_per_value"], "bits per value") if "bits_per_value" in fields else None
    return _made_access(fields["name"].text(), named, is_output=is_output, bits=bits, node=projection)


def _index(node: Node) -> str:
    return str(node.value) if isinstance(node.value, int) else node.prose()


def _made_access(
    tensor: str, named: list[tuple[str | None, str]], *, is_output: bool, bits: int | None, node: Node
) -> _Access:
    forms = [parse_affine(index, node.where) for _, index in named]
    ranks = [
        rank or ("".join(name.upper() for name, _ in form.terms) if len(form.terms) == 1 else "")
        for (rank, _), form in zip(named, forms, strict=True)
    ]
    return _Access(tensor, tuple(ranks), tuple(str(form) for form in forms), is_output, bits)


def _extents(einsum: _Einsum, sizes: Mapping[str, int], ranges: Mapping[str, int]) -> dict[str, int]:
    """The extent of every rank variable of an Einsum."""
    found: dict[str, int] = {}
    for access in einsum.accesses:
        for rank, index in zip(access.ranks, access.indices, strict=True):
            if index.isidentifier() and rank in sizes:
                found[index] = min(found.get(index, sizes[rank]), sizes[rank])
    known = {**found, **ranges, **einsum.ranges}
    missing = [name for name in einsum.variables() if name not in known]
    if missing:
        hint = (
            f"iteration_space_shape: {{{missing[0]}: 0 <= {missing[0]} < 8}}, or the size of the rank that it indexes"
        )
        raise einsum.node.error(f"rank variable {missing[0]!r} of Einsum {einsum.name!r} has no bound", hint)
    return {name: known[name] for name in einsum.variables()}


def _tensors(
    einsums: list[_Einsum], extents: list[dict[str, int]], sizes: Mapping[str, int], bits: Node | None
) -> dict[str, dict[str, Any]]:
    """Shapes, where ranks have sizes, and widths."""
    found: dict[str, dict[str, Any]] = {}
    reach: dict[str, list[int]] = {}
    for einsum, ranks in zip(einsums, extents, strict=True):
        for access in einsum.accesses:
            own = [
                sizes.get(rank) or _reach(index, ranks)
                for rank, index in zip(access.ranks, access.indices, strict=True)
            ]
            other = reach.get(access.tensor, own)
            if len(other) != len(own):
                raise einsum.node.error(
                    f"tensor {access.tensor!r} has {len(own)} dimensions here and {len(other)} elsewhere"
                )
            reach[access.tensor] = [max(a, b) for a, b in zip(own, other, strict=True)]
    widths = _widths(einsums, bits)
    for tensor, shape in reach.items():
        found[tensor] = {**({"shape": shape} if shape else {}), "bits": widths[tensor]}
    return found


def _reach(index: str, ranks: Mapping[str, int]) -> int:
    form = parse_affine(index)
    return 1 + form.constant + sum(factor * (ranks[name] - 1) for name, factor in form.terms if factor > 0)


def _widths(einsums: list[_Einsum], bits: Node | None) -> dict[str, int]:
    """Bits per value of every tensor: of its accesses, or of the sets that it is in; 8 where nothing is said."""
    produced = {einsum.output.tensor for einsum in einsums}
    consumed = {access.tensor for einsum in einsums for access in einsum.inputs}
    everything = frozenset(produced | consumed)
    sets = {
        "All": everything,
        "Inputs": everything - produced,
        "Outputs": everything - consumed,
        "Intermediates": frozenset(produced & consumed),
        "Nothing": frozenset[str](),
    }
    widths = dict.fromkeys(everything, 8)
    for expression, node in _entries(bits).items():
        for tensor in tensors_of(expression, node, sets):
            widths[tensor] = extent(node, "bits per value")
    for einsum in einsums:
        for access in einsum.accesses:
            if access.bits is not None:
                widths[access.tensor] = access.bits
    return widths


def _operation(einsum: _Einsum) -> dict[str, str]:
    """A copy costs no computation; any other function of one input, which may be reduced, does."""
    if einsum.is_copy:
        return {"operation": "copy"}
    reduces = len(einsum.variables()) > len(
        {name for index in einsum.output.indices for name, _ in parse_affine(index).terms}
    )
    return {"operation": "reduce" if reduces else "apply"} if len(einsum.inputs) == 1 else {}
