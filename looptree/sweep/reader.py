"""Reading a study from YAML."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from looptree import resources
from looptree.documents import Node, check_kind, parse_document, read_document
from looptree.errors import InputError, guided, nearest
from looptree.search import SPACES, Space, space_named
from looptree.search.asked.objective import OBJECTIVES
from looptree.search.asked.settings import SETTINGS, read_settings
from looptree.search.survey import METRICS as SURVEYED
from looptree.sweep.document import canonical, text_of
from looptree.sweep.expression import Expression
from looptree.sweep.networks import listed, loaded, read_group, read_networks
from looptree.sweep.ranges import check_name, read_axes
from looptree.sweep.store import about_file
from looptree.sweep.study import KEEP, METRICS, Study
from looptree.units import SECONDS, parse_quantity
from looptree.workload.reader import workload_to_dict

KEYS = (
    "study",
    "description",
    "source",
    "architecture",
    "parameters",
    "set",
    "derived",
    "networks",
    "spaces",
    "objectives",
    "time_limit",
    "group",
    "constraints",
    "keep",
    "front",
)
_FOLDER = "studies/"
_ALONE = ("spaces", "objectives", "time_limit", "keep")
MOST_SEARCHES = 1_000_000
MOST_HARDWARE = 200_000


def load_study(source: str | Path) -> Study:
    """The study of a file, or the shipped one of that name.

    Raises:
        InputError: no such file or name, or a mistake in it (naming file, line and key).
    """
    path = Path(source)
    if not path.is_file() and not path.suffix and path.name == str(source):
        known = shipped_studies()
        if source not in known:
            raise InputError(f"there is no study {source!r}", hint=nearest(str(source), known))
        path = resources.find("taxonomy", f"{_FOLDER}{source}")
    return study_from_node(read_document(path))


def shipped_studies() -> list[str]:
    """Names of the studies that ship."""
    found = resources.names("taxonomy")
    return [name.removeprefix(_FOLDER) for name in found if name.startswith(_FOLDER)]


def study_of(path: Path) -> Study:
    """The study of a file of results; its networks need not be there any more."""
    about = about_file(path)
    node = parse_document(about["text"], str(Path(about["folder"]) / "study"))
    return replace(study_from_node(node, networks=False), text=about["text"], networks_digest=about["networks"])


@guided("sweep.md#a-study")
def study_from_node(node: Node, *, networks: bool = True) -> Study:
    """A study from a parsed document.

    Args:
        networks: whether networks are read as well, to see what they are.
    """
    if "study" not in node.mapping():
        check_kind(node, "study")
    fields = node.mapping(known=KEYS, required=("study", "architecture"))
    axes = read_axes(fields.get("parameters"))
    names = [axis.name for axis in axes]
    derived = _expressions(fields.get("derived"), names)
    group = read_group(fields["group"], node.file, networks) if "group" in fields else None
    if (group is None) == ("networks" not in fields):
        raise node.error("expected either networks, which are searched, or group, which is surveyed")
    for key in _ALONE if group else ():
        if key in fields and (key != "spaces" or len(listed(fields, key)) != 1):
            raise fields[key].error(f"{key!r} is for searches; a group is surveyed", "at most one space may be given")
    metrics = SURVEYED if group else METRICS
    known = tuple(dict.fromkeys((*names, *derived, *metrics, "power", "area")))
    for name, expression in derived.items():
        expression.check_names(tuple(k for k in known if k != name))
    settings = {path: Expression.of(value) for path, value in _mapping(fields, "set").items()}
    for expression in settings.values():
        expression.check_names((*names, *derived))
    constraints = tuple(Expression.of(item) for item in listed(fields, "constraints"))
    for constraint in constraints:
        constraint.check_names(known)
        if not constraint.compares:
            raise constraint.node.error(
                f"expected a comparison, found {constraint.text!r}", "such as area <= 16 or latency <= 4e6"
            )
    front = tuple(item.choice(tuple(known)) for item in listed(fields, "front"))
    study = Study(
        name=fields["study"].text(),
        description=fields["description"].text() if "description" in fields else "",
        bases=_architectures(fields["architecture"], node.file),
        axes=axes,
        settings=settings,
        derived=derived,
        networks=() if group else read_networks(fields["networks"], node.file),
        spaces=_spaces(fields),
        objectives=_objectives(fields),
        group=group,
        constraints=constraints,
        keep=fields["keep"].choice(KEEP) if "keep" in fields else ("front" if group else "all"),
        front=front or (("capacity", "offchip") if group else ("energy", "latency")),
        seconds=_seconds(fields["time_limit"]) if "time_limit" in fields else None,
        text="",
        networks_digest="",
        folder=str(Path(node.file).absolute().parent),
    )
    return _checked(node, study, networks)


def _seconds(node: Node) -> float:
    """`90`, or `2min`."""
    if not isinstance(node.value, str):
        return float(node.number("a time limit in seconds", positive=True))
    try:
        found = parse_quantity(node.value, SECONDS, "90s")
    except InputError as problem:
        raise problem.at(node.where) from None
    if not found:
        raise node.expected("a time limit above zero")
    return float(found)


def _checked(node: Node, study: Study, networks: bool) -> Study:
    if study.points == 0:
        raise node.error("the study is empty: it has no points", "each parameter needs at least one value")
    most, what = (MOST_HARDWARE, "points of the hardware") if study.group else (MOST_SEARCHES, "searches")
    if study.points > most:
        raise node.error(
            f"the study has {study.points:,} {what}, more than {most:,}",
            "use fewer values, or fewer parameters at a time",
        )
    _check_used(study, node)
    plain = canonical(node)
    assert isinstance(plain, dict)
    for first in range(0, study.hardware, study.combinations):
        study.known(first)
        study.limits(first)
        study.architecture(first)
        for axis in study.axes:  # the last value of each axis, too, so that mistakes show before the work starts
            at = len(axis.values) - 1
            later = math.prod(len(other.values) for other in study.axes[study.axes.index(axis) + 1 :])
            study.architecture(first + at * later)
    bases = [canonical(base) for base in study.bases.values()]
    text = text_of({**plain, "architecture": bases if len(bases) > 1 else bases[0]})
    return replace(study, text=text, networks_digest=_digest(study, node) if networks else "")


def _digest(study: Study, node: Node) -> str:
    """Of what the networks of a study are, whatever their files are called."""
    choices = [study.group.network] if study.group else study.networks
    where = node.mapping()["group" if study.group else "networks"]
    found = hashlib.sha256()
    for choice in choices:
        found.update(json.dumps(workload_to_dict(loaded(choice, where)), sort_keys=True).encode())
    return found.hexdigest()[:32]


def _check_used(study: Study, node: Node) -> None:
    """A parameter that changes nothing would only repeat the same results."""
    used = {name for expression in (*study.settings.values(), *study.derived.values()) for name in expression.names}
    for axis in study.axes:
        if axis.name not in used:
            where = node.mapping()["parameters"].mapping()[axis.name]
            hint = f"such as set: {{GLB.capacity_bytes: {axis.name}}}"
            raise where.error(f"parameter {axis.name!r} is used neither by set nor derived", hint)


def _mapping(fields: Mapping[str, Node], key: str) -> dict[str, Node]:
    return fields[key].mapping() if key in fields else {}


def _expressions(node: Node | None, names: list[str]) -> dict[str, Expression]:
    found = {}
    for name, value in (node.mapping() if node else {}).items():
        check_name(name, value)
        if name in names:
            raise value.error(f"{name!r} is a parameter already")
        found[name] = Expression.of(value)
    return found


def _architectures(node: Node, file: str) -> dict[str, Node]:
    """The documents of the architectures, by name: one or a list of them, each a name, a path (also one next to the
    study), or written out."""
    found: dict[str, Node] = {}
    for item in node.sequence() if isinstance(node.value, list) else [node]:
        document, name = item, "architecture"
        if not isinstance(item.value, dict):
            source = item.text()
            beside = Path(file).parent / source
            try:
                document = read_document(beside if beside.is_file() else resources.locate("architectures", source))
            except InputError as problem:
                raise problem if problem.where else problem.at(item.where) from None
            name = Path(source).stem
        if not isinstance(document.value, dict):
            raise document.expected("an architecture (levels)")
        name = document.value["name"].text() if "name" in document.value else name
        if name in found:
            raise item.error(f"two architectures are called {name!r}", "give each a name of its own")
        found[name] = document
    if not found:
        raise node.error("expected at least one architecture")
    return found


def _spaces(fields: Mapping[str, Node]) -> tuple[tuple[str, Space], ...]:
    """Names of spaces, or `{name: narrow, loops: 2, ...}`."""
    found = []
    for item in listed(fields, "spaces"):
        if isinstance(item.value, dict):
            entries = item.mapping(known=("name", *SETTINGS), required=("name",))
            found.append((entries["name"].text(), replace(Space(), **read_settings(entries))))  # type: ignore[arg-type]
            continue
        name = item.text()
        if name not in SPACES:
            raise item.error(f"expected a search space, found {name!r}", nearest(name, SPACES))
        found.append((name, space_named(name)))
    if len({name for name, _ in found}) < len(found):
        raise fields["spaces"].error("a space stands here twice")
    return tuple(found) or (("default", Space()),)


def _objectives(fields: Mapping[str, Node]) -> tuple[str, ...]:
    found = tuple(item.choice(OBJECTIVES) for item in listed(fields, "objectives"))
    if len(set(found)) < len(found):
        raise fields["objectives"].error("an objective stands here twice")
    return found or ("energy",)
