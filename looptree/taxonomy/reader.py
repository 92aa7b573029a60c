"""Reading a mapping tree from YAML and writing it back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from looptree.documents import Node, check_kind, read_document
from looptree.errors import InputError, guided, nearest
from looptree.taxonomy.tree import (
    INSIDE,
    OVERLAPS,
    Branch,
    Chain,
    Compute,
    Inner,
    LoopTree,
    RankRef,
    Spatial,
    Split,
    Storage,
    Temporal,
)
from looptree.workload.einsum import MAX_EXTENT

NODE_KEYS = {
    "storage": ("level", "tensors", "overlap", "lifetime"),
    "temporal": ("rank", "tile"),
    "spatial": ("rank", "tile", "axis"),
    "compute": ("einsum", "unit", "inside"),
}
REQUIRED = {**NODE_KEYS, "storage": ("level", "tensors"), "compute": ("einsum",)}
"""Keys of the nodes that are no branches."""
_KINDS = (*NODE_KEYS, "sequential", "pipeline")
SPLIT_KEYS = ("axis", "shares", "branches")
PARAMETER_KEYS = ("default", "meaning")
KEYS = ("mapping", "parameters", "plan", "name", "description", "source", "year")

Values = Mapping[str, int]
"""What the parameters of a mapping are."""


def read_mapping(path: str | Path, /, **parameters: int) -> LoopTree:
    """Read a mapping file (`mapping:` followed by a list of nodes); a section `plan` is for `plan_file.read_plan`.

    Args:
        path: the file.
        parameters: values of the parameters of the mapping that differ from their defaults.
    """
    return mapping_from_node(read_document(path), **parameters)


@guided("formats.md#mapping")
def mapping_from_node(node: Node, **parameters: int) -> LoopTree:
    """A mapping from a parsed document.

    Raises:
        InputError: naming file, line and key.
    """
    check_kind(node, "mapping")
    fields = node.mapping(known=KEYS, required=("mapping",))
    values = mapping_parameters(node)
    for name in parameters:
        if name not in values:
            hint = nearest(name, values) or "it has none"
            raise InputError(f"the mapping has no parameter {name!r}", where=node.file, hint=hint)
    return LoopTree(_chain(fields["mapping"], values | parameters), node.file)


def mapping_parameters(node: Node) -> dict[str, int]:
    """The parameters that a mapping document declares, with their defaults.

    >>> from looptree.documents import parse_document
    >>> mapping_parameters(parse_document("parameters: {rows: {default: 4, meaning: rows per step}}"))
    {'rows': 4}
    """
    section = node.mapping().get("parameters")
    found = {}
    for name, item in section.mapping().items() if section is not None else ():
        keys = item.mapping(known=PARAMETER_KEYS, required=PARAMETER_KEYS)
        found[name] = keys["default"].integer("a default", most=MAX_EXTENT)
    return found


def _chain(node: Node, values: Values) -> Chain:
    items = node.sequence()
    if not items:
        raise node.error("expected nodes, found an empty list", "a chain ends in a branch or a compute node")
    inner: list[Inner] = []
    for position, item in enumerate(items):
        kind, body = _kind(item)
        last = position == len(items) - 1
        if kind in ("sequential", "pipeline", "compute"):
            if not last:
                raise item.error(f"nodes follow after {kind}", "put them before it, or inside its branches")
            return Chain(tuple(inner), _end(kind, body, values))
        inner.append(_inner(kind, body, values))
    raise items[-1].error(
        f"the chain ends in {_kind(items[-1])[0]}", "it has to end in sequential, pipeline or compute"
    )


def _kind(item: Node) -> tuple[str, Node]:
    fields = item.mapping()
    if len(fields) != 1:
        raise item.expected("one node kind, such as {storage: ...}", f"known: {', '.join(_KINDS)}")
    kind, body = next(iter(fields.items()))
    if kind not in _KINDS:
        raise body.error(f"unknown node kind {kind!r}", nearest(kind, _KINDS))
    return kind, body


def _inner(kind: str, body: Node, values: Values) -> Inner:
    try:
        keys = body.mapping(known=NODE_KEYS[kind], required=REQUIRED[kind])
        if kind == "storage":
            overlap = keys["overlap"].choice(OVERLAPS) if "overlap" in keys else "keep"
            lifetime = keys["lifetime"].choice(("branch", "uses")) if "lifetime" in keys else "branch"
            return Storage(keys["level"].text(), tuple(keys["tensors"].texts()), overlap, lifetime, body.line)
        ranks = tuple(RankRef.parse(text) for text in keys["rank"].texts())
        if kind == "temporal":
            return Temporal(ranks, _tile(keys["tile"], values), line=body.line)
        return Spatial(ranks, _tile(keys["tile"], values), keys["axis"].text(), line=body.line)
    except InputError as problem:
        raise problem if problem.where.startswith(body.file) else problem.at(body.where) from None


def _tile(node: Node, values: Values) -> int:
    """A tile shape: a whole number, or the name of a parameter."""
    if not isinstance(node.value, str):
        return node.integer("a tile shape", most=MAX_EXTENT)
    name = node.text()
    if name not in values:
        hint = nearest(name, values) or "write a whole number, or declare it under parameters"
        raise node.error(f"{name!r} is no parameter of the mapping", hint)
    if not 1 <= values[name] <= MAX_EXTENT:
        raise node.error(f"expected {name} from 1 to {MAX_EXTENT}, found {values[name]}")
    return values[name]


def _end(kind: str, body: Node, values: Values) -> Branch | Compute:
    if kind == "compute":
        keys = body.mapping(known=NODE_KEYS[kind], required=REQUIRED[kind])
        inside = keys["inside"].choice(INSIDE) if "inside" in keys else None
        unit = keys["unit"].text() if "unit" in keys else None
        return Compute(keys["einsum"].text(), unit, inside, line=body.line)
    split, branches = _split(body) if kind == "pipeline" and isinstance(body.value, dict) else (None, body)
    chains = tuple(_chain(item, values) for item in branches.sequence())
    if not chains:
        raise body.error(f"a {kind} node without branches")
    try:
        return Branch(kind, chains, split)
    except InputError as problem:
        raise problem.at(body.where) from None


def _split(body: Node) -> tuple[Split, Node]:
    """How the branches of a pipeline divide the compute units, and the branches."""
    keys = body.mapping(known=SPLIT_KEYS, required=("axis", "branches"))
    shares = keys.get("shares")
    if shares is None or shares.value == "balanced":
        return Split(keys["axis"].text()), keys["branches"]
    if not isinstance(shares.value, list):
        raise shares.expected("balanced, or a list with one share for each branch", "such as shares: [3, 5]")
    given = tuple(share.integer("a share", most=2**30) for share in shares.sequence())
    return Split(keys["axis"].text(), given), keys["branches"]


def mapping_to_list(chain: Chain) -> list[dict[str, Any]]:
    """The chain as plain data, as the reader accepts it under `mapping`."""
    nodes: list[dict[str, Any]] = []
    for node in chain.inner:
        if isinstance(node, Storage):
            body: dict[str, Any] = {"level": node.level, "tensors": list(node.tensors)}
            if node.overlap != "keep":
                body["overlap"] = node.overlap
            if node.lifetime != "branch":
                body["lifetime"] = node.lifetime
            nodes.append({"storage": body})
        else:
            ranks = [str(rank) for rank in node.ranks]
            loop: dict[str, Any] = {"rank": ranks[0] if len(ranks) == 1 else ranks, "tile": node.tile}
            if isinstance(node, Spatial):
                nodes.append({"spatial": {**loop, "axis": node.axis}})
            else:
                nodes.append({"temporal": loop})
    if isinstance(chain.end, Compute):
        given = {"einsum": chain.end.einsum, "unit": chain.end.unit, "inside": chain.end.inside}
        nodes.append({"compute": {key: value for key, value in given.items() if value}})
    else:
        chains = [mapping_to_list(c) for c in chain.end.chains]
        split = chain.end.split
        if split is not None:
            shares = "balanced" if split.shares is None else list(split.shares)
            nodes.append({chain.end.kind: {"axis": split.axis, "shares": shares, "branches": chains}})
        else:
            nodes.append({chain.end.kind: chains})
    return nodes


def mapping_to_yaml(tree: LoopTree, plan: Mapping[str, Any] | None = None) -> str:
    """The mapping as YAML text, followed by the section `plan` if there is one."""
    document = {"mapping": mapping_to_list(tree.root)} | ({} if plan is None else {"plan": dict(plan)})
    return yaml.safe_dump(document, sort_keys=False, width=120, default_flow_style=None)
