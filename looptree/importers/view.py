"""Views: how the elements of a value lie in a stored tensor.

A value of a model has dimensions; each is a product of **factors**, the most significant first. The stored tensor is
read through affine forms over the factors. Reshaping regroups factors (and splits them), transposing reorders
dimensions, slicing shifts and stretches forms, repeating adds a factor that no form reads. None of this moves data.

`[512, 768]`, stored as it is, seen as 12 heads of 64:

>>> whole = plain("X", (512, 768), ("p", "f"))
>>> heads = whole.reshaped((512, 12, 64)).transposed((1, 0, 2))
>>> str(heads)
'X[p,64*h+e] as [h, p, e] of [12, 512, 64]'

A dimension of extent 1 has no factor, and stored tensors have no such dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from looptree.importers.names import cut_names, fresh
from looptree.workload.affine import Affine, Interval


@dataclass(frozen=True, slots=True)
class Factor:
    """A part of a dimension that is read by a rank of its own."""

    name: str
    extent: int


Dimension = tuple[Factor, ...]


@dataclass(frozen=True)
class View:
    """A value as its readers see it.

    Attributes:
        tensor: where it is stored.
        dimensions: the factors of each dimension; none where the extent is 1.
        forms: the coordinates of the stored tensor, as affine forms over factors.
        shape: of the stored tensor.
    """

    tensor: str
    dimensions: tuple[Dimension, ...]
    forms: tuple[Affine, ...]
    shape: tuple[int, ...]

    @property
    def extents(self) -> tuple[int, ...]:
        """The shape of the value."""
        return tuple(math.prod(factor.extent for factor in dimension) for dimension in self.dimensions)

    @property
    def names(self) -> set[str]:
        """The names of all factors."""
        return {factor.name for dimension in self.dimensions for factor in dimension}

    @property
    def is_whole(self) -> bool:
        """Every element of the stored tensor, each once."""
        read = {rank for form in self.forms for rank in form.ranks}
        covered = all(
            form.hull(self.box) == Interval(0, extent) for form, extent in zip(self.forms, self.shape, strict=True)
        )
        return covered and read == self.names and math.prod(self.extents) == math.prod(self.shape)

    @property
    def joins(self) -> bool:
        """Whether a stored dimension is read by several factors."""
        return any(len(form.terms) > 1 for form in self.forms)

    @property
    def box(self) -> dict[str, Interval]:
        """The range of each factor."""
        return {f.name: Interval(0, f.extent) for dimension in self.dimensions for f in dimension}

    def __str__(self) -> str:
        shown = ["*".join(f.name for f in dimension) or "1" for dimension in self.dimensions]
        forms = ",".join(map(str, self.forms))
        return f"{self.tensor}[{forms}] as [{', '.join(shown)}] of {list(self.extents)}"

    # -- what moves nothing ---------------------------------------------------------------

    def transposed(self, order: Sequence[int]) -> View:
        """The same elements with the dimensions in another order."""
        return replace(self, dimensions=tuple(self.dimensions[i] for i in order))

    def reshaped(self, shape: Sequence[int]) -> View | None:
        """The same elements in row-major order in another shape; `None` where a factor would have to be cut unevenly.

        >>> view = plain("X", (6, 4), ("p", "f"))
        >>> str(view.reshaped((3, 8))), view.reshaped((4, 6))
        ('X[2*p+r,f] as [p, r*f] of [3, 8]', None)
        """
        flat = [factor for dimension in self.dimensions for factor in dimension]
        steps = chain(boundaries([factor.extent for factor in flat]), boundaries(shape))
        if steps is None:
            return None
        taken = set(self.names)
        pieces: list[Factor] = []  # the least significant first
        by: dict[str, Affine] = {}
        inner = 1
        for factor in reversed(flat):
            inside = [step for step in steps if inner <= step <= inner * factor.extent]
            names = cut_names(factor.name, len(inside) - 1, taken) if len(inside) > 1 else []
            taken |= set(names)
            bounds = list(pairwise(inside))
            cut = [Factor(name, high // low) for name, (low, high) in zip(reversed(names), bounds, strict=True)]
            by[factor.name] = Affine(
                tuple((f.name, low // inner) for f, (low, _) in zip(cut, bounds, strict=True))[::-1]
            )
            pieces += cut
            inner *= factor.extent
        forms = tuple(substituted(form, by) for form in self.forms)
        return View(self.tensor, grouped(pieces, shape), forms, self.shape)

    def sliced(self, axis: int, start: int, step: int, count: int) -> View | None:
        """Every `step`-th element of a dimension from `start` on; `None` where that cuts between factors."""
        dimension = self.dimensions[axis]
        if count == 1:
            return self._at(axis, start)
        if len(dimension) == 1:
            factor = Factor(dimension[0].name, count)
            index = Affine(((factor.name, step),), start)
            return self._replaced(axis, (factor,), {factor.name: index})
        inner = math.prod(factor.extent for factor in dimension[1:])
        if step != 1 or start % inner or count % inner:
            return None
        if count == inner:
            return self._replaced(axis, dimension[1:], {dimension[0].name: Affine((), start // inner)})
        outer = Factor(dimension[0].name, count // inner)
        index = Affine(((outer.name, 1),), start // inner)
        return self._replaced(axis, (outer, *dimension[1:]), {outer.name: index})

    def repeated(self, axis: int, times: int, *, inside: bool = False, name: str = "r") -> View:
        """A dimension that is repeated as a whole, or element by element (`inside`)."""
        if times == 1:
            return self
        factor = Factor(fresh(name, self.names), times)
        old = self.dimensions[axis]
        return self._replaced(axis, (*old, factor) if inside else (factor, *old), {})

    def shifted(self, axis: int, before: int, extent: int) -> View | None:
        """A dimension with implicit zeros in front and behind; `None` where other elements would show instead."""
        dimension = self.dimensions[axis]
        if len(dimension) != 1 or not self.reads_zeros_outside(axis, Interval(-before, extent - before)):
            return None
        factor = Factor(dimension[0].name, extent)
        return self._replaced(axis, (factor,), {factor.name: Affine(((factor.name, 1),), -before)})

    def reads_zeros_outside(self, axis: int, reach: Interval) -> bool:
        """Whether coordinates outside a dimension of one factor lie outside the stored tensor as well."""
        (factor,) = self.dimensions[axis]
        if reach.start >= 0 and reach.stop <= factor.extent:
            return True
        for form, stored in zip(self.forms, self.shape, strict=True):
            step = dict(form.terms).get(factor.name, 0)
            if step > 0 and len(form.terms) == 1:
                below = reach.start >= 0 or form.constant < step
                return below and (reach.stop <= factor.extent or step * factor.extent + form.constant >= stored)
        return False

    def with_unit(self, axis: int, position: int) -> View:
        """A dimension of extent 1 that the stored tensor has as well, at this position of its last dimensions."""
        factor = Factor(fresh("u", self.names), 1)
        padding = (Affine((), 0),) * (position - len(self.forms))
        forms = (*self.forms[:position], *padding, Affine(((factor.name, 1),)), *self.forms[position + 1 :])
        shape = self.shape + (1,) * (len(forms) - len(self.shape))
        return View(self.tensor, (*self.dimensions[:axis], (factor,), *self.dimensions[axis + 1 :]), forms, shape)

    # -- helpers --------------------------------------------------------------------------

    def _at(self, axis: int, index: int) -> View:
        found = {}
        for factor in reversed(self.dimensions[axis]):
            index, digit = divmod(index, factor.extent)
            found[factor.name] = Affine((), digit)
        return self._replaced(axis, (), found)

    def _replaced(self, axis: int, dimension: Dimension, by: Mapping[str, Affine]) -> View:
        dimensions = (*self.dimensions[:axis], dimension, *self.dimensions[axis + 1 :])
        return View(self.tensor, dimensions, tuple(substituted(form, by) for form in self.forms), self.shape)


def plain(tensor: str, shape: Sequence[int], names: Sequence[str]) -> View:
    """A tensor that is stored as its value is shaped, without the dimensions of extent 1."""
    dimensions = tuple((Factor(n, e),) if e > 1 else () for n, e in zip(names, shape, strict=True))
    factors = [factor for dimension in dimensions for factor in dimension]
    forms = tuple(Affine(((factor.name, 1),)) for factor in factors)
    return View(tensor, dimensions, forms, tuple(factor.extent for factor in factors))


def substituted(form: Affine, by: Mapping[str, Affine]) -> Affine:
    """A form with forms in the place of some of its ranks.

    >>> str(substituted(Affine((("p", 2),), 1), {"p": Affine((("a", 4), ("b", 1)), -1)}))
    '8*a+2*b-1'
    """
    terms: dict[str, int] = {}
    constant = form.constant
    for rank, coefficient in form.terms:
        inside = by.get(rank, Affine(((rank, 1),)))
        constant += coefficient * inside.constant
        for name, factor in inside.terms:
            terms[name] = terms.get(name, 0) + coefficient * factor
    return Affine(tuple((name, factor) for name, factor in terms.items() if factor), constant)


def boundaries(extents: Sequence[int]) -> set[int]:
    """The products of the last of these extents, of none to all.

    >>> sorted(boundaries((6, 4)))
    [1, 4, 24]
    """
    return {math.prod(extents[i:]) for i in range(len(extents) + 1)}


def chain(*steps: Collection[int]) -> list[int] | None:
    """All steps in rising order; `None` where one does not divide the next.

    >>> chain({1, 4, 24}, {1, 8, 24}), chain({1, 4, 24}, {1, 6, 24})
    ([1, 4, 8, 24], None)
    """
    rising = sorted(set().union(*steps))
    return None if any(high % low for low, high in pairwise(rising)) else rising


def grouped(pieces: Sequence[Factor], shape: Sequence[int]) -> tuple[Dimension, ...]:
    """Factors, the least significant first, as the dimensions of a shape that they make up."""
    dimensions = []
    position = 0
    for extent in reversed(shape):
        found: list[Factor] = []
        while extent > 1:
            found.insert(0, pieces[position])
            extent //= pieces[position].extent
            position += 1
        dimensions.append(tuple(found))
    return tuple(reversed(dimensions))
