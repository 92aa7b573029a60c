"""Laws of names and order: neither matters, nor does a loop with one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from looptree.architecture import Architecture, Compute
from looptree.model import Evaluation, evaluate
from looptree.model.result import Stepwise
from looptree.taxonomy import Branch, Chain, LoopTree, RankRef, Storage, Temporal
from looptree.taxonomy import Compute as Leaf
from looptree.taxonomy.tree import Inner
from looptree.workload import Access, Affine, Einsum, Workload
from tests.model.law_cases import random_designs
from tests.model.model_cases import words


@dataclass(frozen=True)
class Renaming:
    """New names of everything, sorted the other way round."""

    workload: Workload

    def __call__(self, name: str) -> str:
        return "".join(chr(ord("z") - (ord(c) - ord("a"))) if c.islower() else c for c in name) + "_"

    def einsum(self, einsum: Einsum) -> Einsum:
        ranks = {self(rank): extent for rank, extent in reversed(list(einsum.ranks.items()))}
        inputs = tuple(self.access(access) for access in einsum.inputs)
        return Einsum(self(einsum.name), ranks, inputs, self.access(einsum.output), einsum.operation)

    def access(self, access: Access) -> Access:
        forms = (form.renamed({rank: self(rank) for rank in form.ranks}) for form in access.projection)
        return Access(self(access.tensor), tuple(Affine(tuple(reversed(f.terms)), f.constant) for f in forms))

    def renamed(self) -> Workload:
        tensors = self.workload.tensors.values()
        return Workload(
            "renamed",
            [self.einsum(e) for e in reversed(self.workload.einsums)],
            shapes={self(t.name): t.shape for t in reversed(list(tensors))},
            bits={self(t.name): t.bits for t in tensors},
        )

    def chain(self, chain: Chain) -> Chain:
        inner = tuple(self.node(node) for node in chain.inner)
        if not isinstance(chain.end, Branch):
            return Chain(inner, Leaf(self(chain.end.einsum)))
        return Chain(inner, Branch(chain.end.kind, tuple(self.chain(child) for child in chain.end.chains)))

    def node(self, node: Inner) -> Inner:
        if isinstance(node, Storage):
            return replace(node, tensors=tuple(self(t) for t in reversed(node.tensors)))
        return replace(
            node, ranks=tuple(RankRef(self(r.rank), self(r.einsum) if r.einsum else None) for r in reversed(node.ranks))
        )

    def architecture(self, architecture: Architecture) -> Architecture:
        spatial = {self(rank): extent for rank, extent in architecture.compute.spatial.items()}
        return replace(architecture, compute=Compute("MAC", architecture.compute.pj_per_operation, spatial=spatial))


def numbers(evaluation: Evaluation, name: Callable[[str], str]) -> dict[str, object]:
    """All that an evaluation says, under new names."""

    def layers(steps: Stepwise | None) -> Stepwise | None:
        return Stepwise({name(e): of for e, of in steps.spent.items()}) if steps is not None else None

    groups = [
        replace(g, einsums=tuple(name(e) for e in g.einsums), stepwise=layers(g.stepwise)) for g in evaluation.groups
    ]
    return {
        "operations": {name(e): counts for e, counts in evaluation.operations.items()},
        "transfers": {level: {name(t): m for t, m in per.items()} for level, per in evaluation.transfers.items()},
        "occupancy": {
            level: replace(o, per_tensor={name(t): size for t, size in o.per_tensor.items()})
            for level, o in evaluation.occupancy.items()
        },
        "energy": evaluation.energy,
        "latency": replace(
            evaluation.latency,
            stepwise=layers(evaluation.latency.stepwise),
            refused="",
            layers={name(e): cycles for e, cycles in evaluation.latency.layers.items()},
        ),
        "groups": groups,
    }


def test_names_and_order_do_not_matter() -> None:
    """Ranks, tensors and Einsums renamed so that they sort the other way round, and everything that a file lists
    in some order listed in reverse: every number stays."""
    for seed, design, before in random_designs(300, 600):
        renaming = Renaming(design.workload)
        tree = LoopTree(renaming.chain(design.tree.root))
        after = evaluate(renaming.renamed(), renaming.architecture(design.architecture), tree)
        assert numbers(after, str) == numbers(before, renaming), seed


def test_a_loop_with_one_step_changes_nothing() -> None:
    """A tile as large as its rank, around everything: all becomes one group, and every count in words stays."""
    for seed, design, before in random_designs(600, 850):
        if any(place.while_used for place in design.places):
            continue  # the loop would be in the way of a lifetime by uses
        sinks = design.root.sinks
        ranks = {sink: next(iter(design.workload.einsum(sink).ranks.items()), None) for sink in sinks}
        extents = {found[1] for found in ranks.values() if found is not None}
        if len(extents) != 1:
            continue
        refs = tuple(RankRef(found[0], sink) for sink, found in ranks.items() if found is not None)
        root = design.tree.root
        around = LoopTree(Chain((root.inner[0], Temporal(refs, extents.pop()), *root.inner[1:]), root.end))
        after = evaluate(design.workload, design.architecture, around)
        assert (after.operations, after.occupancy, after.energy) == (before.operations, before.occupancy, before.energy)
        assert after.latency.compute == before.latency.compute, seed
        for level, tensors in before.transfers.items():
            for tensor in tensors:
                assert words(after, level, tensor) == words(before, level, tensor), seed
