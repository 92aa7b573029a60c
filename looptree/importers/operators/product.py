"""Matrix products. Biases that are constants, scales and zero points are ignored."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.names import contracted, fresh
from looptree.importers.nest import Index, Read
from looptree.importers.operators.elementwise import aligned, loop_names
from looptree.importers.view import View

_SECOND = {"QLinearMatMul": 3}
"""Where the second factor stands among the inputs, if not second."""


def matrix_product(builder: Builder, node: Node) -> None:
    """`MatMul`, `MatMulInteger`, `QLinearMatMul`: `Y[.., p, f] = A[.., p, d] * B[.., d, f]`, batches broadcast."""
    first, second = node.given(0), node.given(_SECOND.get(node.kind, 1))
    a, b = builder.view(first, node), builder.view(second, node)
    shape = builder.type(node.made(0)).shape
    matrices = len(a.dimensions) > 1, len(b.dimensions) > 1
    lead = shape[: len(shape) - sum(matrices)]
    batch = loop_names([_front(a, 2), _front(b, 2)], lead, _batch(len(lead)))
    row, inner, column = _names(a, b, batch, linear=builder.is_constant(second))
    loops = dict(zip(batch, lead, strict=True))
    loops |= {row: a.extents[-2]} if matrices[0] else {}
    loops |= {column: b.extents[-1]} if matrices[1] else {}
    loops |= {inner: a.extents[-1]}
    of_a: tuple[Index, ...] = (*aligned(_front(a, 2), batch), *(((row,),) if matrices[0] else ()), (inner,))
    of_b: tuple[Index, ...] = (*aligned(_front(b, 2), batch), (inner,), *(((column,),) if matrices[1] else ()))
    rows, columns = ((row,),) if matrices[0] else (), ((column,),) if matrices[1] else ()
    index = [*((loop,) for loop in batch), *rows, *columns]
    builder.emit(node, node.made(0), loops, [Read(a, of_a), Read(b, of_b)], index, "mac", summed=(inner,))


def general_product(builder: Builder, node: Node) -> None:
    """`Gemm`: `Y[b, f] = A[b, d] * B[d, f]`, either of them transposed, plus a third input unless that is a bias."""
    a, b = builder.view(node.given(0), node), builder.view(node.given(1), node)
    if len(a.dimensions) != 2 or len(b.dimensions) != 2:
        raise node.error(f"expected two matrices, found {list(a.extents)} and {list(b.extents)}")
    a = a.transposed((1, 0)) if node.integer("transA", 0) else a
    b = b.transposed((1, 0)) if node.integer("transB", 0) else b
    row, inner, column = _names(a, b, [], linear=builder.is_constant(node.given(1)))
    loops = {row: a.extents[0], column: b.extents[1], inner: a.extents[1]}
    reads = [Read(a, ((row,), (inner,))), Read(b, ((inner,), (column,)))]
    index = [(row,), (column,)]
    third = node.given(2)
    if not third or _is_bias(builder, third):
        builder.emit(node, node.made(0), loops, reads, index, "mac", summed=(inner,))
        return
    element = builder.type(node.made(0)).element
    product = builder.part(node, "product", loops, reads, index, "mac", element=element, summed=(inner,))
    added = builder.view(third, node)
    names = [row, column]
    builder.emit(
        node,
        node.made(0),
        dict(zip(names, product.extents, strict=True)),
        [Read(product, ((row,), (column,))), Read(added, aligned(added, names))],
        index,
        "add",
    )


def einsum(builder: Builder, node: Node) -> None:
    """`Einsum`: the equation as it stands, with one rank per letter."""
    left, arrow, right = node.text("equation", "").replace(" ", "").partition("->")
    terms = left.split(",")
    views = [builder.view(value, node) for value in node.inputs]
    if len(terms) != len(views):
        raise node.error(f"expected an equation for {len(views)} inputs, found {node.text('equation', '')!r}")
    letters = [_letters(node, term, len(view.dimensions)) for term, view in zip(terms, views, strict=True)]
    flat = [letter for term in letters for letter in term]
    wide = sorted({letter for letter in flat if letter.startswith("_")}, key=lambda letter: -int(letter[1:]))
    once = sorted({letter for letter in flat if flat.count(letter) == 1 and not letter.startswith("_")})
    written = _letters(node, right, len(wide) + len(right.replace("...", ""))) if arrow else [*wide, *once]
    extents: dict[str, int] = {}
    for term, view in zip(letters, views, strict=True):
        for letter, extent in zip(term, view.extents, strict=True):
            if extents.setdefault(letter, extent) == 1:
                extents[letter] = extent
    if any(letter not in extents for letter in written):
        raise node.error(f"expected letters of the inputs behind the arrow, found {right!r}")
    names = _ranks([*written, *(letter for letter in extents if letter not in written)])
    reads = [
        Read(
            view,
            tuple((names[letter],) if dimension else () for letter, dimension in zip(t, view.dimensions, strict=True)),
        )
        for t, view in zip(letters, views, strict=True)
    ]
    loops = {names[letter]: extents[letter] for letter in names}
    summed = [names[letter] for letter in names if letter not in written]
    kind = "mac" if summed and len(views) > 1 else "mul" if len(views) > 1 else "add" if summed else "copy"
    builder.emit(node, node.made(0), loops, reads, [(names[w],) for w in written], kind, summed=summed)


def _letters(node: Node, term: str, dimensions: int) -> list[str]:
    """The letters of one term; those that dots stand for are numbered from the end."""
    before, dots, after = term.partition("...")
    hidden = dimensions - len(before) - len(after)
    if hidden < 0 or (hidden and not dots) or (before + after and not (before + after).isalpha()):
        raise node.error(f"expected {dimensions} letters, found {term!r}")
    return [*before, *(f"_{i}" for i in range(hidden, 0, -1)), *after]


def _ranks(letters: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for letter in letters:
        wanted = letter.lower() if letter.isalpha() and letter.isascii() else "b"
        found[letter] = fresh(wanted, list(found.values()))
    return found


def _names(a: View, b: View, batch: Sequence[str], *, linear: bool) -> tuple[str, str, str]:
    """Row, contracted and column loop: `p, d, f` of a linear layer, `p, e, k` of attention scores."""
    taken = list(batch)
    row = fresh(_name(a, -2, "p"), taken)
    last = _name(a, -1, "f").replace("m", "f")  # channels without positions are features
    inner = fresh(contracted(last) if linear or last in "fm" else last, [*taken, row])
    column = fresh("f" if linear else _name(b, -1, "f"), [*taken, row, inner])
    return row, inner, column


def _batch(dimensions: int) -> list[str]:
    """What leading dimensions are called where nothing says so: a batch, and heads."""
    return ["b", "h"][:dimensions] if dimensions < 3 else [f"b{i}" for i in range(dimensions - 2)] + ["b", "h"]


def _name(view: View, place: int, otherwise: str) -> str:
    dimension = view.dimensions[place] if -place <= len(view.dimensions) else ()
    return dimension[0].name if len(dimension) == 1 else otherwise


def _front(view: View, matrix: int) -> View:
    """The leading dimensions alone, for their names and extents."""
    kept = view.dimensions[:-matrix] if len(view.dimensions) > matrix else ()
    return View(view.tensor, kept, view.forms, view.shape)


def _is_bias(builder: Builder, value: str) -> bool:
    return builder.is_constant(value) and sum(extent > 1 for extent in builder.type(value).shape) <= 1
