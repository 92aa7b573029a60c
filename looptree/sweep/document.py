"""Documents of architectures with values replaced, and documents as plain data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

from looptree.documents import Node
from looptree.errors import nearest


def placed(document: Node, path: str, value: int | float, asked: Node) -> Node:
    """The document of an architecture with one value replaced.

    Args:
        path: the name of a level or `compute`, then keys: `GLB.capacity_bytes`, `compute.spatial.m`.
    """
    head, *keys = path.split(".")
    fields = dict(document.value)
    if head == "compute" and "compute" in fields:
        fields["compute"] = _replaced(fields["compute"], keys, value, asked, path)
        return Node(fields, document.file, document.line, document.path)
    levels = list(fields["levels"].value)
    names = [str(level.value["name"].value) for level in levels]
    if head not in names:
        hint = nearest(head, [*names, "compute"])
        raise asked.error(f"the architecture has no level {head!r}, set by {path!r}", hint)
    at = names.index(head)
    levels[at] = _replaced(levels[at], keys, value, asked, path)
    fields["levels"] = Node(levels, fields["levels"].file, fields["levels"].line, fields["levels"].path)
    return Node(fields, document.file, document.line, document.path)


def _replaced(node: Node, keys: Sequence[str], value: int | float, asked: Node, path: str) -> Node:
    if not keys:
        raise asked.error(f"expected a key below {path!r}", "such as GLB.capacity_bytes or compute.spatial.m")
    fields = dict(node.mapping())
    first, *rest = keys
    if rest:
        inner = fields.get(first, Node({}, asked.file, asked.line, asked.path))
        fields[first] = _replaced(inner, rest, value, asked, path)
    else:
        fields[first] = Node(value, asked.file, asked.line, asked.path)
    return Node(fields, node.file, node.line, node.path)


def plain_number(value: Fraction) -> int | float:
    """A whole number, or the nearest float64."""
    return int(value) if value.denominator == 1 else float(value)


def canonical(node: Node) -> object:
    """A document as plain data, for a fingerprint."""
    if isinstance(node.value, dict):
        return {key: canonical(inner) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [canonical(inner) for inner in node.value]
    return node.value


def text_of(plain: object) -> str:
    """Plain data as one text that is equal for equal data; the order of keys counts, as it numbers the points."""
    return json.dumps(plain, default=str)
