"""YAML documents with a memory of where every value stood.

`read_document` parses a file safely (no tags, no code, bounded size and expansion) into `Node`s.
A `Node` hands out checked values; each complaint names file, line and the path of keys, says what
was expected and what was found, and proposes the nearest known key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from looptree.errors import InputError, close, nearest

MAX_BYTES = 16 * 1024 * 1024
MAX_VALUES = 500_000
MAX_DEPTH = 200
MAX_DIGITS = 400

_KINDS = {
    "einsums": "a workload (einsums)",
    "layers": "a network (layers)",
    "levels": "an architecture (levels)",
    "mapping": "a mapping (mapping)",
    "fuse": "a point of the taxonomy (fuse)",
    "workload": "a workload of AccelForge (workload)",
    "arch": "an architecture of AccelForge (arch)",
    "problem": "a workload of the original LoopTree (problem)",
    "study": "a study (study)",
}
_TAGS = frozenset(
    (
        *("!Memory", "!Component", "!Container", "!Compute", "!Toll", "!Network", "!Array", "!Nothing"),
        *("!Nested", "!Parallel", "!Hierarchical", "!Pipelined", "!Pipeline", "!Sequential"),
        *("!Storage", "!Temporal", "!Spatial"),
    )
)
"""Tags of mappings in files of Timeloop, the original LoopTree and AccelForge: names of kinds, never constructed."""
_OTHER_BASE = re.compile(r"[+-]?(0[0-7_]+|[\d_]+(:[\d_.]+)+)")
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A value of a document and where it stands.

    Attributes:
        value: a scalar (`str`, `int`, `float`, `bool`, `None`), a list of nodes, or a dict of nodes.
        file: the name of the file, for messages.
        line: 1-based line.
        path: keys that lead here, such as `einsums[0].ranks.p`.
        tag: kind of a mapping in files of other tools, such as `Storage`; empty where there is none.
    """

    value: Any
    file: str
    line: int
    path: str
    tag: str = ""

    @property
    def where(self) -> str:
        """File, line and path of keys, as error messages print them."""
        return f"{self.file}:{self.line}" + (f": {self.path}" if self.path else "")

    def error(self, problem: str, hint: str = "") -> InputError:
        """An `InputError` at this place."""
        return InputError(problem, where=self.where, hint=hint)

    def expected(self, what: str, hint: str = "") -> InputError:
        """An `InputError` that says what was expected here and what was found."""
        return self.error(f"expected {what}, found {describe(self.value)}", hint)

    # -- shapes ---------------------------------------------------------------------------

    def mapping(self, *, known: tuple[str, ...] = (), required: tuple[str, ...] = ()) -> dict[str, Node]:
        """A mapping; its keys checked against `known` (when given) and `required`."""
        if not isinstance(self.value, dict):
            raise self.expected("a mapping (key: value)")
        found: dict[str, Node] = self.value
        for key, node in found.items():
            if known and key not in known:
                raise node.error(f"unknown key {key!r}", nearest(key, known))
        for key in required:
            if key not in found:
                raise self.error(f"key {key!r} is missing", f"found: {', '.join(found) or 'nothing'}")
        return found

    def sequence(self) -> list[Node]:
        """A list of nodes."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
        return self.value

    def text(self) -> str:
        """A name: text on one line, without control characters."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.expected("a name (text)", "put a number in quotes if it is meant as a name")
        if not self.value.strip().isprintable():
            raise self.expected("a name without control characters and line breaks")
        return self.value.strip()

    def prose(self) -> str:
        """Text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.expected("text")
        return self.value.strip()

    def texts(self) -> list[str]:
        """A list of strings; a single string stands for a list of one."""
        return [n.text() for n in self.sequence()] if isinstance(self.value, list) else [self.text()]

    def boolean(self) -> bool:
        """`true` or `false`."""
        if not isinstance(self.value, bool):
            raise self.expected("true or false")
        return self.value

    def choice(self, known: tuple[str, ...]) -> str:
        """One of the `known` words."""
        found = self.text()
        if found not in known:
            raise self.error(f"expected one of {', '.join(known)}, found {found!r}", close(found, known))
        return found

    def integer(self, what: str, *, least: int = 1, most: int = 2**40) -> int:
        """A whole number in `least..most`; booleans and fractions are refused."""
        value = self.value
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.expected(f"{what} (a whole number)")
        if not least <= value <= most:
            raise self.error(f"expected {what} from {least} to {most}, found {value}")
        return value

    def number(self, what: str, *, positive: bool = False) -> Fraction:
        """A finite number that is not negative (`positive`: nor zero), exactly as it was written."""
        value = self.value
        if isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
            value = float(value)  # YAML 1.1 reads 1e-3, without a point, as text
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.expected(f"{what} (a number)")
        if value != value or value in (float("inf"), float("-inf")):
            raise self.expected(f"{what} (a finite number)")
        if value and not 1e-30 <= abs(value) <= 1e30:
            raise self.expected(f"{what} (a number from 1e-30 to 1e30)")
        if value < 0 or (positive and value == 0):
            raise self.expected(f"{what} {'above' if positive else 'of at least'} zero")
        return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def describe(value: Any) -> str:
    """A value as an error message shows it: short, with its kind."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping with " + (", ".join(list(value)[:4]) or "no keys")
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


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
    file = Path(path)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("no such file", where=str(path)) from None
    except IsADirectoryError:
        raise InputError("expected a file, found a directory", where=str(path)) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"cannot be read: {reason}", where=str(path)) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES // 2**20} MiB", where=str(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("expected YAML text in UTF-8, found other bytes", where=str(path)) from None


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


def kind_of(document: Node) -> str | None:
    """What kind of file a document is, in words, where its outermost keys give it away."""
    fields = document.mapping()
    return next((kind for key, kind in _KINDS.items() if key in fields), None)


def check_kind(document: Node, *expected: str) -> None:
    """Refuse a file that is of another kind, which its outermost keys give away.

    Args:
        document: a whole document.
        expected: outermost keys of the kinds that are accepted here, such as `levels`.

    Raises:
        InputError: it has the key of another kind instead, or is no mapping of keys at all.
    """
    fields, other = document.mapping(), kind_of(document)
    if other is not None and not any(key in fields for key in expected):
        raise document.error(f"expected {' or '.join(_KINDS[key] for key in expected)}, found {other}")
