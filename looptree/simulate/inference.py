"""Which operations every Einsum does at every iteration of every chain.

The sinks of the root do everything. From there inference walks towards the sources: what consumers
need of an intermediate and is not kept from before is fresh, and the producer does exactly the
operations that write something fresh.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from looptree.simulate.loops import steps
from looptree.simulate.operations import OperationTable
from looptree.simulate.points import NOTHING, Box, Index, Numbers, hull, union
from looptree.simulate.spatial import above, fresh_at_once, is_indexed, made_once, still
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import BoundChain, Design, Loop, Place

Activity = dict[Index, dict[str, Numbers]]
"""Per iteration of a chain, in order, the operations that each Einsum below does meanwhile."""


@dataclass(frozen=True)
class Production:
    """How an intermediate comes about.

    Attributes:
        chain: the innermost chain with the producer and a consumer below it.
        required: per iteration of that chain, what the consumers below need.
        arriving: what of it is fresh. made: what of that is computed there; another instance passes on the rest.
        still: how many of the outermost loops that take turns bound a sweep of its outermost place.
    """

    chain: BoundChain
    required: dict[Index, Box | None]
    arriving: dict[Index, Numbers]
    made: dict[Index, Numbers]
    still: int


@dataclass(frozen=True)
class Run:
    """A design after all its operations are known.

    Attributes:
        design: the design.
        tables: operations and points.
        activity: per chain id what happens at each of its iterations.
        productions: per intermediate how it comes about.
    """

    design: Design
    tables: Tables
    activity: dict[int, Activity] = field(default_factory=dict)
    productions: dict[str, Production] = field(default_factory=dict)

    def operations(self, chain: BoundChain, einsum: str) -> dict[Index, Numbers]:
        """What one Einsum below a chain does at each iteration of the chain."""
        return {index: done.get(einsum, NOTHING) for index, done in self.activity[chain.id].items()}

    def needs(self, chain: BoundChain, tensor: str, consumers: list[str]) -> dict[Index, Box | None]:
        """What some consumers below a chain need of a tensor at each iteration of the chain."""
        parts = [(self.tables.operations[name], self.operations(chain, name)) for name in consumers]
        return {
            index: hull(table.needs(tensor, done[index]) for table, done in parts) for index in self.activity[chain.id]
        }

    def required(self, chain: BoundChain, tensor: str) -> dict[Index, Box | None]:
        """What is required of an intermediate: what consumers need and, outside of all loops, what has to leave."""
        found = self.needs(chain, tensor, self.consumers(chain, tensor))
        producer = self.design.workload.producer(tensor)
        if producer is None or producer.name not in chain.einsums or tensor not in self.design.workload.outputs:
            return found
        table = self.tables.operations[producer.name]
        return {index: box if index else hull([box, table.writes(table.everything)]) for index, box in found.items()}

    def writes(self, chain: BoundChain, einsum: str) -> dict[Index, Box | None]:
        """What one Einsum below a chain writes at each iteration of the chain."""
        table = self.tables.operations[einsum]
        return {index: table.writes(done) for index, done in self.operations(chain, einsum).items()}

    def consumers(self, chain: BoundChain, tensor: str) -> list[str]:
        """Einsums below a chain that read a tensor."""
        return [e.name for e in self.design.workload.consumers(tensor) if e.name in chain.einsums]


def infer(design: Design, tables: Tables) -> Run:
    """Run the mapping: all operations at all iterations.

    Raises:
        UnsupportedError: that takes more work than the budget allows.
    """
    run = Run(design, tables)
    everything = {sink: _of_sink(design, tables.operations[sink]) for sink in design.root.sinks}
    _chain(run, design.root, {(): everything})
    return run


def _of_sink(design: Design, table: OperationTable) -> Numbers:
    """All operations of a sink; if layers after the workload read its output, those that write inside it."""
    tensor, everything = table.einsum.output.tensor, table.everything
    inside = table.writers_of(table.written(everything)) if tensor in design.workload.read_later else NOTHING
    return inside if inside.size else everything


def _chain(run: Run, chain: BoundChain, handed: Activity) -> None:
    """Step through a chain, given what its sinks do at each iteration of the loops above it."""
    activity: Activity = {
        (*outer, *inner): done
        for outer, operations in handed.items()
        for inner, done in steps(chain.loops, operations, run.tables)
    }
    run.activity[chain.id] = activity
    # Consumers stand behind their producers, so that their needs are known when it is their turn.
    for child in (run.design.chains[c] for c in reversed(chain.children)):
        for sink in child.sinks:
            if sink not in chain.sinks:
                _produce(run, chain, sink)
        _chain(run, child, {index: {s: done[s] for s in child.sinks} for index, done in activity.items()})
        _collect(run, chain, child)


def _produce(run: Run, chain: BoundChain, producer: str) -> None:
    """Add what a producer does at each iteration of the chain in which it meets its consumers."""
    table = run.tables.operations[producer]
    tensor = table.einsum.output.tensor
    required = run.required(chain, tensor)
    place = run.design.outermost_place(tensor)
    standing = still(run.design, place, required, chain)
    points, tables = run.tables.points[tensor], run.tables
    arriving = fresh_at_once(run.design, place, chain, required, standing, points, tables)
    made = made_once(chain, arriving, _passing_on(run, chain, place))
    run.productions[tensor] = Production(chain, required, arriving, made, standing)
    for index, written in made.items():
        run.activity[chain.id][index][producer] = table.writers_of(written)


def _passing_on(run: Run, chain: BoundChain, place: Place) -> list[Loop]:
    """Spatial loops whose instances pass on what they compute of an intermediate to those that need it as well.

    The network between them is that of the level that the cores share.
    """
    cores = run.design.architecture.cores
    if cores is None:
        return []
    network = run.design.architecture.level(cores.below).network
    consumers = run.consumers(chain, place.tensor)

    def shares(loop: Loop) -> bool:
        own = any(
            is_indexed(run.design, loop, name, access)
            for name in consumers
            for access in run.design.workload.einsum(name).inputs
            if access.tensor == place.tensor
        )
        return network.forward if own else network.multicast

    return [loop for loop in above(run.design, place, chain) if shares(loop)]


def _collect(run: Run, chain: BoundChain, child: BoundChain) -> None:
    """What the Einsums below a child did, gathered per iteration of its parent."""
    parts: dict[tuple[Index, str], list[Numbers]] = {}
    for index, done in run.activity[child.id].items():
        for einsum, operations in done.items():
            parts.setdefault((index[: chain.depth], einsum), []).append(operations)
    for (index, einsum), pieces in parts.items():
        run.activity[chain.id][index][einsum] = union(pieces)
