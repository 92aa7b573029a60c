"""The settings of a space as they stand in files."""

from __future__ import annotations

from collections.abc import Mapping

from looptree.documents import Node
from looptree.search.asked.space import NUMBERS

FLAGS = ("spill", "recompute", "live", "pipeline")
SETTINGS = (*NUMBERS, *FLAGS)


def read_settings(fields: Mapping[str, Node]) -> dict[str, int | bool]:
    """Those that are there.

    Raises:
        InputError: naming file, line and key.
    """
    numbers = {
        name: fields[name].integer(name, least=least, most=most)
        for name, (least, most) in NUMBERS.items()
        if name in fields
    }
    return numbers | {name: fields[name].boolean() for name in FLAGS if name in fields}
