"""The choices of a fusion group in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looptree.taxonomy.group import GroupChoice


def describe(choice: GroupChoice) -> str:
    """The choices of one group in one line."""
    labels = [loop.label for loop in choice.loops]
    parts = [_list(choice.einsums) + (f" fused, {choice.parallelism}" if len(choice.einsums) > 1 else " alone")]
    if choice.loops:
        parts.append("loops " + ", ".join(f"{loop.label}: {loop.tile}" for loop in choice.loops))
    parts += _kept(choice.level, labels, choice.retention)
    for einsum in choice.einsums:
        loops = choice.leaf_loops.get(einsum, ())
        if loops:
            parts.append(f"inside {einsum} loops " + ", ".join(f"{loop.label}: {loop.tile}" for loop in loops))
        kept = _kept(choice.level, [loop.label for loop in loops], choice.leaf_retention.get(einsum, {}))
        parts += [f"inside {einsum} {text}" for text in kept]
        if choice.inside.get(einsum):
            parts.append(f"nest of {einsum}: {', '.join(map(str, choice.inside[einsum]))}")
    parts += [f"nested inside ({describe(part)})" for part in choice.nested]
    if choice.drop:
        parts.append(f"overlap of {_list(sorted(choice.drop))} dropped")
    if choice.reload:
        parts.append(f"{_list(sorted(choice.reload))} reloaded")
    if choice.spilled:
        parts.append(f"{_list(sorted(choice.spilled))} spilled")
    return "; ".join(parts)


def _kept(level: str, loops: Sequence[str], retention: Mapping[str, int]) -> list[str]:
    parts = []
    for depth in range(len(loops) + 1):
        tensors = [tensor for tensor, above in retention.items() if above == depth]
        if tensors:
            parts.append(f"{_list(tensors)} " + (f"below {loops[depth - 1]}" if depth else "whole"))
    return [f"{level} keeps {', '.join(parts)}"] if parts else []


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
