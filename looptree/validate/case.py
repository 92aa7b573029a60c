"""The nouns: a case, its parameters, the recipe of its designs, and the published values with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from looptree.documents import Node

CONFIDENCE = ("P", "S", "D")
UNITS = {
    "operations": 1, "elements": 1, "cycles": 1, "bytes": 1, "pJ": 1, "KiB": 1024, "MiB": 1024**2, "times": 1,
    "units": 1,
}  # fmt: skip
"""What one unit of a value is, in the plain unit of its metric."""

KINDS = ("number", "sizes", "choice", "network", "blocks")

Values = Mapping[str, str]
"""The value of each parameter of a case, as it is written."""


@dataclass(frozen=True)
class Recipe:
    """How a design is made; what is empty or missing is left to other parts of the case.

    Attributes:
        workload: a file of the case, or the name of what ships. architecture: likewise.
        point: of the taxonomy. mapping: a file of the case, in the place of a point.
        settings: parameters of the workload, arguments: parameters of the point, spatial: parallel instances of the
            architecture by rank; all of them arithmetic over the parameters of the case.
        blocks: ranges of layers that are fused when the parameters say nothing else.
    """

    workload: str = ""
    architecture: str = ""
    point: str = ""
    mapping: str = ""
    blocks: str = ""
    settings: Mapping[str, Node] = field(default_factory=dict)
    arguments: Mapping[str, Node] = field(default_factory=dict)
    spatial: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """One value of a choice: what it changes of the recipe, and defaults of other parameters that it sets."""

    recipe: Recipe
    defaults: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """Something that may be set on the command line.

    Attributes:
        kind: a `number`, `sizes` (two numbers such as 60x72, called `names`), a `choice` among `options`, a
            `network` (a file or a name) or `blocks` (ranges of layers such as 0-1,2-6 that are fused).
    """

    name: str
    kind: str
    default: str
    meaning: str
    names: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """Which number, in which unit; `of` names tensors or a layer where the metric needs it."""

    metric: str
    of: str
    unit: str


@dataclass(frozen=True)
class Known:
    """How a published value is known."""

    source: str
    how_read: str
    confidence: str


@dataclass(frozen=True)
class Reference:
    """A published value that the model has to meet within the tolerance (both in the unit of the measure).

    Attributes:
        at: values of parameters; of a number all others have their defaults, of a formula they are free.
        value: a number, or arithmetic over the parameters of the case.
        checked_at: settings at which a formula is compared when no other setting is asked for.
        relative: the tolerance is a part of the value.
    """

    measure: Measure
    known: Known
    at: Values
    value: Fraction | Node
    tolerance: Fraction
    relative: bool
    reason: str
    checked_at: tuple[Values, ...] = ()


@dataclass(frozen=True)
class Miss:
    """A published value that the model does not meet, and what it says instead."""

    what: str
    measure: Measure
    known: Known
    at: Values
    published: Fraction
    ours: Fraction
    why: str


@dataclass(frozen=True)
class Other:
    """A convention that was not taken, and what it would give: in words, or as a number that the model gives."""

    rule: str
    gives: str
    at: Values = field(default_factory=dict)
    measure: Measure | None = None
    value: Fraction | None = None


@dataclass(frozen=True)
class Convention:
    """A choice that the publication leaves open: what was taken before anything was compared, and what was not."""

    what: str
    taken: str
    others: tuple[Other, ...]


@dataclass(frozen=True)
class Searched:
    """A setting whose workload and buffer are searched for better designs, in the costs of an architecture."""

    at: Values
    architecture: str


@dataclass(frozen=True, eq=False)
class Case:
    """One published design; equal to itself only.

    Attributes:
        gaps: what of the publication is not compared, and what is missing for it.
    """

    name: str
    folder: Path
    title: str
    source: str
    assumes: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    recipe: Recipe
    references: tuple[Reference, ...]
    misses: tuple[Miss, ...]
    conventions: tuple[Convention, ...]
    gaps: tuple[str, ...] = ()
    searched: tuple[Searched, ...] = ()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Every number that the publication gives, each once."""
        references, misses = ([item.measure for item in items] for items in (self.references, self.misses))
        return tuple(dict.fromkeys([*references, *misses]))
