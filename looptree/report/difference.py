"""What is different between two results: plan files, mappings, or what a command printed with --json.

Works on plain data, so that results of different kinds, versions and networks can be put side by side, too.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from looptree.report.table import table
from looptree.report.text import short_layers

MOST_ROWS = 40
_SKIPPED = ("mapping", "network", "groups", "changes", "statistics.seconds", "per_tensor", "points", "probes")

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different.

    Attributes:
        values: by path of keys, what the first and the second one says; `None` where it says nothing.
        only_before, only_after: fusion groups that only one of them has.
        mapping: lines of both mapping trees, marked as in a patch; empty where they are equal or missing.
    """

    values: Mapping[str, tuple[Scalar, Scalar]]
    only_before: tuple[tuple[str, ...], ...]
    only_after: tuple[tuple[str, ...], ...]
    mapping: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether both say the same."""
        return not (self.values or self.only_before or self.only_after or self.mapping)


def difference(before: Any, after: Any, trees: tuple[str, str] = ("", "")) -> Difference:
    """What is different between two documents; `trees` are drawings of their mappings.

    >>> difference({"energy_pj": 2, "name": "a"}, {"energy_pj": 3, "name": "a"}).values
    {'energy_pj': (2, 3)}
    """
    first, second = dict(_leaves(before, "")), dict(_leaves(after, ""))
    values = {
        path: (first.get(path), second.get(path))
        for path in dict.fromkeys([*first, *second])
        if first.get(path) != second.get(path)
    }
    groups = _groups(before), _groups(after)
    patch = list(difflib.unified_diff(trees[0].splitlines(), trees[1].splitlines(), n=1, lineterm=""))
    return Difference(
        values,
        tuple(g for g in groups[0] if g not in set(groups[1])),
        tuple(g for g in groups[1] if g not in set(groups[0])),
        tuple(patch[2:]),
    )


def _leaves(data: Any, path: str) -> list[tuple[str, Scalar]]:
    """Scalars by path; what is compared in another way, or says nothing of the result, is left out."""
    if any(path == name or path.endswith(f".{name}") for name in _SKIPPED):
        return []
    if isinstance(data, Mapping):
        return [leaf for key, value in data.items() for leaf in _leaves(value, f"{path}.{key}" if path else str(key))]
    if isinstance(data, list):
        return [leaf for index, value in enumerate(data) for leaf in _leaves(value, f"{path}[{index}]")]
    return [(path, data)]


def _groups(data: Any) -> list[tuple[str, ...]]:
    """The layers of the first list of groups in a document, the fused plan first."""
    if not isinstance(data, Mapping):
        return []
    for key in ("fused", "plan", "evaluation"):
        found = _groups(data.get(key))
        if found:
            return found
    listed = data.get("groups")
    if not isinstance(listed, list):
        return []
    names = [entry.get("layers", entry.get("einsums")) for entry in listed if isinstance(entry, Mapping)]
    return [tuple(map(str, layers)) for layers in names if isinstance(layers, list)]


def difference_report(found: Difference, names: tuple[str, str], *, full: bool = False) -> list[str | Table]:
    """Numbers with their ratio, groups, and the mapping as a patch."""
    if found.nothing:
        return ["No difference."]
    parts: list[str | Table] = []
    if found.values:
        rows = [[path, _text(a), _text(b), _ratio(a, b)] for path, (a, b) in found.values.items()]
        shown = rows if full else rows[:MOST_ROWS]
        parts.append(table("Values", ["key"], [names[0], names[1], "ratio"], shown))
        if len(rows) > len(shown):
            parts.append(f"... and {len(rows) - len(shown)} more (--full shows all)")
    for name, groups in zip(names, (found.only_before, found.only_after), strict=True):
        if groups:
            parts.append(f"Groups only in {name}: {', '.join(f'[{short_layers(group)}]' for group in groups)}")
    if found.mapping:
        parts.append("\n".join(["Mapping:", *found.mapping]))
    return parts


def difference_dict(found: Difference) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "values": {path: list(pair) for path, pair in found.values.items()},
        "only_before": [list(group) for group in found.only_before],
        "only_after": [list(group) for group in found.only_after],
        "mapping": list(found.mapping),
    }


def _text(value: Scalar) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:,.6g}" if isinstance(value, float) else value
    return text if len(text) <= 24 else f"{text[:21]}..."


def _ratio(before: Scalar, after: Scalar) -> str:
    pair: Sequence[Scalar] = (before, after)
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in pair) or not before:
        return ""
    assert isinstance(before, int | float) and isinstance(after, int | float)
    return f"{after / before:.3f}"
