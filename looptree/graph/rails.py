"""Rails: the tensors of a graph as vertical lines from their producer to their last reader."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def rails(order: Sequence[str], reads: Mapping[str, Sequence[str]], leaving: Collection[str] = ()) -> list[str]:
    """The piece of the rails that belongs to each node, top to bottom.

    Args:
        order: nodes in topological order.
        reads: the nodes whose output each one reads.
        leaving: nodes whose output leaves the graph, drawn as `◆`.

    >>> order = ["pool", "conv1", "conv2", "add"]
    >>> for line in rails(order, {"pool": [], "conv1": ["pool"], "conv2": ["conv1"], "add": ["conv2", "pool"]}):
    ...     print(line)
    ●
    ├─●
    │ ●
    ●─┘
    """
    last = {source: node for node in order for source in reads[node]}
    columns: list[str] = []
    lines = []
    for node in order:
        ending = {i for i, source in enumerate(columns) if source and last[source] == node}
        tapped = {i for i, source in enumerate(columns) if source in reads[node]} - ending
        place = min(ending, default=columns.index("") if "" in columns else len(columns))
        lines.append(_line(columns, place, ending - {place}, tapped, "◆" if node in leaving else "●"))
        columns += [""] * (place + 1 - len(columns))
        for i in ending:
            columns[i] = ""
        columns[place] = node if node in last else ""
        while columns and not columns[-1]:
            columns.pop()
    return lines


def _line(columns: list[str], place: int, ending: set[int], tapped: set[int], marker: str) -> str:
    """One row: the node at its place, connected to the rails that it reads."""
    touched = ending | tapped | {place}
    first, last = min(touched), max(touched)
    text = ""
    for i in range(max(len(columns), last + 1)):
        if i:
            text += "─" if first < i <= last else " "
        if i == place:
            text += marker
        elif i in ending:
            text += "└" if i == first else "┘" if i == last else "┴"
        elif i in tapped:
            text += "├" if i == first else "┤" if i == last else "┼"
        elif i < len(columns) and columns[i]:
            text += "│"
        else:
            text += "─" if first < i < last else " "
    return text.rstrip()
