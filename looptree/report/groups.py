"""The choices of one fusion group on one line: what is kept and the loops around what follows, outside in.

And what stays on chip between groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType

from looptree.report.planned import OnChip
from looptree.report.table import stacked
from looptree.report.text import counted, short_layers
from looptree.search import Plan
from looptree.taxonomy import GroupChoice, Temporal
from looptree.taxonomy.group_tensors import tensor_kinds
from looptree.taxonomy.tree import Inner, Storage
from looptree.workload import Workload

_KINDS = {"weight": "weights", "input": "inputs", "intermediate": "intermediates", "output": "outputs"}

GROUP_HEADER = "layers\n  [kept on chip] rank tile [kept] ..."
"""Above a column of `group_cell`s."""


def group_cell(workload: Workload, choice: GroupChoice, between: OnChip) -> RenderableType:
    """The layers of a group, below them its choices and what stays on chip before and after it."""
    return stacked(short_layers(choice.einsums), describe_choice(workload, choice), describe_on_chip(between))


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
    parts += [f"nested {short_layers(n.einsums)}: {_nest(n.loops, n.retention, kinds, sizes)}" for n in choice.nested]
    for einsum, nodes in choice.inside.items():
        parts += [f"inside {einsum}: {_inside(nodes, kinds, sizes)}"] if nodes else []
    if choice.drop:
        parts.append("overlap dropped")
    if choice.reload:
        parts.append("reloaded in each run of a branch")
    if choice.spilled:
        parts.append("refetched, not recomputed")
    if choice.parallelism == "pipeline":
        parts.append("pipelined")
    return "; ".join(part for part in parts if part)


def describe_on_chip(between: OnChip, most: int = 3) -> str:
    """What a group finds on chip, leaves there, and what is only held there for others.

    >>> describe_on_chip(OnChip(found=("a",), left=("b", "c", "d", "e")))
    'on chip: finds a; leaves b, c, d, ... (4)'
    """
    parts = [
        f"{verb} {', '.join(names[:most])}" + (f", ... ({len(names)})" if len(names) > most else "")
        for verb, names in (("finds", between.found), ("leaves", between.left), ("holds", between.held))
        if names
    ]
    return f"on chip: {'; '.join(parts)}" if parts else ""


def on_chip_between(plan: Plan) -> str:
    """A further line for a title: how many tensors stay on chip between groups; empty if none does."""
    count = len(plan.resident)
    return f"\n{counted(count, 'tensor')} {'stays' if count == 1 else 'stay'} on chip between groups" if count else ""


def idle_in(plan: Plan) -> str:
    """A further line for a title: layers of which nothing is read, so that they do nothing; empty without any."""
    idle = [name for name, count in plan.evaluation.operations.items() if not count.total]
    makes = "makes" if len(idle) == 1 else "make"
    return f"\nnothing is read of what {', '.join(idle)} {makes}: no operations" if idle else ""


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


def _inside(nodes: Sequence[Inner], kinds: Mapping[str, str], sizes: Mapping[str, int]) -> str:
    """The nodes of a nest, outside in: `m 8 k 1 RF [weights, output]`."""
    words = []
    for node in nodes:
        if isinstance(node, Storage):
            words.append(f"{node.level} [{_kept([kinds[tensor] for tensor in node.tensors], sizes)}]")
        else:
            words.append(f"{', '.join(dict.fromkeys(ref.rank for ref in node.ranks))} {node.tile}")
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
