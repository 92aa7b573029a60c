"""Workloads: `problem:`, one Einsum or a list of them, with data spaces, projections and bounds.

Assumptions: every data space without `read_write` is an input; inputs are multiplied; all ranks begin at 0.
"""

from __future__ import annotations

import re
from typing import Any

from looptree.documents import Node
from looptree.importers.looptree_yaml.nodes import first, made

_BOUND = re.compile(r"(?:0\s*<=\s*)?([A-Za-z_]\w*)\s*(<=?)\s*(\d{1,18})")
_LEAST = re.compile(r"(?:0\s*<=\s*([A-Za-z_]\w*)|([A-Za-z_]\w*)\s*>=\s*0)")
_GLUED = re.compile(r"(?<![A-Za-z_\d])(\d+)\s*(?=[A-Za-z_])")
_SHAPE = ("name", "dimensions", "data_spaces", "data-spaces", "coefficients")
_SPACE = ("name", "dimensions", "projection", "read_write", "read-write")


def workload_document(document: Node, bits: int | None = None) -> Node:
    """The problem of a document as a workload of our own format.

    Args:
        document: with a key `problem`; other keys are ignored. bits: of every word, unless it is 8.

    Raises:
        InputError: naming file, line and key.
    """
    problem = document.mapping()["problem"]
    entries = problem.sequence() if isinstance(problem.value, list) else [problem]
    if not entries:
        raise problem.error("expected at least one Einsum, found none")
    width = {} if bits is None else {"default_bits": bits}
    return made({"einsums": [_einsum(entry) for entry in entries], **width}, problem)


def _einsum(entry: Node) -> Node:
    fields = entry.mapping(known=("version", "shape", "instance"), required=("shape", "instance"))
    shape = fields["shape"].mapping(known=_SHAPE, required=("dimensions",))
    spaces = first(shape, "data_spaces", "data-spaces")
    if spaces is None:
        raise fields["shape"].error("key 'data_spaces' is missing")
    extents = _extents(fields["instance"])
    ranks = {}
    for rank in shape["dimensions"].texts():
        if rank not in extents:
            raise fields["instance"].error(f"rank {rank!r} has no bound", f"add 0 <= {rank} < ... to it")
        ranks[rank] = extents[rank]
    factors = _coefficients(shape) | {name: value for name, value in extents.items() if name not in ranks}
    inputs: list[str] = []
    outputs: list[str] = []
    for space in spaces.sequence():
        known = space.mapping(known=_SPACE, required=("name", "projection"))
        access = f"{known['name'].text()}[{', '.join(_projection(known['projection'], factors))}]"
        written = first(known, "read_write", "read-write")
        (outputs if written is not None and written.boolean() else inputs).append(access)
    if len(outputs) != 1 or not inputs:
        found = f"{len(inputs)} that are read and {len(outputs)} that are written"
        raise spaces.error(f"expected data spaces that are read and one with read_write: true, found {found}")
    expression = f"{outputs[0]} = {' * '.join(inputs)}"
    name = shape["name"] if "name" in shape else made("einsum", fields["shape"])
    return made({"name": name, "expression": expression, "ranks": ranks}, fields["shape"])


def _extents(instance: Node) -> dict[str, int]:
    """Extents from `0 <= P < 9 and 0 <= M < 4`, or from a mapping; a mapping may also hold coefficients."""
    if isinstance(instance.value, dict):
        return {name: node.integer("an extent") for name, node in instance.mapping().items()}
    found: dict[str, int] = {}
    for clause in re.split(r"\band\b", instance.prose()):
        text = clause.strip()
        bound = _BOUND.fullmatch(text)
        if bound is not None:
            name, sign, value = bound.groups()
            if name in found:
                raise instance.error(f"rank {name!r} is bounded twice")
            found[name] = int(value) + (sign == "<=")
        elif _LEAST.fullmatch(text) is None:
            raise instance.error(f"expected a bound such as 0 <= P < 9, found {text!r}", "bounds are joined by 'and'")
    return found


def _coefficients(shape: dict[str, Node]) -> dict[str, int]:
    found = {}
    for entry in shape["coefficients"].sequence() if "coefficients" in shape else ():
        fields = entry.mapping(known=("name", "default"), required=("name", "default"))
        found[fields["name"].text()] = fields["default"].integer("a coefficient", least=-(2**40))
    return found


def _projection(node: Node, factors: dict[str, int]) -> list[str]:
    """The index of each dimension as text, from `[ C1, 2*P1 + R1 ]` or from lists of sums of products."""
    if isinstance(node.value, str):
        inside = re.fullmatch(r"\s*\[([^\[\]]*)\]\s*", node.value)
        if inside is None:
            raise node.expected("a projection such as '[ C, P + R ]'")
        return [_GLUED.sub(r"\1*", part.strip()) for part in inside[1].split(",")] if inside[1].strip() else []
    return [_index(part, factors) for part in node.sequence()]


def _index(node: Node, factors: dict[str, int]) -> str:
    if isinstance(node.value, str | int):
        return _GLUED.sub(r"\1*", str(node.value))
    return " + ".join(_product(term, factors) for term in node.sequence()) or "0"


def _product(node: Node, factors: dict[str, int]) -> str:
    """`[P]`, or `[P, Wstride]` with a coefficient."""
    words: list[Any] = [part.value for part in node.sequence()] if isinstance(node.value, list) else [node.value]
    return "*".join(str(factors.get(word, word)) for word in words)
