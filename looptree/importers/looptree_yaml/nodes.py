"""Making nodes of a document that stand where nodes of another one stood."""

from __future__ import annotations

from typing import Any

from looptree.documents import Node


def made(value: Any, like: Node) -> Node:
    """Plain data, or nodes inside it, as a node at the place of another one.

    >>> node = made({"tile": 4}, Node(None, "mapping.yaml", 7, "nodes[1]"))
    >>> node.value["tile"].where
    'mapping.yaml:7: nodes[1]'
    """
    if isinstance(value, Node):
        return value
    if isinstance(value, dict):
        value = {key: made(entry, like) for key, entry in value.items()}
    elif isinstance(value, list):
        value = [made(entry, like) for entry in value]
    return Node(value, like.file, like.line, like.path)


def first(fields: dict[str, Node], *keys: str) -> Node | None:
    """The value of the first of these keys that is there: one thing has several spellings."""
    return next((fields[key] for key in keys if key in fields), None)
