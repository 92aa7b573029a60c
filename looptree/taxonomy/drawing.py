"""Text drawings of a mapping: the tree as it is written, and the loop nest that it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from looptree.taxonomy.design import BoundChain, Design, Loop, Place
from looptree.taxonomy.middle import MiddleTile
from looptree.taxonomy.spans import Span
from looptree.taxonomy.tree import Branch, Chain, LoopTree, Storage
from looptree.workload.einsum import Einsum

_NOTE = "# ranges of a tile in the middle: first tiles also take what lies before, last ones end at the edge"
_WIDTH = 96
_SIGNS = {"mac": " * ", "mul": " * ", "add": " + ", "sub": " - ", "div": " / "}


def draw_tree(tree: LoopTree) -> str:
    """The mapping tree as indented text, outside in: `[level] tensors`, loops, branches, computations.

    >>> from looptree.taxonomy.tree import Compute, RankRef, Temporal
    >>> loop = Temporal((RankRef("p"),), 4)
    >>> print(draw_tree(LoopTree(Chain((Storage("DRAM", ("A", "C")), loop, Storage("GLB", ("A",))), Compute("fc")))))
    [DRAM] A, C
    └─ for p in tiles of 4
       [GLB] A
       └─ compute fc
    """
    return "\n".join(_block(tree.root))


def _block(chain: Chain) -> list[str]:
    """Storage nodes stand below the loop around them; loops and the end hang one step deeper."""
    block = [str(chain.end)]
    if isinstance(chain.end, Branch):
        *others, last = [_block(part) for part in chain.chains]
        block += [line for other in others for line in _hang(other, "├─ ", "│  ")] + _hang(last, "└─ ", "   ")
    is_storage = False
    for node in reversed(chain.inner):
        inside = block if is_storage else _hang(block, "└─ ", "   ")
        is_storage = isinstance(node, Storage)
        block = [_node(node) if isinstance(node, Storage) else str(node), *inside]
    return block


def storage_notes(node: Storage) -> list[str]:
    """What is said of a storage node besides its level and its tensors."""
    notes = {"keep": [], "drop": ["overlap dropped"], "reload": ["reloaded"]}[node.overlap]
    return [*notes, *(["from first to last use"] if node.lifetime == "uses" else [])]


def _node(node: Storage) -> str:
    notes = storage_notes(node)
    return f"[{node.level}] {', '.join(node.tensors)}" + (f" ({', '.join(notes)})" if notes else "")


def _hang(block: Sequence[str], head: str, rest: str) -> list[str]:
    return [head + block[0], *(rest + line for line in block[1:])]


def draw_loop_nest(design: Design) -> str:
    """The loop nest that a mapping means, as pseudo-code with the ranges of a tile in the middle.

    A tensor is shown with its window where it is stored (`F2[:, p0:p0+6, :]`; a bare name is kept whole), a
    layer with the operations of one tile: what is kept already is not computed again. Ranks that are not
    listed are whole; `...` stands for a range that is not affine in the loop variables.

    >>> from looptree.architecture import Architecture, Level
    >>> from looptree.taxonomy import Compute, RankRef, Temporal
    >>> from looptree.taxonomy.binding import bind
    >>> from looptree.workload.expression import parse_expression
    >>> from looptree.workload import Workload
    >>> out, ins, op = parse_expression("C[m,n] = A[m,k] * B[k,n]")
    >>> workload = Workload("fc", [Einsum("fc", {"m": 8, "n": 4, "k": 2}, ins, out, op)])
    >>> nodes = Storage("DRAM", ("A", "B", "C")), Temporal((RankRef("m"),), 2), Storage("GLB", ("A",))
    >>> tree = LoopTree(Chain(nodes, Compute("fc")))
    >>> print(draw_loop_nest(bind(workload, Architecture("a", (Level("DRAM"), Level("GLB"))), tree)))
    # ranges of a tile in the middle: first tiles also take what lies before, last ones end at the edge
    # DRAM holds A[8, 2], B[2, 4], C[8, 4]
    for m0 in range(0, 8, 2):
        # GLB keeps A[m0:m0+2, :]
        fc for m in m0:m0+2:
            C[m,n] += A[m,k] * B[k,n]
    """
    return draw_loop_nests(design, [design.root])[0]


def draw_loop_nests(design: Design, chains: Sequence[BoundChain]) -> list[str]:
    """The loop nests of some chains of a mapping, each as `draw_loop_nest` draws that of the whole."""
    nest = _Nest(design)
    return ["\n".join([_NOTE] * _is_looped(design, chain) + nest.chain(chain)) for chain in chains]


def _is_looped(design: Design, chain: BoundChain) -> bool:
    return any(part.loops for part in _below(design, chain))


def _below(design: Design, chain: BoundChain) -> Iterator[BoundChain]:
    yield chain
    for child in chain.children:
        yield from _below(design, design.chains[child])


class _Nest:
    def __init__(self, design: Design) -> None:
        self.design = design
        self.middle = MiddleTile(design)

    def chain(self, chain: BoundChain) -> list[str]:
        """Storage and loops of the chain with what is inside them."""
        places = [self.design.places[place] for place in chain.places]
        lines: list[str] = []
        for step in range(len(chain.loops) + 1):
            inside = self._storage([place for place in places if place.depth == chain.outer_depth + step])
            inside += [self._loop(chain, chain.loops[step])] if step < len(chain.loops) else self._end(chain)
            lines += _indented(inside, step)
        return lines

    def _end(self, chain: BoundChain) -> list[str]:
        if chain.kind == "compute":
            return self._compute(self.design.workload.einsum(chain.einsums[0]), chain.depth)
        inside = [line for child in chain.children for line in self.chain(self.design.chains[child])]
        head = "sequential:" if chain.kind == "sequential" else "pipeline:  # stages at once, on consecutive tiles"
        return [head, *_indented(inside, 1)]

    def _loop(self, chain: BoundChain, loop: Loop) -> str:
        span = self.middle.stepped(loop)
        bounds = f"{span.start}, {span.stop}" if span else "..., ..."
        together = f"  # {loop.label}" if len(loop.ranks) > 1 else ""
        word = "for" if loop.axis is None else f"at once along {loop.axis} for"
        return f"{word} {self.middle.names[chain.id, loop.depth]} in range({bounds}, {loop.tile}):{together}"

    def _storage(self, places: Sequence[Place]) -> list[str]:
        lines = []
        nodes = groupby(places, key=lambda p: (p.level, p.drop, p.visits > 0, p.while_used))
        for (level, drop, reloaded, while_used), group in nodes:
            off_chip = level == self.design.architecture.off_chip.name
            shown = [self._shape(place) if off_chip else self._window(place) for place in group]
            keeps = "keeps without overlap" if drop else "reloads" if reloaded else "keeps"
            verb = "holds" if off_chip else keeps
            until = " from first to last use" if while_used else ""
            lines += _filled(f"# {level} {verb}{until} ", shown)
        return lines

    def _shape(self, place: Place) -> str:
        return f"{place.tensor}[{', '.join(map(str, self.design.workload.tensors[place.tensor].shape))}]"

    def _window(self, place: Place) -> str:
        spans = self.middle.window(place).spans
        shape = self.design.workload.tensors[place.tensor].shape
        parts = [_text(span, extent) for span, extent in zip(spans, shape, strict=True)]
        return place.tensor if set(parts) <= {":"} else f"{place.tensor}[{', '.join(parts)}]"

    def _compute(self, einsum: Einsum, depth: int) -> list[str]:
        work = self.middle.work(einsum.name, depth)
        texts = {rank: _text(span, einsum.ranks[rank]) for rank, span in work.ranges.items()}
        ranges = ", ".join(f"{rank} in {text}" for rank, text in texts.items() if text != ":")
        first = f"  # in the first step of {', '.join(sorted(work.first))} only" if work.first else ""
        return [f"{einsum.name}{' for ' if ranges else ''}{ranges}:{first}", f"    {_statement(einsum)}"]


def _filled(head: str, items: Sequence[str]) -> list[str]:
    """The items after the head, in as many lines as they need."""
    lines = [head + items[0]]
    for item in items[1:]:
        if len(lines[-1]) + len(item) <= _WIDTH:
            lines[-1] += f", {item}"
        else:
            lines[-1] += ","
            lines.append(f"#     {item}")
    return lines


def _indented(lines: Sequence[str], steps: int) -> list[str]:
    return ["    " * steps + line for line in lines]


def _text(span: Span | None, extent: int) -> str:
    if span is None:
        return "..."
    return ":" if span.is_whole(extent) else str(span)


def _statement(einsum: Einsum) -> str:
    """The computation as one assignment."""
    inputs = [str(access) for access in einsum.inputs]
    sign = _SIGNS.get(einsum.operation)
    if sign is not None:
        return f"{einsum.output} {'+=' if einsum.reduction_ranks else '='} {sign.join(inputs)}"
    if einsum.operation == "copy":
        return f"{einsum.output} = {', '.join(inputs)}"
    before = [str(einsum.output)] if einsum.reduction_ranks else []
    return f"{einsum.output} = {einsum.operation}({', '.join(before + inputs)})"
