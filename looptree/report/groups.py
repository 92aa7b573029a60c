"""The choices of one fusion group on one line: what is kept and the loops around what follows, outside in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looptree.taxonomy import GroupChoice, Temporal
from looptree.taxonomy.group import tensor_kinds
from looptree.workload import Workload

_KINDS = {"weight": "weights", "input": "inputs", "intermediate": "intermediates", "output": "outputs"}


def describe_choice(workload: Workload, choice: GroupChoice) -> str:
    """Loops with their tile shapes, between them in brackets what is stored on chip there.

    `[weights] p 1 [inputs, intermediates] q 8 [outputs]`: weights are kept whole, inputs and intermediates per tile of
    one row, outputs per tile of one row and eight columns. Where only some tensors of a kind are stored at one
    depth, their number is given: `[2 of 3 weights]`.
    """
    kinds = tensor_kinds(workload, choice.einsums)
    sizes = {kind: list(kinds.values()).count(kind) for kind in _KINDS}
    parts = [_nest(choice.loops, choice.retention, kinds, sizes)]
    for einsum in choice.einsums:
        loops, retention = choice.leaf_loops.get(einsum, ()), choice.leaf_retention.get(einsum, {})
        if loops or retention:
            parts.append(f"{einsum}: {_nest(loops, retention, kinds, sizes)}")
    if choice.drop:
        parts.append("overlap dropped")
    if choice.spilled:
        parts.append("refetched, not recomputed")
    if choice.parallelism == "pipeline":
        parts.append("pipelined")
    return "; ".join(part for part in parts if part)


def _nest(
    loops: Sequence[Temporal], retention: Mapping[str, int], kinds: Mapping[str, str], sizes: Mapping[str, int]
) -> str:
    words = []
    for depth in range(len(loops) + 1):
        kept = _kept([kinds[tensor] for tensor, above in retention.items() if above == depth], sizes)
        words += [f"[{kept}]"] if kept else []
        if depth < len(loops):
            ranks = dict.fromkeys(ref.rank for ref in loops[depth].ranks)
            words.append(f"{', '.join(ranks)} {loops[depth].tile}")
    return " ".join(words)


def _kept(found: Sequence[str], sizes: Mapping[str, int]) -> str:
    """Kinds of tensors at one depth, with a number where they are not all there are."""
    names = []
    for kind, plural in _KINDS.items():
        count = found.count(kind)
        if count:
            noun = kind if sizes[kind] == 1 else plural
            names.append(noun if count == sizes[kind] else f"{count} of {sizes[kind]} {noun}")
    return ", ".join(names)
