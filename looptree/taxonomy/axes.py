"""The axes of the taxonomy as data: what can be chosen, and what each choice means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from looptree.documents import Node, read_document
from looptree.resources import find

_KEYS = ("name", "page", "question", "choices")


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        name: what it is called.
        page: file in the taxonomy folder that explains it.
        question: what is decided.
        choices: meaning of each choice.
    """

    name: str
    page: str
    question: str
    choices: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", MappingProxyType(dict(self.choices)))


def load_axes() -> tuple[Axis, ...]:
    """All axes in the order of decisions.

    >>> [axis.name for axis in load_axes()][:2]
    ['fused layers', 'partitioned ranks']
    """
    document = read_document(find("taxonomy", "axes"))
    return tuple(_axis(item) for item in document.mapping(known=("axes",), required=("axes",))["axes"].sequence())


def _axis(node: Node) -> Axis:
    fields = node.mapping(known=_KEYS, required=_KEYS)
    choices = {name: meaning.prose() for name, meaning in fields["choices"].mapping().items()}
    return Axis(fields["name"].text(), fields["page"].text(), fields["question"].prose(), choices)
