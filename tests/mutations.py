"""Documents with one value replaced or taken away: whatever is wrong, it has to be said, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from looptree.documents import Node
from looptree.errors import InputError

JUNK: tuple[Any, ...] = (None, [], {}, "x", 0, -1, 3.5, True, [1], {"a": 1}, "", 10**30, [[]], {"x": None}, "[ A, B ]")
DROPPED = object()
Path = tuple[str | int, ...]


def places(node: Node, path: Path = ()) -> Iterator[Path]:
    """The keys and positions that lead to every value of a document."""
    yield path
    for key, entry in _entries(node):
        yield from places(entry, (*path, key))


def _entries(node: Node) -> list[tuple[str | int, Node]]:
    if isinstance(node.value, dict):
        return list(node.value.items())
    return list(enumerate(node.value)) if isinstance(node.value, list) else []


def replaced(node: Node, path: Path, value: Any) -> Node:
    """The document with another value at one place, or with nothing there."""
    if not path:
        return made(value, node)
    key, *rest = path
    entries: Any = dict(node.value) if isinstance(node.value, dict) else list(node.value)
    if not rest and value is DROPPED:
        del entries[key]
    else:
        entries[key] = replaced(entries[key], tuple(rest), value)
    return Node(entries, node.file, node.line, node.path)


def made(value: Any, like: Node) -> Node:
    """Plain data as a node at the place of another one."""
    if isinstance(value, dict):
        value = {key: made(entry, like) for key, entry in value.items()}
    elif isinstance(value, list):
        value = [made(entry, like) for entry in value]
    return Node(value, like.file, like.line, like.path)


def refused(document: Node, key: str, read: Callable[[Node], object]) -> int:
    """How many mutants a reader refuses; each with a message that begins with the file.

    Args:
        document: that can be read. key: an outermost key that stays, since without it the file is of another kind.
        read: the reader.
    """
    read(document)
    count = 0
    for path in list(places(document))[1:]:
        for value in (*JUNK, DROPPED):
            if path != (key,) or value not in (None, DROPPED):
                mutant = replaced(document, path, value)
                try:
                    read(mutant)
                except InputError as problem:
                    count += 1
                    if not str(problem).startswith(document.file):
                        pytest.fail(f"{path} = {value!r}: {problem}")
    return count
