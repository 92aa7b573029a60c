"""A mapping tree checked against its workload and architecture.

`bind` resolves every name once: loops get their depth and the ranks of their sinks, storage nodes
become `Place`s that know the place further out, and everything that can be wrong about a mapping
is said here.
"""

from __future__ import annotations

from collections.abc import Collection

from looptree.architecture import Architecture, check_named
from looptree.errors import InputError, guided, nearest
from looptree.taxonomy.branching import check_order, check_split
from looptree.taxonomy.design import BoundChain, Design, Loop, Place
from looptree.taxonomy.storing import check_held, check_lifetime, check_own, check_shared
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, Spatial, Storage, Temporal, placed, where_of
from looptree.workload.workload import Workload


@guided("formats.md#mapping")
def bind(workload: Workload, architecture: Architecture, tree: LoopTree) -> Design:
    """Check a mapping tree against workload and architecture.

    Raises:
        InputError: an Einsum computed twice, never, or unknown; a rank that the sinks do not have; a tile
            larger than its rank; a tensor stored nowhere, where nothing uses it, twice at one level of a
            path, or at levels out of order; a lifetime by uses where no branches without a loop around them
            take turns; a branch that runs before what it reads is there.
    """
    check_named(architecture, workload.tensors)
    try:
        return _Binder(workload, architecture, tree).design()
    except InputError as problem:
        raise placed(problem, tree.source) if tree.source else problem from None


