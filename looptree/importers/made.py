"""What an import collects: layers, stored tensors, and what the report says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from looptree.importers.elements import Element
from looptree.workload.einsum import Access


@dataclass(frozen=True, slots=True)
class Draft:
    """An Einsum whose tensors may still get dimensions of extent 1."""

    name: str
    ranks: Mapping[str, int]
    reads: tuple[Access, ...]
    output: Access
    operation: str
    layer: str
    kind: str


@dataclass
class Made:
    """What has been made so far, for the workload and the report.

    Attributes:
        drafts: the layers.
        shapes: of stored tensors, without dimensions of extent 1.
        elements: what stored tensors hold.
        units: dimensions of extent 1 that tensors got, because somebody reads beyond them.
        outputs: tensors that leave although a layer reads them.
        leaving: outputs of the model, with the tensor that each one is.
        origins: tensors from outside, with the input or constant of the model that they are.
        tables: constants of which only some rows are read, with their size.
        opaque: what is not known, as `(node, operator)`.
        cut: tensors that are read by the ranks of a loop that was cut.
    """

    drafts: list[Draft] = field(default_factory=list)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    elements: dict[str, Element] = field(default_factory=dict)
    units: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    outputs: dict[str, None] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    opaque: list[tuple[str, str]] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)
