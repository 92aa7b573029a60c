"""Sliding windows of convolutions and pools, in any number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looptree.importers.graph import Node
from looptree.importers.nest import Index
from looptree.workload.affine import Affine

_POSITIONS = {0: "", 1: "p", 2: "pq", 3: "zpq"}
_ELEMENTS = {0: "", 1: "r", 2: "rs", 3: "trs"}


@dataclass(frozen=True, slots=True)
class Window:
    """A window along one dimension: `Y[p]` takes `X[stride*p + dilation*r - before]` for all `r < kernel`."""

    kernel: int
    stride: int
    dilation: int
    before: int

    @property
    def reach(self) -> int:
        """Elements from the first to the last of the window."""
        return self.dilation * (self.kernel - 1) + 1

    def index(self, position: str, element: str) -> Index:
        """Where the window reads.

        >>> str(Window(3, 2, 1, 1).index("p", "r")), Window(1, 1, 1, 0).index("p", "r")
        ('2*p+r-1', ('p',))
        """
        if (self.kernel, self.stride, self.before) == (1, 1, 0):
            return (position,)
        terms = ((position, self.stride), *(((element, self.dilation),) if self.kernel > 1 else ()))
        return Affine(terms, -self.before)


def positions(dimensions: int, node: Node) -> list[str]:
    """The loops over where a window stands."""
    return _loops(_POSITIONS, dimensions, node)


def elements(dimensions: int, node: Node) -> list[str]:
    """The loops over what a window holds."""
    return _loops(_ELEMENTS, dimensions, node)


def windows(node: Node, given: Sequence[int], made: Sequence[int], kernel: Sequence[int]) -> list[Window]:
    """The windows of a node along its last dimensions.

    Args:
        node: with `strides`, `dilations`, `pads` and `auto_pad`.
        given: extents of the input.
        made: extents of the output.
        kernel: extents of the window.
    """
    strides, dilations = strides_of(node, len(kernel))
    pads = node.integers("pads", (0,) * (2 * len(kernel)), 2 * len(kernel))
    auto = node.text("auto_pad", "NOTSET")
    found = []
    for i, extent in enumerate(kernel):
        window = Window(extent, strides[i], dilations[i], pads[i])
        if auto != "NOTSET":
            total = max(0, (made[i] - 1) * window.stride + window.reach - given[i]) if auto.startswith("SAME") else 0
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            window = Window(extent, strides[i], dilations[i], before)
        found.append(window)
    return found


def scattering_windows(node: Node, given: Sequence[int], made: Sequence[int], kernel: Sequence[int]) -> list[Window]:
    """The windows in which a transposed convolution writes.

    Where the output shape is given, or a padding to the same shape, what is too much is cut off: half of it in front
    (with `SAME_UPPER` the smaller half, else the larger one).
    """
    strides, dilations = strides_of(node, len(kernel))
    pads = node.integers("pads", (0,) * (2 * len(kernel)), 2 * len(kernel))
    extra = node.integers("output_padding", (0,) * len(kernel), len(kernel))
    auto = node.text("auto_pad", "NOTSET")
    found = []
    for i, extent in enumerate(kernel):
        window = Window(extent, strides[i], dilations[i], pads[i])
        if auto.startswith("SAME") or "output_shape" in node.attributes:
            total = max(0, (given[i] - 1) * window.stride + extra[i] + window.reach - made[i])
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            window = Window(extent, strides[i], dilations[i], before)
        found.append(window)
    return found


def strides_of(node: Node, dimensions: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`strides` and `dilations`, one per dimension."""
    ones = (1,) * dimensions
    strides = node.integers("strides", ones, dimensions)
    dilations = node.integers("dilations", ones, dimensions)
    if min((*strides, *dilations), default=1) < 1:
        raise node.error(f"expected strides and dilations of at least 1, found {strides} and {dilations}")
    return strides, dilations


def _loops(usual: dict[int, str], dimensions: int, node: Node) -> list[str]:
    if dimensions not in usual:
        raise node.error(f"expected at most 3 spatial dimensions, found {dimensions}")
    return list(usual[dimensions])
