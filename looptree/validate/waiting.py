"""What one row of tiles leaves for the next in a group that keeps everything: the line buffers of depth-first designs.

If nothing of a tensor stayed between two rows of tiles, what waits there would be computed (or fetched) again, once for
each row of tiles after the first. So

    waiting = words again / (rows of tiles - 1)

where the model counts the words again with `overlap: drop` for that tensor alone. Columns do not matter to it: a row
of tiles spans the whole width.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model import Evaluation, evaluate
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import LoopTree, RankRef, Temporal
from looptree.workload import Workload

_ROWS = "p"


def waiting_bytes(workload: Workload, architecture: Architecture, tree: LoopTree, tensors: Iterable[str]) -> Fraction:
    """Bytes of some tensors that wait between rows of tiles, where all layers are one group that keeps everything.

    Raises:
        InputError: not all layers are one group with a loop over rows of more than one step.
    """
    tensors = list(tensors)
    tile = _row_tile(workload, tree, tensors)
    level = architecture.levels[1].name
    names = tuple(einsum.name for einsum in workload.einsums)
    loops = (Temporal((RankRef(_ROWS),), tile),)
    places = dict.fromkeys(workload.tensors, 1)
    steps = -(-workload.einsums[-1].ranks[_ROWS] // tile)
    total = Fraction(0)
    for tensor in tensors:
        choice = GroupChoice(names, loops, places, drop=frozenset([tensor]), level=level)
        again = _words_again(
            workload, evaluate(workload, architecture, plan_tree(workload, architecture, [choice])), tensor
        )
        total += again * Fraction(workload.tensors[tensor].bits, 8) / (steps - 1)
    return total


def _words_again(workload: Workload, result: Evaluation, tensor: str) -> Fraction:
    producer = workload.producer(tensor)
    if producer is None:
        read = result.transfers[result.off_chip][tensor].reads_words
        return Fraction(read - workload.tensors[tensor].size)
    each = Fraction(producer.operations, workload.tensors[tensor].size)
    return result.operations[producer.name].recomputed / each


def _row_tile(workload: Workload, tree: LoopTree, tensors: list[str]) -> int:
    """The rows of a tile; the tensors have to stand right below that loop, their overlap kept."""
    above: list[str] = []
    tiles: list[int] = []
    kept: set[str] = set()
    for node in tree.root.inner:
        if isinstance(node, Temporal):
            above += [ref.rank for ref in node.ranks]
            tiles += [node.tile] if above[-1] == _ROWS else []
        elif above and above[-1] == _ROWS and node.overlap == "keep":
            kept.update(node.tensors)
    is_group = len(tree.root.chains) == len(workload.einsums) and set(tensors) <= kept
    if not is_group or len(tiles) != 1 or tiles[0] >= workload.einsums[-1].ranks[_ROWS]:
        problem = "expected all layers in one group that keeps everything between several rows of tiles"
        raise InputError(problem, where=f"workload {workload.name!r}")
    return tiles[0]
