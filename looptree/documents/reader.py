"""Reads YAML safely: no tags, no code, bounded size and expansion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from looptree.documents.node import Node
from looptree.errors import InputError

MAX_BYTES = 16 * 1024 * 1024
MAX_VALUES = 500_000
MAX_DEPTH = 200
MAX_DIGITS = 400

_TAGS = frozenset(
    (
        *("!Memory", "!Component", "!Container", "!Compute", "!Toll", "!Network", "!Array", "!Nothing"),
        *("!Nested", "!Parallel", "!Hierarchical", "!Pipelined", "!Pipeline", "!Sequential"),
        *("!Storage", "!Temporal", "!Spatial"),
    )
)
"""Tags of mappings in files of Timeloop, the original LoopTree and AccelForge: names of kinds, never constructed."""
_OTHER_BASE = re.compile(r"[+-]?(0[0-7_]+|[\d_]+(:[\d_.]+)+)")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_document(path: str | Path) -> Node:
    """Read one YAML file safely.

    Raises:
        InputError: the file is missing, a directory, not readable, empty, too large, not UTF-8,
            not YAML, holds several documents or unknown tags, or expands to an absurd size.
    """
    return parse_document(read_text(path), str(path))


def read_text(path: str | Path) -> str:
    """The text of a file.

    Raises:
        InputError: the file is missing, a directory, not readable, too large or not UTF-8.
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("expected YAML text in UTF-8, found other bytes", where=str(path)) from None


def read_bytes(path: str | Path, most: int = MAX_BYTES, hint: str = "") -> bytes:
    """The bytes of a file.

    Raises:
        InputError: the file is missing, a directory, not readable or larger than `most` bytes.
    """
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(most + 1)
    except FileNotFoundError:
        raise InputError("no such file", where=str(path)) from None
    except IsADirectoryError:
        raise InputError("expected a file, found a directory", where=str(path)) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"cannot be read: {reason}", where=str(path)) from None
    except MemoryError:
        raise InputError("too large for the memory of this machine", where=str(path)) from None
    if len(data) > most:
        raise InputError(f"larger than {most / 2**20:.0f} MiB", where=str(path), hint=hint)
    return data


def parse_document(text: str, file: str = "<text>") -> Node:
    """Parse YAML text; `file` is the name that error messages show."""
    try:
        loader = _Loader(text)
        try:
            tree = loader.get_single_node()
            if tree is None:
                raise InputError("the file is empty", where=file)
            _check_size(tree, file)
            return _Converter(loader, file).convert(tree, "")
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise InputError(f"not valid YAML: {problem.problem or problem.context}", where=file + line) from None
    except yaml.YAMLError as problem:
        raise InputError(f"not valid YAML: {str(problem).splitlines()[0]}", where=file) from None
    except RecursionError:
        raise InputError("nested too deeply", where=file) from None


def to_yaml(data: Any) -> str:
    """Plain data as YAML text."""
    return yaml.safe_dump(data, sort_keys=False, width=120, default_flow_style=None)


def _check_size(tree: yaml.Node, file: str) -> None:
    """Refuse a document that is absurdly deep or large once its aliases are written out; each node is counted once."""
    sizes: dict[int, int] = {}

    def expanded(node: yaml.Node, depth: int) -> int:
        where = f"{file}:{node.start_mark.line + 1}"
        if depth > MAX_DEPTH:
            raise InputError(f"nested into more than {MAX_DEPTH} levels", where=where)
        if isinstance(node, yaml.ScalarNode):
            return 1
        known = sizes.get(id(node))
        if known == 0:
            raise InputError("an alias stands inside of what it stands for", where=where, hint="write it out")
        if known is None:
            sizes[id(node)] = 0
            below = node.value if isinstance(node, yaml.SequenceNode) else (value for _, value in node.value)
            known = 1 + sum(expanded(value, depth + 1) for value in below)
            if known > MAX_VALUES:
                hint = "are aliases nested into each other?"
                raise InputError(f"expands to {known:,} values, more than {MAX_VALUES:,}", where=where, hint=hint)
            sizes[id(node)] = known
        return known

    expanded(tree, 0)


class _Converter:
    """Turns composed YAML nodes into `Node`s."""

    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self.loader = loader
        self.file = file

    def convert(self, node: yaml.Node, path: str) -> Node:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            tag = self._tag(node, path, line)
            return Node(dict(self._entries(node, path)), self.file, line, path, tag)
        if isinstance(node, yaml.SequenceNode):
            items = [self.convert(n, f"{path}[{i}]") for i, n in enumerate(node.value)]
            return Node(items, self.file, line, path)
        return Node(self._scalar(node, path, line), self.file, line, path)

    def _tag(self, node: yaml.Node, path: str, line: int) -> str:
        """The kind that a mapping says it is."""
        if node.tag == "tag:yaml.org,2002:map":
            return ""
        if node.tag not in _TAGS:
            where = f"{self.file}:{line}" + (f": {path}" if path else "")
            raise InputError(f"tag {node.tag!r} is not supported here", where=where)
        return str(node.tag[1:])

    def _entries(self, node: yaml.MappingNode, path: str) -> Iterator[tuple[str, Node]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            where = f"{self.file}:{line}" + (f": {path}" if path else "")
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError("expected a name as key, found a list or mapping", where=where)
            key = str(key_node.value)
            if key in seen:
                raise InputError(f"key {key!r} stands here twice", where=where)
            if not key.isprintable():
                raise InputError(f"expected a key without control characters, found {key!r}", where=where)
            seen.add(key)
            yield key, self.convert(value_node, f"{path}.{key}" if path else key)

    def _scalar(self, node: yaml.Node, path: str, line: int) -> Any:
        where = f"{self.file}:{line}" + (f": {path}" if path else "")
        if node.tag.startswith("!") or "python" in node.tag:
            raise InputError(f"tag {node.tag!r} is not supported here", where=where)
        if node.tag.endswith((":int", ":float")):
            _check_number(str(node.value), where)
        try:
            value = self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as problem:
            reason = next(iter(str(problem).splitlines()), type(problem).__name__)
            raise InputError(f"not a valid value: {reason}", where=where) from None
        return value if isinstance(value, str | int | float | bool | None) else str(node.value)


def _check_number(text: str, where: str) -> None:
    """Refuse what YAML 1.1 reads as another number than most people: `010` as 8, `1:30` as 90."""
    if len(text) > MAX_DIGITS:
        raise InputError(f"a number of {len(text)} digits", where=where, hint=f"at most {MAX_DIGITS}")
    if _OTHER_BASE.fullmatch(text):
        raise InputError(
            f"expected a decimal number, found {text}", where=where, hint="without leading zeros and colons"
        )
