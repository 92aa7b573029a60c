"""Pooling over windows and over everything. An average is counted as additions."""

from __future__ import annotations

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.nest import Read
from looptree.importers.operators.window import elements, positions, windows

_OPERATIONS = {"MaxPool": "max", "GlobalMaxPool": "max"}


def pool(builder: Builder, node: Node) -> None:
    """`MaxPool`, `AveragePool`, `LpPool`."""
    given, made = builder.type(node.given(0)).shape, builder.type(node.made(0)).shape
    if len(given) < 3:
        raise node.error(f"expected an input of 3 to 5 dimensions, found {list(given)}")
    kernel = node.integers("kernel_shape", length=len(given) - 2)
    if min(kernel) < 1:
        raise node.error(f"expected a kernel of at least 1, found {list(kernel)}")
    where, what = positions(len(kernel), node), elements(len(kernel), node)
    slides = windows(node, given[2:], made[2:], kernel)
    loops = (
        {"n": made[0], "m": made[1]} | dict(zip(where, made[2:], strict=True)) | dict(zip(what, kernel, strict=True))
    )
    index = (("n",), ("m",), *(w.index(p, r) for w, p, r in zip(slides, where, what, strict=True)))
    written = (("n",), ("m",), *((p,) for p in where))
    reads = [Read(builder.view(node.given(0), node), index)]
    builder.emit(node, node.made(0), loops, reads, written, _OPERATIONS.get(node.kind, "add"), summed=what)


def global_pool(builder: Builder, node: Node) -> None:
    """`GlobalAveragePool`, `GlobalMaxPool`, `GlobalLpPool`: one value per channel."""
    given = builder.type(node.given(0)).shape
    if len(given) < 2:
        raise node.error(f"expected an input of 2 to 5 dimensions, found {list(given)}")
    what = elements(len(given) - 2, node)
    loops = {"n": given[0], "m": given[1]} | dict(zip(what, given[2:], strict=True))
    index = (("n",), ("m",), *((r,) for r in what))
    written = (("n",), ("m",), *(() for _ in what))
    reads = [Read(builder.view(node.given(0), node), index)]
    builder.emit(node, node.made(0), loops, reads, written, _OPERATIONS.get(node.kind, "add"), summed=what)
