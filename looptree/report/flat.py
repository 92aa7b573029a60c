"""All metrics of an evaluation as lines of one table: what JSON nests, a spreadsheet reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from looptree.model.result import Evaluation

COLUMNS = ("section", "component", "part", "quantity", "value")
_LEVELS = ("per_tensor", "per_component")
"""Keys that only lead to the names of tensors and components."""

Line = tuple[str, str, str, str, Any]


def evaluation_csv(evaluation: Evaluation) -> str:
    """Every number of an evaluation on a line: section, component, part, quantity, value.

    A component is a memory level, a compute unit, an Einsum or the number of a fusion group; a part is a tensor of it,
    or the level of a group. Sections and quantities are the keys of the JSON output; what is not known is left empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section, value in evaluation.to_dict().items():
        if section == "groups":
            for number, group in enumerate(value, 1):
                writer.writerows(_lines(section, group, (str(number),)))
        else:
            writer.writerows(_lines(section, value, ()))
    return text.getvalue()


def _lines(section: str, value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Line]:
    for key, entry in value.items():
        if key == "memory" and isinstance(entry, Mapping):  # cycles of each memory level
            for level, cycles in entry.items():
                component, part = (*path, level, "")[:2]
                yield section, component, part, key, _written(cycles)
        elif isinstance(entry, Mapping):
            inner = path if key in _LEVELS else (*path, key)
            if key == "per_tensor" and not path:
                inner = ("",)
            yield from _lines(section, entry, inner)
        else:
            component, part = (*path, "", "")[:2]
            quantity = ".".join((*path[2:], key))
            yield section, component, part, quantity, _written(entry)


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else value
