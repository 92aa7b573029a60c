"""A fusion group as a frozen set of choices, and the mapping tree that the choices mean.

A `GroupChoice` is one point of the taxonomy for one fusion group on one on-chip level. `group_chain`
writes it as a chain of the mapping tree; `plan_tree` joins groups into the tree of a whole workload.

Assumptions made here:

* On-chip data lives at one level, `GroupChoice.level`; a tensor without a retention has no on-chip node
  and is read or written where its next storage node further out is.
* Groups take turns; what crosses from one to the next is stored off chip, unless the plan keeps it on chip
  (`resident`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.taxonomy.group_tensors import group_tensors
from looptree.taxonomy.tree import Branch, Chain, Compute, Inner, LoopTree, Storage, Temporal
from looptree.workload.workload import Workload


@dataclass(frozen=True)
class GroupChoice:
    """What is chosen for one fusion group.

    Attributes:
        einsums: the fused layers in topological order.
        loops: loops above the branch, outermost first.
        retention: loops above the on-chip storage node of a tensor, `0..len(loops)`; 0 keeps it whole.
        drop: tensors whose windows keep nothing of their overlap.
        spilled: intermediates of the group that get an off-chip node, too: refetched, not recomputed.
        leaf_loops: loops of a layer inside its branch, outermost first; ranks written `conv1.c`.
        leaf_retention: per layer the tensors stored inside its branch, and how many of its `leaf_loops`
            stand above them. reload: those of them that do not outlive one run of the branch.
        parallelism: `sequential` or `pipeline`; a group of one layer has no branch.
        level: name of the on-chip memory level.
        inside: per layer its nest at levels further in, as nodes below all others; a layer that is named here has no
            other nest, even with an architecture that pins a dataflow.
        nested: layers next to each other in `einsums` that have a branch of their own, with loops of their own above
            it, each as a choice. What such a choice retains does not outlive one run of its branch (`reload`).

    Raises:
        InputError: a retention outside its range, a dropped tensor that is not retained, leaf loops of a
            layer that is not in the group, a parallelism of another name, or nested branches of layers that do not
            stand next to each other.

    >>> from looptree.taxonomy.described import describe
    >>> from looptree.taxonomy.tree import RankRef
    >>> choice = GroupChoice(("conv1", "conv2"), (Temporal((RankRef("p"),), 4),), {"F2": 1}, level="GLB")
    >>> describe(choice)
    'conv1 and conv2 fused, sequential; loops p: 4; GLB keeps F2 below p'
    """

    einsums: tuple[str, ...]
    loops: tuple[Temporal, ...] = ()
    retention: Mapping[str, int] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    spilled: frozenset[str] = frozenset()
    leaf_loops: Mapping[str, tuple[Temporal, ...]] = field(default_factory=dict)
    leaf_retention: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    parallelism: str = "sequential"
    level: str = field(kw_only=True)
    reload: frozenset[str] = field(default=frozenset(), kw_only=True)
    inside: Mapping[str, tuple[Inner, ...]] = field(default_factory=dict, kw_only=True)
    nested: tuple[GroupChoice, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        leaf_retention = {e: MappingProxyType(dict(depths)) for e, depths in self.leaf_retention.items()}
        object.__setattr__(self, "retention", MappingProxyType(dict(self.retention)))
        object.__setattr__(self, "leaf_loops", MappingProxyType(dict(self.leaf_loops)))
        object.__setattr__(self, "leaf_retention", MappingProxyType(leaf_retention))
        object.__setattr__(self, "inside", MappingProxyType(dict(self.inside)))
        where = f"group {', '.join(self.einsums)}"
        if not self.einsums:
            raise InputError("a fusion group needs at least one einsum")
        if self.parallelism not in ("sequential", "pipeline"):
            raise InputError(f"expected sequential or pipeline, found {self.parallelism!r}", where=where)
        for einsum in (*self.leaf_loops, *self.leaf_retention, *self.inside):
            if einsum not in self.einsums:
                raise InputError(f"{einsum!r} is not in the group", where=where, hint=nearest(einsum, self.einsums))
        _check_depths(self.retention, len(self.loops), where)
        stored = set(self.retention)
        for einsum, depths in leaf_retention.items():
            _check_depths(depths, len(self.leaf_loops.get(einsum, ())), f"{where}: {einsum}")
            stored.update(depths)
        _check_nested(self.einsums, self.nested, where)
        for tensor in sorted(self.drop - stored):
            raise InputError(f"overlap of {tensor!r} is dropped but it has no retention", where=where)

    def __hash__(self) -> int:
        leaf_retention = frozenset((e, frozenset(depths.items())) for e, depths in self.leaf_retention.items())
        retention, leaf_loops = frozenset(self.retention.items()), frozenset(self.leaf_loops.items())
        inside = frozenset(self.inside.items())
        fixed = (
            self.einsums,
            self.loops,
            self.drop,
            self.spilled,
            self.parallelism,
            self.level,
            inside,
            self.nested,
            self.reload,
        )
        return hash((fixed, retention, leaf_loops, leaf_retention))

    def __reduce__(self) -> tuple[object, ...]:
        leaf_retention = {e: dict(depths) for e, depths in self.leaf_retention.items()}
        leaves = (dict(self.leaf_loops), leaf_retention)
        plain = (self.einsums, self.loops, dict(self.retention), self.drop, self.spilled, *leaves)
        return _rebuild, (*plain, self.parallelism, self.level, dict(self.inside), self.nested, self.reload)


def _rebuild(*fields: object) -> GroupChoice:
    *plain, level, inside, nested, reload = fields
    return GroupChoice(*plain, level=level, inside=inside, nested=nested, reload=reload)  # type: ignore[arg-type]


def _check_nested(einsums: Sequence[str], nested: Sequence[GroupChoice], where: str) -> None:
    free = list(einsums)
    for part in nested:
        at = free.index(part.einsums[0]) if part.einsums[0] in free else len(free)
        if len(part.einsums) < 2 or tuple(free[at : at + len(part.einsums)]) != part.einsums:
            problem = f"expected a nested branch of layers next to each other, found {', '.join(part.einsums)}"
            raise InputError(problem, where=where, hint="of one layer, leaf_loops say which loops it has of its own")
        free[at : at + len(part.einsums)] = [""]


def _check_depths(depths: Mapping[str, int], loops: int, where: str) -> None:
    for tensor, depth in depths.items():
        if not 0 <= depth <= loops:
            problem = f"expected a retention from 0 to {loops} for tensor {tensor!r}, found {depth}"
            raise InputError(problem, where=where)


def group_chain(workload: Workload, choice: GroupChoice) -> Chain:
    """The chain of one fusion group, without the off-chip storage above it.

    Storage nodes stand in the order of the tensors of the workload's Einsums, at each depth first what
    keeps its overlap, then what drops it. One layer alone ends in its computation, without a branch.

    Raises:
        InputError: an unknown Einsum, or a retention of a tensor that the group or the layer does not use.
    """
    tensors = group_tensors(workload, choice.einsums)
    _check_known(choice.retention, tensors, f"group {', '.join(choice.einsums)}")
    inner = _interleave(choice.level, choice.loops, choice.retention, choice.drop, tensors)
    branch_of = {einsum: part for part in choice.nested for einsum in part.einsums}
    leaves = tuple(
        _nested(workload, branch_of[einsum]) if einsum in branch_of else _leaf(workload, choice, einsum)
        for einsum in choice.einsums
        if einsum not in branch_of or einsum == branch_of[einsum].einsums[0]
    )
    if len(leaves) == 1:
        return Chain(inner + leaves[0].inner, leaves[0].end)
    return Chain(inner, Branch(choice.parallelism, leaves))


def _nested(workload: Workload, part: GroupChoice) -> Chain:
    """A branch inside a branch: nothing in it outlives one of its runs."""
    chain = group_chain(workload, part)
    inner = (replace(n, overlap="reload") if isinstance(n, Storage) and n.overlap == "keep" else n for n in chain.inner)
    return replace(chain, inner=tuple(inner))


def plan_tree(
    workload: Workload,
    architecture: Architecture,
    groups: Sequence[GroupChoice],
    *,
    resident: Collection[str] = (),
) -> LoopTree:
    """The mapping tree of a whole workload, one fusion group after the other.

    Off chip stands every input and output of the workload, every tensor that crosses groups and every
    spilled one. `binding.bind` checks the result.

    Args:
        workload: what is computed.
        architecture: its outermost level is off chip.
        groups: the fusion groups in the order in which they run.
        resident: tensors that stay on chip as a whole from the first to the last group that uses them. An
            intermediate among them is off chip as well only if it is spilled or an output of the workload. No
            group has a retention of its own for them.

    Raises:
        InputError: no group, an unknown Einsum, a spilled tensor that its group does not produce, a resident
            tensor that is unknown or has a retention in a group, groups with residents on different levels,
            or what `group_chain` refuses.
    """
    if not groups:
        raise InputError("a plan needs at least one fusion group", where=f"workload {workload.name!r}")
    kept = _resident(workload, groups, resident)
    stored = off_chip_tensors(workload, groups, resident=kept)
    outer = Storage(architecture.off_chip.name, tuple(t for t in workload.tensors if t in stored))
    chains = tuple(group_chain(workload, choice) for choice in groups)
    if len(chains) == 1:
        whole = (Storage(groups[0].level, kept),) if kept else ()
        return LoopTree(Chain((outer, *whole, *chains[0].inner), chains[0].end))
    between = (Storage(groups[0].level, kept, lifetime="uses"),) if kept else ()
    return LoopTree(Chain((outer, *between), Branch("sequential", chains)))


def _resident(workload: Workload, groups: Sequence[GroupChoice], resident: Collection[str]) -> tuple[str, ...]:
    """The resident tensors in the order of the workload, checked."""
    for tensor in resident:
        if tensor not in workload.tensors:
            hint = nearest(tensor, workload.tensors)
            raise InputError(f"there is no tensor {tensor!r}", where="tensors that stay on chip", hint=hint)
    for choice in groups if resident else ():
        where = f"group {', '.join(choice.einsums)}"
        if choice.level != groups[0].level:
            raise InputError(
                f"it keeps tensors at {choice.level}, the first group at {groups[0].level}",
                where=where,
                hint="tensors that stay on chip between groups need all groups on one level",
            )
        for tensor in (*choice.retention, *(t for depths in choice.leaf_retention.values() for t in depths)):
            if tensor in resident:
                raise InputError(
                    f"tensor {tensor!r} stays on chip between groups and has a retention as well",
                    where=where,
                    hint="leave out its retention; the group finds it on chip as a whole",
                )
    return tuple(tensor for tensor in workload.tensors if tensor in resident)


def off_chip_tensors(workload: Workload, groups: Sequence[GroupChoice], *, resident: Collection[str] = ()) -> set[str]:
    """Inputs and outputs of the workload, what crosses groups and is not `resident` on chip, and what is spilled."""
    group_of = {einsum: index for index, choice in enumerate(groups) for einsum in choice.einsums}
    stored = {*workload.inputs, *workload.outputs}
    for index, choice in enumerate(groups):
        produced = {workload.einsum(name).output.tensor for name in choice.einsums}
        _check_known(choice.spilled, sorted(produced), f"spilled by group {', '.join(choice.einsums)}")
        stored |= choice.spilled
        stored.update(
            tensor
            for tensor in produced.difference(resident)
            if any(group_of.get(consumer.name) != index for consumer in workload.consumers(tensor))
        )
    return stored


def _leaf(workload: Workload, choice: GroupChoice, einsum: str) -> Chain:
    depths = choice.leaf_retention.get(einsum, {})
    tensors = group_tensors(workload, (einsum,)) if depths else ()
    _check_known(depths, tensors, f"inside the branch of {einsum!r}")
    loops = choice.leaf_loops.get(einsum, ())
    above = _interleave(choice.level, loops, depths, choice.drop, tensors, choice.reload)
    if einsum not in choice.inside:
        return Chain(above, Compute(einsum))
    return Chain((*above, *choice.inside[einsum]), Compute(einsum, inside="written"))


def _interleave(
    level: str,
    loops: tuple[Temporal, ...],
    depths: Mapping[str, int],
    drop: frozenset[str],
    order: tuple[str, ...],
    reload: frozenset[str] = frozenset(),
) -> tuple[Inner, ...]:
    """Storage nodes and loops from the outside in."""
    nodes: list[Inner] = []
    for depth in range(len(loops) + 1):
        here = [tensor for tensor in order if depths.get(tensor) == depth]
        parted = {
            "keep": tuple(tensor for tensor in here if tensor not in drop | reload),
            "drop": tuple(tensor for tensor in here if tensor in drop - reload),
            "reload": tuple(tensor for tensor in here if tensor in reload),
        }
        nodes += [Storage(level, tensors, overlap) for overlap, tensors in parted.items() if tensors]
        if depth < len(loops):
            nodes.append(loops[depth])
    return tuple(nodes)


def _check_known(tensors: Iterable[str], known: Sequence[str], where: str) -> None:
    for tensor in tensors:
        if tensor not in known:
            raise InputError(f"tensor {tensor!r} is not used here", where=where, hint=nearest(tensor, known))