class _Binder:
    def __init__(self, workload: Workload, architecture: Architecture, tree: LoopTree) -> None:
        self.workload = workload
        self.architecture = architecture
        self.tree = tree
        self.chains: list[BoundChain | None] = []
        self.places: list[Place] = []

    def design(self) -> Design:
        self._check_einsums()
        self._chain(self.tree.root, None, 0, {}, pipelined=False)
        chains = tuple(c for c in self.chains if c is not None)
        check_shared(self.workload, self.architecture, self.places, chains)
        return Design(self.workload, self.architecture, self.tree, chains, tuple(self.places))

    # -- Einsums --------------------------------------------------------------------------

    def _check_einsums(self) -> None:
        known = [e.name for e in self.workload.einsums]
        seen: set[str] = set()
        for leaf in (chain.end for chain in self.tree.root.walk() if isinstance(chain.end, Compute)):
            name = leaf.einsum
            if name not in known:
                raise InputError(
                    f"there is no einsum {name!r}", where=where_of(leaf, "compute"), hint=nearest(name, known)
                )
            if name in seen:
                raise InputError(
                    f"einsum {name!r} is computed twice", where=where_of(leaf, "compute"), hint="remove one of the two"
                )
            seen.add(name)
        missing = [name for name in known if name not in seen]
        if missing:
            raise InputError(
                f"mapping: einsum {missing[0]!r} is never computed", hint="every einsum needs one compute node"
            )

    def _check_unit(self, leaf: Compute) -> None:
        known = self.architecture.compute.name
        if leaf.unit not in (None, known):
            raise InputError(
                f"there is no unit {leaf.unit!r}",
                where=where_of(leaf, f"compute {leaf.einsum}"),
                hint=nearest(str(leaf.unit), [known]),
            )

    def _sinks(self, einsums: tuple[str, ...]) -> tuple[str, ...]:
        below = set(einsums)
        return tuple(
            name
            for name in einsums
            if not any(
                c.name in below and c.name != name
                for c in self.workload.consumers(self.workload.einsum(name).output.tensor)
            )
        )

    # -- the tree -------------------------------------------------------------------------

    def _chain(
        self,
        chain: Chain,
        parent: int | None,
        outer_depth: int,
        above: dict[str, int],
        *,
        pipelined: bool,
        spatial: tuple[Loop, ...] = (),
    ) -> int:
        identity = len(self.chains)
        self.chains.append(None)
        einsums = tuple(chain.einsums())
        sinks = self._sinks(einsums)
        above = dict(above)
        depth = outer_depth
        loops: list[Loop] = []
        places: list[int] = []
        for position, node in enumerate(chain.inner):
            if isinstance(node, Temporal):
                depth += 1
                loops.append(self._loop(node, depth, sinks))
                if isinstance(node, Spatial):
                    self._check_spatial(node, chain, above)
                    spatial = (*spatial, loops[-1])
            else:
                if node.lifetime == "uses":
                    check_lifetime(node, chain, position, depth, pipelined=pipelined)
                if any(loop.axis in self._core_axes for loop in spatial):
                    check_own(self.architecture, node)
                for tensor in node.tensors:
                    place = self._place(node, tensor, depth, outer_depth, identity, above.get(tensor), einsums)
                    above[tensor] = place.id
                    places.append(place.id)
        kind, split = "compute", None
        children: tuple[int, ...] = ()
        if isinstance(chain.end, Branch):
            kind, split = chain.end.kind, chain.end.split
            children = self._branch(chain.end, identity, depth, above, pipelined=pipelined, spatial=spatial)
        else:
            self._check_unit(chain.end)
        self.chains[identity] = BoundChain(
            identity,
            parent,
            outer_depth,
            tuple(loops),
            tuple(places),
            kind,
            children,
            einsums,
            sinks,
            spatial,
            split,
        )
        return identity

    def _branch(
        self,
        branch: Branch,
        parent: int,
        depth: int,
        above: dict[str, int],
        *,
        pipelined: bool,
        spatial: tuple[Loop, ...],
    ) -> tuple[int, ...]:
        """The chains of a branch."""
        check_order(self.workload, branch)
        if branch.split is not None:
            check_split(self.architecture, branch.split, len(branch.chains), pipelined=pipelined)
        below = pipelined or branch.kind == "pipeline"
        return tuple(self._chain(c, parent, depth, above, pipelined=below, spatial=spatial) for c in branch.chains)

    def _loop(self, node: Temporal, depth: int, sinks: tuple[str, ...]) -> Loop:
        where = where_of(node, f"loop over {node.label}")
        ranks: list[tuple[str, str]] = []
        for ref in node.ranks:
            targets = sinks if ref.einsum is None else (ref.einsum,)
            for target in targets:
                if target not in sinks:
                    raise InputError(
                        f"{target!r} is not a sink here",
                        where=where,
                        hint=f"loops tile the einsums whose output nothing below reads: {', '.join(sinks)}",
                    )
                extents = self.workload.einsum(target).ranks
                if ref.rank not in extents:
                    raise InputError(
                        f"the sink {target!r} has no rank {ref.rank!r}", where=where, hint=nearest(ref.rank, extents)
                    )
                ranks.append((target, ref.rank))
        extent, name = max((self.workload.einsum(e).ranks[rank], f"{e}.{rank}") for e, rank in ranks)
        if node.tile > extent:
            raise InputError(
                f"the tile {node.tile} is larger than rank {name} ({extent})",
                where=where,
                hint=f"use a tile from 1 to {extent}",
            )
        if len({einsum for einsum, _ in ranks}) != len(ranks):
            raise InputError("a loop tiles one rank of each sink", where=where)
        return Loop(depth, tuple(ranks), node.tile, node.axis if isinstance(node, Spatial) else None, node.line)

    def _check_spatial(self, node: Spatial, chain: Chain, above: dict[str, int]) -> None:
        where = where_of(node, f"spatial loop over {node.label}")
        axes, cores = self.architecture.axes, self.architecture.cores
        if node.axis not in axes:
            hint = nearest(node.axis, axes) or "give compute an array, such as array: {x: 16, y: 16}"
            problem = (
                f"there is no axis {node.axis!r} of an array or of cores in architecture {self.architecture.name!r}"
            )
            raise InputError(problem, where=where, hint=hint)
        if cores is None or node.axis not in cores.axes:
            if not isinstance(chain.end, Compute):
                raise InputError(
                    f"axis {node.axis!r} of the array spreads one layer, and here is a branch of several below",
                    where=where,
                    hint="put a spatial loop into the branch of each layer; only cores share a branch of several",
                )
            return
        for tensor, place in above.items():
            level = self.places[place].level
            if self.architecture.in_core(level):
                raise InputError(
                    f"tensor {tensor!r} stands at {level} above it, but each core has a {level} of its own",
                    where=where,
                    hint=f"put the storage node of {level} below the loop over the cores",
                )

    def _place(
        self,
        node: Storage,
        tensor: str,
        depth: int,
        outer_depth: int,
        chain: int,
        parent: int | None,
        einsums: tuple[str, ...],
    ) -> Place:
        where = where_of(node, f"storage at {node.level}")
        if tensor not in self.workload.tensors:
            raise InputError(f"there is no tensor {tensor!r}", where=where, hint=nearest(tensor, self.workload.tensors))
        try:
            level = self.architecture.depth(node.level)
        except InputError as problem:
            raise problem.at(where) from None
        check_held(self.workload, self.architecture, node, tensor)
        if parent is not None:
            outer = self.places[parent].level
            if self.architecture.depth(outer) == level:
                raise InputError(f"tensor {tensor!r} is stored twice at this level on one path", where=where)
            if self.architecture.depth(outer) > level:
                raise InputError(
                    f"tensor {tensor!r} is stored at {outer} further out: levels out of order",
                    where=where,
                    hint=f"outside in: {', '.join(x.name for x in self.architecture.levels)}",
                )
        producer = self.workload.producer(tensor)
        produced = producer is not None and producer.name in einsums
        consumed = any(c.name in einsums for c in self.workload.consumers(tensor))
        if not produced and not consumed:
            raise InputError(f"nothing below uses tensor {tensor!r}", where=where, hint="move or remove it")
        place = Place(
            len(self.places),
            tensor,
            node.level,
            depth,
            node.overlap == "drop",
            chain,
            parent,
            produced,
            consumed,
            node.lifetime == "uses",
            outer_depth if node.overlap == "reload" else 0,
        )
        self.places.append(place)
        return place

    @property
    def _core_axes(self) -> Collection[str]:
        return self.architecture.cores.axes if self.architecture.cores is not None else ()
