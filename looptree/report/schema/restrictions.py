"""The schema of a file that restricts a search."""

from __future__ import annotations

from looptree.report.schema.parts import COUNT, FLAG, NAMES, TEXT, Schema, closed, many, named, said
from looptree.search.asked import restrict_file
from looptree.search.asked.rules import BETWEEN
from looptree.search.asked.settings import FLAGS
from looptree.search.asked.space import NUMBERS


def space_settings() -> dict[str, Schema]:
    """The settings of a space."""
    numbers = {key: {"type": "integer", "minimum": least, "maximum": most} for key, (least, most) in NUMBERS.items()}
    return {**numbers, **dict.fromkeys(FLAGS, FLAG)}


def restrictions_schema() -> Schema:
    """What plans must and must not do."""
    rule = {
        "ranks": said(NAMES, "the only ones that may be tiled"),
        "tiles": said(named(many(COUNT, least=1)), "tile shapes by rank"),
        "order": said(NAMES, "in which these ranks are tiled, outermost first"),
    }
    tensor = closed(
        restrict_file.TENSOR_KEYS,
        (),
        whole=said(FLAG, "is kept whole in its group"),
        retention=said(many({"type": "integer", "minimum": 0, "maximum": 5}, least=1), "loops above its node"),
        overlap={"enum": ["keep", "drop"], "description": "what consecutive windows share"},
        recompute=said(FLAG, "may be recomputed"),
        spill=said(FLAG, "may go off chip inside of its group"),
        between={"enum": list(BETWEEN), "description": "where it is between groups"},
    )
    layers = many(TEXT, least=1)
    pin = closed(restrict_file.PIN_KEYS, ("layers", "point"), layers=layers, point=TEXT, parameters=named(COUNT))
    return closed(
        restrict_file.KEYS,
        (),
        **space_settings(),
        **rule,
        layers=said(named(closed(restrict_file.LOOPS, (), **rule)), "the same for one layer"),
        tensors=said(named(tensor), "by name"),
        together=said(many(many(TEXT, least=2)), "sets of layers that run in one group"),
        apart=said(many(many(TEXT, least=2)), "sets of layers of which no two run in one group"),
        pins=said(many(pin), "groups that are given as a published design"),
    )
