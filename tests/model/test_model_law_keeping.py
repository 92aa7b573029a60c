"""Laws of keeping more of a tensor: further out, or instead of dropping it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from looptree.model import evaluate, evaluate_design
from looptree.model.inference import infer
from looptree.model.inferred import PlaceCounts
from looptree.taxonomy import Branch, Chain, LoopTree, Storage, Temporal
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.tree import Inner
from tests.model.law_cases import moved, random_designs
from tests.model.model_cases import drop, keep, layer, loop, run, sequential


@dataclass(frozen=True)
class Edit:
    """One tensor of one storage node kept further out, or kept instead of dropped."""

    tensor: str
    level: str
    chain: int
    tree: LoopTree


def edits(design: Design, edit: Callable[[tuple[Inner, ...], int, str], tuple[Inner, ...] | None]) -> Iterator[Edit]:
    """Every way to apply an edit to one tensor of one storage node."""
    for number, chain in enumerate(design.tree.root.walk()):
        for position, node in enumerate(chain.inner):
            for tensor in node.tensors if isinstance(node, Storage) else ():
                inner = edit(chain.inner, position, tensor)
                if inner is not None:
                    root = replaced(design.tree.root, chain, Chain(inner, chain.end))
                    assert isinstance(node, Storage)
                    yield Edit(tensor, node.level, number, LoopTree(root))


def replaced(chain: Chain, old: Chain, new: Chain) -> Chain:
    """The tree with one chain of it exchanged."""
    if chain is old:
        return new
    if not isinstance(chain.end, Branch):
        return chain
    branch = Branch(chain.end.kind, tuple(replaced(child, old, new) for child in chain.end.chains))
    return Chain(chain.inner, branch)


def without(inner: tuple[Inner, ...], position: int, tensor: str) -> list[Inner]:
    """The nodes with one tensor taken out of a storage node."""
    node = inner[position]
    assert isinstance(node, Storage)
    rest = tuple(t for t in node.tensors if t != tensor)
    return [*inner[:position], *([replace(node, tensors=rest)] if rest else []), *inner[position + 1 :]]


def one_loop_outwards(inner: tuple[Inner, ...], position: int, tensor: str) -> tuple[Inner, ...] | None:
    """Stored above the next loop out, unless another storage node of the tensor is in between."""
    node = inner[position]
    assert isinstance(node, Storage)
    for outer in range(position - 1, -1, -1):
        between = inner[outer]
        if isinstance(between, Temporal):
            nodes = without(inner, position, tensor)
            nodes.insert(outer, replace(node, tensors=(tensor,)))
            return tuple(nodes)
        if tensor in between.tensors:
            return None
    return None


def kept_instead_of_dropped(inner: tuple[Inner, ...], position: int, tensor: str) -> tuple[Inner, ...] | None:
    node = inner[position]
    assert isinstance(node, Storage)
    if node.overlap == "keep":
        return None
    nodes = without(inner, position, tensor)
    nodes.insert(position, Storage(node.level, (tensor,), "keep"))
    return tuple(nodes)


def counts_at(design: Design, edit: Edit) -> PlaceCounts:
    (place,) = [p.id for p in design.places if (p.tensor, p.level, p.chain) == (edit.tensor, edit.level, edit.chain)]
    return infer(design).places[place]


@pytest.mark.parametrize("edit", [one_loop_outwards, kept_instead_of_dropped])
def test_keeping_more_of_a_tensor_never_costs_that_tensor_more(
    edit: Callable[[tuple[Inner, ...], int, str], tuple[Inner, ...] | None],
) -> None:
    """One storage node of T one loop outwards, or `drop` made `keep`: T's producer computes no more, and no more
    words of T move off chip; the node itself never gets smaller (window and live).

    On every design, with any number of levels: the sweeps of T get longer, and what is required of T is not
    touched by how T is kept.
    """
    tried = 0
    for seed, design, before in random_designs(0, 100):
        for change in edits(design, edit):
            after_design = bind(design.workload, design.architecture, change.tree)
            after = evaluate_design(after_design, stepwise=False)
            producer = design.workload.producer(change.tensor)
            if producer is not None:
                assert after.operations[producer.name].total <= before.operations[producer.name].total, seed
            assert moved(after, change.tensor) <= moved(before, change.tensor), seed
            small, large = counts_at(design, change), counts_at(after_design, change)
            assert (small.window <= large.window, small.live <= large.live) == (True, True), seed
            tried += 1
    assert tried > 150


@pytest.mark.parametrize("edit", [one_loop_outwards, kept_instead_of_dropped])
def test_keeping_more_never_costs_more_where_all_else_stays(
    edit: Callable[[tuple[Inner, ...], int, str], tuple[Inner, ...] | None],
) -> None:
    """No operations and no off-chip words are added in total, as long as every *other* tensor is kept below one
    loop at most, with `keep`.

    Then no step forgets anything of the others, and they move the union of what is required of them, which
    only shrinks. For others below two loops see the next test.
    """
    tried = 0
    for seed, design, before in random_designs(0, 900):
        for change in edits(design, edit):
            if any(p.tensor != change.tensor and (p.depth > 1 or p.drop) for p in design.places):
                continue
            after = evaluate(design.workload, design.architecture, change.tree, stepwise=False)
            assert after.total_operations <= before.total_operations, seed
            for tensor in design.workload.tensors:
                assert moved(after, tensor) <= moved(before, tensor), seed
            tried += 1
    assert tried > 80


def test_keeping_one_tensor_can_cost_another() -> None:
    """A window that stood still can begin to move once less is asked for, and then forgets when an outer loop steps.

    Dropped, F2 is computed again at every step and always asks for both words of F1: they stay. Kept, the last
    step asks for the second word only, F1's window moves with p, and every step of m fetches it again.
    """
    layers = [
        layer("wide", "F2[y] = F1[y+r-4] * W1[r]", y=6, r=5),
        layer("next", "F3[m,p] = F2[p+s] * W2[m,s]", m=2, p=5, s=2),
    ]
    before, after = (
        run(
            layers,
            loop("m", 1),
            loop("p", 1),
            keep("GLB", "F1"),
            node("GLB", "F2"),
            sequential("wide", "next"),
            shapes={"F1": (2,)},
        )
        for node in (drop, keep)
    )
    assert (moved(before, "F1"), moved(after, "F1")) == (2, 4)
    # 2 points of F2 at each of 10 steps, or 6 in each sweep of p; 5 operations each.
    assert (before.operations["wide"].total, after.operations["wide"].total) == (100, 60)
