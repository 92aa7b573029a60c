"""Building small designs for the tests of the model, with as little around the numbers as possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from looptree.architecture import Architecture, Level
from looptree.model import Evaluation, evaluate_design
from looptree.taxonomy import Branch, Chain, Compute, LoopTree, RankRef, Storage, Temporal
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression

Node = Storage | Temporal | Branch | str

TWO_LEVELS = Architecture("two levels", (Level("DRAM"), Level("GLB")))
THREE_LEVELS = Architecture("three levels", (Level("DRAM"), Level("GLB"), Level("RF")))


def layer(name: str, expression: str, /, **ranks: int) -> Einsum:
    """An Einsum from its expression and the extents of its ranks."""
    output, inputs, operation = parse_expression(expression)
    return Einsum(name, ranks, inputs, output, operation)


def matmuls(count: int, size: int) -> list[Einsum]:
    """`fc1` to `fc<count>`: T1 = T0 W1, T2 = T1 W2, ..., all square."""
    return [
        layer(f"fc{i}", f"T{i}[m,n] = T{i - 1}[m,k] * W{i}[k,n]", m=size, n=size, k=size) for i in range(1, count + 1)
    ]


def keep(level: str, *tensors: str) -> Storage:
    """A storage node."""
    return Storage(level, tensors)


def drop(level: str, *tensors: str) -> Storage:
    """A storage node whose windows keep nothing when they move."""
    return Storage(level, tensors, "drop")


def while_used(level: str, *tensors: str) -> Storage:
    """A storage node whose tensors take space from their first to their last use."""
    return Storage(level, tensors, lifetime="uses")


def loop(ranks: str, tile: int) -> Temporal:
    """A loop; several ranks are separated by blanks."""
    return Temporal(tuple(RankRef.parse(rank) for rank in ranks.split()), tile)


def chain(*nodes: Node) -> Chain:
    """A chain; it ends in a branch or in the name of an Einsum."""
    *inner, end = nodes
    found = [node for node in inner if isinstance(node, Storage | Temporal)]
    assert len(found) == len(inner), "only the last node may be a branch or an Einsum"
    if isinstance(end, str):
        return Chain(tuple(found), Compute(end))
    assert isinstance(end, Branch), "a chain ends in a branch or an Einsum"
    return Chain(tuple(found), end)


def sequential(*chains: Chain | str) -> Branch:
    """Branches that take turns; a name stands for a leaf without loops."""
    return Branch("sequential", _chains(chains))


def pipeline(*chains: Chain | str) -> Branch:
    """Branches that run at once."""
    return Branch("pipeline", _chains(chains))


def _chains(chains: Iterable[Chain | str]) -> tuple[Chain, ...]:
    return tuple(chain(c) if isinstance(c, str) else c for c in chains)


def design(
    layers: Iterable[Einsum] | Workload,
    *nodes: Node,
    on: Architecture = TWO_LEVELS,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    **options: Any,
) -> Design:
    """A bound design; inputs and outputs that no storage node names stand at the outermost level.

    Args:
        layers: Einsums, or a workload that is already built.
        nodes: the mapping from the outside in.
        on: the architecture.
        shapes: declared shapes.
        options: what else the workload takes (`bits`, `outputs`, `default_bits`).
    """
    workload = layers if isinstance(layers, Workload) else Workload("case", layers, shapes=shapes, **options)
    root = chain(*nodes)
    named = {t for c in root.walk() for n in c.inner if isinstance(n, Storage) and n.level == "DRAM" for t in n.tensors}
    outside = tuple(t for t in (*workload.inputs, *workload.outputs) if t not in named)
    inner = (keep(on.off_chip.name, *outside), *root.inner) if outside else root.inner
    return bind(workload, on, LoopTree(Chain(inner, root.end)))


def run(
    layers: Iterable[Einsum] | Workload,
    *nodes: Node,
    on: Architecture = TWO_LEVELS,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    **options: Any,
) -> Evaluation:
    """The evaluation of such a design."""
    return evaluate_design(design(layers, *nodes, on=on, shapes=shapes, **options))


def words(evaluation: Evaluation, level: str, tensor: str) -> tuple[int, int]:
    """Words of a tensor read and written at a level."""
    traffic = evaluation.transfers[level][tensor]
    return traffic.reads_words, traffic.writes_words
