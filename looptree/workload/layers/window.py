"""Sliding windows of convolution and pooling: kernel, stride, dilation and padding of one dimension."""

from __future__ import annotations

from dataclasses import dataclass

from looptree.errors import nearest
from looptree.workload.affine import Affine
from looptree.workload.layers.layer import Layer, form


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides along one dimension.

    Attributes:
        kernel: elements of the window.
        stride: elements from one window to the next.
        dilation: elements from one kernel element to the next.
        before, after: implicit zeros in front of and behind the dimension.

    >>> window = Window(3, 2, 1, 1, 1)
    >>> window.outputs(224), str(window.form("p", "r"))
    (112, '2*p+r-1')
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @property
    def reach(self) -> int:
        """Elements from the first to the last of the window."""
        return self.dilation * (self.kernel - 1) + 1

    def outputs(self, extent: int, *, ceil_mode: bool = False) -> int:
        """How many windows there are; `ceil_mode` adds a last one that starts inside but is cut.

        At most zero where the padded dimension is shorter than the window.
        """
        room = extent + self.before + self.after - self.reach
        if room < 0:
            return 0
        count = room // self.stride + 1
        starts_inside = count * self.stride < extent + self.before
        return count + 1 if ceil_mode and room % self.stride and starts_inside else count

    def scattered(self, extent: int) -> int:
        """The extent that a transposed window writes."""
        return (extent - 1) * self.stride + self.reach - self.before - self.after

    def form(self, position: str, element: str) -> Affine:
        """The coordinate of an element of the window at a position."""
        terms = {position: self.stride}
        if self.kernel > 1:
            terms[element] = self.dilation
        return form(terms, -self.before)

    def ranks(self, element: str) -> dict[str, int]:
        """The rank of the kernel elements; none where there is only one."""
        return {element: self.kernel} if self.kernel > 1 else {}


def windows(layer: Layer, *, kernel: tuple[int, int], stride: tuple[int, int]) -> tuple[Window, Window]:
    """The windows along rows and columns of a layer's image, its padding read from the file.

    `padding` is one number, `[rows, columns]`, `[top, bottom, left, right]`, `same` (the output has
    `ceil(input / stride)` rows, what is uneven goes to the end) or `valid` (none).
    """
    dilation = layer.pair("dilation", 1)
    node = layer.keys.get("padding")
    if node is not None and node.value == "same":
        _, rows, columns = layer.image().shape
        return (
            _same(rows, kernel[0], stride[0], dilation[0]),
            _same(columns, kernel[1], stride[1], dilation[1]),
        )
    top, bottom, left, right = _padding(layer)
    return (
        Window(kernel[0], stride[0], dilation[0], top, bottom),
        Window(kernel[1], stride[1], dilation[1], left, right),
    )


def fitting(layer: Layer, window: Window, extent: int, what: str, *, ceil_mode: bool = False) -> int:
    """The output extent of a window, which has to fit the padded input.

    Raises:
        InputError: the window is larger than the padded input.
    """
    count = window.outputs(extent, ceil_mode=ceil_mode)
    if count < 1:
        raise layer.error(
            f"expected a kernel within the padded input, found {window.reach} {what} of kernel "
            f"over {extent + window.before + window.after} of padded input ({layer.input})",
            "use a smaller kernel or dilation, more padding or a larger input",
            "kernel",
        )
    return count


def _padding(layer: Layer) -> tuple[int, int, int, int]:
    node = layer.keys.get("padding")
    if node is None or node.value == "valid":
        return 0, 0, 0, 0
    if isinstance(node.value, str) and node.value.isidentifier() and node.value not in layer.parameters:
        known = ("same", "valid", *layer.parameters)
        raise layer.error(f"expected padding, found {node.value!r}", nearest(node.value, known), "padding")
    if not isinstance(node.value, list):
        both = layer.integer("padding", least=0)
        return both, both, both, both
    values = layer.integers("padding", least=0)
    if len(values) == 2:
        return values[0], values[0], values[1], values[1]
    if len(values) == 4:
        return values[0], values[1], values[2], values[3]
    raise layer.error(
        f"expected padding as a number, [rows, columns], [top, bottom, left, right], same or valid, found {values}",
        key="padding",
    )


def _same(extent: int, kernel: int, stride: int, dilation: int) -> Window:
    outputs = -(-extent // stride)
    total = max(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - extent)
    return Window(kernel, stride, dilation, total // 2, total - total // 2)
