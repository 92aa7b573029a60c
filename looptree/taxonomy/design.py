"""A mapping in place: a tree whose names are resolved against its workload and architecture.

The model and the simulator both start from a `Design`; `looptree.taxonomy.binding.bind` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from looptree.architecture import Architecture
from looptree.display import Displayed
from looptree.taxonomy.tree import LoopTree, Split
from looptree.workload.workload import Workload


@dataclass(frozen=True, slots=True)
class Loop:
    """A temporal loop in place.

    Attributes:
        depth: 1-based position among the loops of its path, outermost first.
        ranks: the rank of each sink that it tiles, as pairs (einsum, rank).
        tile: tile shape below it.
        axis: of the array, along which its steps run at once; `None` where they take turns.
        line: of its file, for messages; 0 where there is none.
    """

    depth: int
    ranks: tuple[tuple[str, str], ...]
    tile: int
    axis: str | None = None
    line: int = field(default=0, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The ranks as text."""
        return ", ".join(f"{e}.{r}" for e, r in self.ranks)


@dataclass(frozen=True, slots=True)
class Place:
    """One tensor at one storage node.

    Attributes:
        id: position in `Design.places`.
        tensor: what is kept.
        level: where.
        depth: loops above the node (the k of the model).
        drop: the overlap of consecutive windows is dropped.
        chain: id of the chain that holds the node.
        parent: id of the next place further out on the path; `None` for the outermost.
        produced: the producer of the tensor is below.
        consumed: a consumer of the tensor is below.
        while_used: it takes space from the first to the last branch that uses the tensor, not through all of them.
        visits: loops around its branch, at every step of which it is loaded anew; 0 where it keeps what it has.
    """

    id: int
    tensor: str
    level: str
    depth: int
    drop: bool
    chain: int
    parent: int | None
    produced: bool
    consumed: bool
    while_used: bool = False
    visits: int = 0


@dataclass(frozen=True, slots=True)
class BoundChain:
    """A chain in place.

    Attributes:
        id: position in `Design.chains`; the root is 0, parents come before children.
        parent: id of the chain whose branch holds it; `None` for the root.
        outer_depth: loops on the path above this chain.
        loops: its own loops.
        places: ids of its places, outside in.
        kind: `sequential`, `pipeline` or `compute`.
        children: ids of the chains of its branch, in order.
        einsums: Einsums below, in order.
        sinks: those whose output no other Einsum below reads.
        spatial: loops on the path to its end whose steps run at once, outermost first.
        split: of a pipeline, how its children divide the compute units; `None`: each has all for itself.
    """

    id: int
    parent: int | None
    outer_depth: int
    loops: tuple[Loop, ...]
    places: tuple[int, ...]
    kind: str
    children: tuple[int, ...]
    einsums: tuple[str, ...]
    sinks: tuple[str, ...]
    spatial: tuple[Loop, ...] = ()
    split: Split | None = None

    @property
    def depth(self) -> int:
        """Loops on the path above its end."""
        return self.outer_depth + len(self.loops)


@dataclass(frozen=True, slots=True)
class Design(Displayed):
    """Workload, architecture and mapping that fit each other."""

    workload: Workload
    architecture: Architecture
    tree: LoopTree
    chains: tuple[BoundChain, ...]
    places: tuple[Place, ...]

    def __repr__(self) -> str:
        layers = len(self.workload.einsums)
        return f"Design({self.workload.name} on {self.architecture.name}, {layers} layer{'s' * (layers != 1)})"

    @property
    def root(self) -> BoundChain:
        """The outermost chain."""
        return self.chains[0]

    def leaf(self, einsum: str) -> BoundChain:
        """The chain that ends in the computation of the Einsum."""
        return next(c for c in self.chains if c.kind == "compute" and c.einsums == (einsum,))

    def path(self, chain: BoundChain) -> tuple[BoundChain, ...]:
        """The chain and those above it, outermost first."""
        found = [chain]
        while found[-1].parent is not None:
            found.append(self.chains[found[-1].parent])
        return tuple(reversed(found))

    def innermost_place(self, tensor: str, chain: BoundChain) -> Place:
        """The place of the tensor that is nearest to the end of the chain."""
        for part in reversed(self.path(chain)):
            for place in reversed(part.places):
                if self.places[place].tensor == tensor:
                    return self.places[place]
        raise KeyError(tensor)

    def outermost_place(self, tensor: str) -> Place:
        """The place of the tensor that has no other further out."""
        return next(p for p in self.places if p.tensor == tensor and p.parent is None)
