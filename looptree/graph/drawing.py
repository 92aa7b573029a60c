"""The layer graph as text: one line per Einsum, with rails for the tensors between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from looptree.graph.layer_graph import topological_order
from looptree.graph.rails import rails

if TYPE_CHECKING:
    import networkx

_PLAIN = str.maketrans("●◆│─├┤┼└┘┴", "*#|-++++++")
_COLUMNS = ("einsum", "operation", "ranks", "operations", "output", "weights")
_RIGHT = {"operations", "output", "weights"}


def draw(graph: networkx.DiGraph, *, show: Sequence[str] = (), plain: bool = False) -> str:
    """One line per Einsum: rails, name, operation, ranks, number of operations, sizes in bytes.

    A rail runs from the Einsum that produces a tensor (`●`; `◆` where it leaves the workload) to the
    last one that reads it.

    Args:
        graph: a layer graph.
        show: further node attributes to print, such as those that `annotate` wrote.
        plain: ASCII only.
    """
    order = topological_order(graph)
    drawn = rails(order, {name: list(graph.predecessors(name)) for name in order}, _leaving(graph))
    rows = [["", *_COLUMNS, *show]]
    for name, rail in zip(order, drawn, strict=True):
        node = graph.nodes[name]
        rows.append([rail, name, *_cells(node), *(str(node.get(key, "")) for key in show)])
    widths = [max(_columns(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [_title(graph), *(_line(row, widths, rows[0]) for row in rows)]
    text = "\n".join(lines) + "\n"
    return text.translate(_PLAIN) if plain else text


def _leaving(graph: networkx.DiGraph) -> set[str]:
    return {name for name, leaves in graph.nodes(data="leaves") if leaves}


def _title(graph: networkx.DiGraph) -> str:
    nodes = [node for _, node in graph.nodes(data=True)]
    operations = sum(node["operations"] for node in nodes)
    between = sum(node["output_bytes"] for name, node in graph.nodes(data=True) if graph.out_degree(name))
    weights = sum(node["weight_bytes"] for node in nodes)
    noun = "einsum" if len(nodes) == 1 else "einsums"
    return (
        f"{graph.graph.get('name', 'workload')}: {len(nodes)} {noun}, {_scaled(operations, 1000)} operations, "
        f"{_size(weights)} of weights, {_size(between)} of intermediates"
    )


def _cells(node: dict[str, Any]) -> list[str]:
    ranks = " ".join(f"{rank}{extent}" for rank, extent in node["ranks"].items())
    weights = _size(node["weight_bytes"]) if node["weight_bytes"] else ""
    return [node["operation"], ranks, _scaled(node["operations"], 1000), _size(node["output_bytes"]), weights]


def _line(row: list[str], widths: list[int], header: list[str]) -> str:
    cells = []
    for cell, width, title in zip(row, widths, header, strict=True):
        blank = " " * (width - _columns(cell))
        cells.append(blank + cell if title in _RIGHT else cell + blank)
    return "  ".join(cells).rstrip()


def _columns(text: str) -> int:
    """Columns that text takes in a terminal.

    >>> _columns("conv"), _columns("\u6f22\u5b57")
    (4, 4)
    """
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _size(count: int) -> str:
    """A number of bytes in binary units.

    >>> _size(1023), _size(802816)
    ('1023 B', '784 KiB')
    """
    text = _scaled(count, 1024)
    return f"{text}iB" if text[-1].isalpha() else f"{text} B"


def _scaled(count: int, step: int) -> str:
    """A count with three digits and the letter of its power of `step`.

    >>> _scaled(118013952, 1000), _scaled(999, 1000), _scaled(999_950, 1000)
    ('118 M', '999', '1.00 M')
    """
    if count < step:
        return str(count)
    for letter in ("K" if step == 1024 else "k", "M", "G", "T", "P"):
        value = count / step
        digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
        if round(value, digits) < step:
            return f"{value:.{digits}f} {letter}"
        count = max(1, round(value))
    return f"{count:.3g} E"
