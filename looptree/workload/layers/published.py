"""What has been published about a network: the figures that our own count is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from looptree.documents import Node

KEYS = ("operations", "parameters", "source", "how", "at")


@dataclass(frozen=True, slots=True)
class Published:
    """Published figures of a network.

    Attributes:
        operations: multiply-accumulates of convolutions, linear layers and matrix products of one
            inference; `None` where nothing is published.
        parameters: weights, in elements; `None` where nothing is published.
        source: who says so.
        how: how the figures were read, and what they count that we do not.
        at: the parameters of the network file under which they hold.
    """

    operations: int | None
    parameters: int | None
    source: str
    how: str
    at: Mapping[str, int] = field(default_factory=dict)


def read_published(node: Node) -> Published:
    """The `published:` entry of a network file.

    Raises:
        InputError: naming file, line and key.
    """
    fields = node.mapping(known=KEYS, required=("source", "how"))
    at = fields["at"].mapping() if "at" in fields else {}
    return Published(
        fields["operations"].integer("published operations") if "operations" in fields else None,
        fields["parameters"].integer("published parameters") if "parameters" in fields else None,
        fields["source"].prose(),
        fields["how"].prose(),
        {name: value.integer(name) for name, value in at.items()},
    )
