"""The schema of a study file."""

from __future__ import annotations

from looptree.report.schema.parts import TEXT, Schema, closed, many, named, one_or_many, said
from looptree.report.schema.restrictions import space_settings
from looptree.search import SPACES
from looptree.search.asked.objective import OBJECTIVES
from looptree.search.asked.settings import SETTINGS
from looptree.sweep.networks import GROUP_KEYS
from looptree.sweep.ranges import RANGE_KEYS
from looptree.sweep.reader import KEYS
from looptree.sweep.study import KEEP

_VALUE: Schema = {"type": ["number", "string"]}


def study_schema() -> Schema:
    """Hardware and networks together."""
    span = closed(RANGE_KEYS, ("from", "to"), **dict.fromkeys(RANGE_KEYS, _VALUE))
    settings = {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}
    network = {"anyOf": [TEXT, {**settings, "additionalProperties": {"anyOf": [one_or_many(_VALUE), span]}}]}
    custom = closed(("name", *SETTINGS), ("name",), name=TEXT, **space_settings())
    space = {"anyOf": [{"enum": list(SPACES)}, custom]}
    group = closed(GROUP_KEYS, ("network",), network=network, layers=one_or_many(TEXT), order=one_or_many(TEXT))
    return closed(
        KEYS,
        ("study", "architecture"),
        study=said(TEXT, "its name"),
        architecture=said(one_or_many({"type": ["string", "object"]}), "shipped names, files, or written out"),
        parameters=said(named({"anyOf": [_VALUE, many(_VALUE, least=1), span]}), "values by name"),
        set=said(named(_VALUE), "what is changed in the architecture, such as GLB.capacity_bytes"),
        derived=said(named(_VALUE), "further numbers, as expressions"),
        networks=said(one_or_many(network), "names or files, with settings"),
        spaces=said(one_or_many(space), "of the searches"),
        objectives=said(one_or_many({"enum": list(OBJECTIVES)}), "of the searches"),
        time_limit=said(_VALUE, "of each search: seconds, or such as 2min"),
        group=said(group, "a fusion group that is surveyed, instead of networks"),
        constraints=said(one_or_many(TEXT), "comparisons of numbers"),
        keep={"enum": list(KEEP), "description": "which results are listed"},
        front=said(one_or_many(TEXT), "numbers of the Pareto front"),
    )
