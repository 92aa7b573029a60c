"""Reads restrictions of the search space from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from looptree.architecture import Architecture
from looptree.documents import Node, read_document
from looptree.errors import InputError, guided
from looptree.search.asked.restrictions import Restrictions, known
from looptree.search.asked.rules import BETWEEN, LayerRule, Pin, TensorRule
from looptree.search.asked.settings import SETTINGS, read_settings
from looptree.search.asked.space import Space
from looptree.taxonomy.points import point_names
from looptree.workload import Workload

LOOPS = ("ranks", "tiles", "order")
TENSOR_KEYS = ("whole", "retention", "overlap", "recompute", "spill", "between")
PIN_KEYS = ("layers", "point", "parameters")
KEYS = (*SETTINGS, *LOOPS, "layers", "tensors", "together", "apart", "pins")


def read_restrictions(path: str | Path, workload: Workload, architecture: Architecture, space: Space) -> Space:
    """A space with the restrictions of a file.

    Args:
        space: whose settings hold where the file says nothing.

    Raises:
        InputError: naming file, line and key.
    """
    return restrictions_from_node(read_document(path), workload, architecture, space)


@guided("search.md#restrictions")
def restrictions_from_node(node: Node, workload: Workload, architecture: Architecture, space: Space) -> Space:
    """The same from a parsed document."""
    fields = node.mapping(known=KEYS)
    settings: dict[str, int | bool | None] = {"chain_layers": None} if "group_layers" in fields else {}
    settings |= read_settings(fields)
    rules = Restrictions(
        everywhere=_layer(fields),
        layers=tuple(
            (_named(entry, name, workload, "layer"), _layer(entry.mapping(known=LOOPS)))
            for name, entry in (fields["layers"].mapping().items() if "layers" in fields else ())
        ),
        tensors=tuple(
            (_named(entry, name, workload, "tensor"), _tensor(entry))
            for name, entry in (fields["tensors"].mapping().items() if "tensors" in fields else ())
        ),
        together=_sets(fields["together"], workload) if "together" in fields else (),
        apart=_sets(fields["apart"], workload) if "apart" in fields else (),
        pins=tuple(_pin(entry, workload) for entry in fields["pins"].sequence()) if "pins" in fields else (),
    )
    try:
        found = replace(space, **settings, restrictions=rules)  # type: ignore[arg-type]
        rules.check(workload, architecture, max(found.most_layers))
    except InputError as problem:
        raise problem.at(node.file) from None
    return found


def _named(node: Node, name: str, workload: Workload, what: str) -> str:
    names = [e.name for e in workload.einsums] if what == "layer" else list(workload.tensors)
    try:
        return known(name, names, what, workload)
    except InputError as problem:
        raise node.error(problem.problem, problem.hint) from None


def _layer(fields: dict[str, Node]) -> LayerRule:
    ranks = frozenset(fields["ranks"].texts()) if "ranks" in fields else None
    tiles = fields["tiles"].mapping() if "tiles" in fields else {}
    for rank, entry in tiles.items():
        if not entry.sequence():
            raise entry.error("expected one or more tile shapes, found none", f"leave {rank} out of `ranks` instead")
        if ranks is not None and rank not in ranks:
            raise entry.error(
                f"tile shapes of {rank!r}, which may not be tiled", f"tiled may be: {', '.join(sorted(ranks))}"
            )
    return LayerRule(
        ranks,
        tuple(
            (rank, tuple(shape.integer("a tile shape") for shape in entry.sequence())) for rank, entry in tiles.items()
        ),
        _order(fields["order"]) if "order" in fields else (),
    )


def _order(node: Node) -> tuple[str, ...]:
    found = tuple(node.texts())
    twice = next((rank for rank in found if found.count(rank) > 1), None)
    if twice is not None:
        raise node.error(f"rank {twice!r} is there twice", "name each rank once, outermost first")
    return found


def _tensor(node: Node) -> TensorRule:
    fields = node.mapping(known=TENSOR_KEYS)
    retention = None
    if "retention" in fields:
        entries = fields["retention"].sequence()
        retention = tuple(sorted({entry.integer("a number of loops", least=0, most=5) for entry in entries}))
        if not retention:
            raise fields["retention"].error("expected one or more numbers of loops, found none")
    if "whole" in fields and fields["whole"].boolean():
        if retention not in (None, (0,)):
            raise fields["retention"].error("a tensor that is kept whole is below 0 loops", "leave out one of the two")
        retention = (0,)
    return TensorRule(
        retention=retention,
        drop="overlap" in fields and fields["overlap"].choice(("keep", "drop")) == "drop",
        recompute=fields["recompute"].boolean() if "recompute" in fields else True,
        spill=fields["spill"].boolean() if "spill" in fields else True,
        between=fields["between"].choice(BETWEEN) if "between" in fields else "any",
    )


def _pin(node: Node, workload: Workload) -> Pin:
    fields = node.mapping(known=PIN_KEYS, required=("layers", "point"))
    names = [_named(name, name.text(), workload, "layer") for name in fields["layers"].sequence()]
    parameters = fields["parameters"].mapping() if "parameters" in fields else {}
    if not names or len(names) > len(set(names)):
        raise fields["layers"].error(f"expected one or more different layers, found {', '.join(names) or 'none'}")
    return Pin(
        tuple(e.name for e in workload.einsums if e.name in names),
        fields["point"].choice(tuple(point_names())),
        tuple((name, entry.integer("the value of a parameter")) for name, entry in parameters.items()),
    )


def _sets(node: Node, workload: Workload) -> tuple[frozenset[str], ...]:
    found = []
    for entry in node.sequence():
        names = [_named(name, name.text(), workload, "layer") for name in entry.sequence()]
        if len(set(names)) < 2:
            raise entry.error(f"expected two or more different layers, found {', '.join(names) or 'none'}")
        found.append(frozenset(names))
    return tuple(found)
