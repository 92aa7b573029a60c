"""Reading the cases of `validation/`, running them, and measuring what their references name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from looptree import resources
from looptree.architecture.load import load_architecture
from looptree.documents import Node, read_document
from looptree.model import Evaluation, evaluate
from looptree.taxonomy.points import apply_point
from looptree.taxonomy.reader import read_mapping
from looptree.workload import Workload
from looptree.workload.load import load_workload

CONFIDENCE = ("P", "S", "D")
UNITS = {"operations": 1, "bytes": 1, "KiB": 1024, "MiB": 1024**2, "percent": 1}
COUNTS = ("multiply_accumulates", "extra_multiply_accumulates", "extra_multiply_accumulates_percent")
OFF_CHIP = ("offchip_reads_bytes", "offchip_writes_bytes", "offchip_feature_map_bytes")
ON_CHIP = ("window_bytes", "live_bytes")
OF_GROUPS = ("group_feature_map_bytes", "largest_group_feature_map_bytes")
METRICS = (*COUNTS, *OFF_CHIP, *ON_CHIP, *OF_GROUPS)
SETS = ("intermediates", "feature_maps_but_outputs")
_LEVEL = "GLB"

_CASE_KEYS = ("name", "title", "source", "year", "assumes", "runs", "references", "not_reproduced")
_RUN_KEYS = ("workload", "architecture", "point", "mapping", "parameters", "settings")
_MEASURE_KEYS = ("run", "metric", "of")
_KNOWN_KEYS = ("unit", "source", "how_read", "confidence")
_REFERENCE_KEYS = (*_MEASURE_KEYS, "value", *_KNOWN_KEYS, "tolerance", "reason")
_MISS_KEYS = (*_MEASURE_KEYS, "what", "published", *_KNOWN_KEYS, "ours", "why")


@dataclass(frozen=True)
class Run:
    """One evaluation: a point of the taxonomy with `parameters`, or a mapping file, on a workload with `settings`."""

    workload: str
    architecture: str
    point: str
    mapping: str
    parameters: Mapping[str, int]
    settings: Mapping[str, int]


@dataclass(frozen=True)
class Measure:
    """Which number of which run, in which unit; `of` names tensors or a layer where the metric needs it."""

    run: str
    metric: str
    of: str
    unit: str


@dataclass(frozen=True)
class Reference:
    """A published value that the model has to meet within the tolerance (both in the unit of the measure)."""

    measure: Measure
    value: Fraction
    confidence: str
    tolerance: Fraction


@dataclass(frozen=True)
class Miss:
    """A published value that the model does not meet, and what it says instead."""

    what: str
    measure: Measure
    published: Fraction
    confidence: str
    ours: Fraction


@dataclass(frozen=True)
class Case:
    """One published design."""

    name: str
    folder: Path
    title: str
    runs: Mapping[str, Run]
    references: tuple[Reference, ...]
    misses: tuple[Miss, ...]


def case_names() -> list[str]:
    """The folders of `validation/` that hold a case."""
    return [name.removesuffix("/case") for name in resources.names("validation") if name.endswith("/case")]


@cache
def load_case(name: str) -> Case:
    """The case of that folder."""
    return case_from_node(read_document(resources.find("validation", f"{name}/case")))


def case_from_node(node: Node) -> Case:
    """A case from a parsed document; `InputError` names what is missing or unknown, with its line."""
    fields = node.mapping(known=_CASE_KEYS, required=_CASE_KEYS[:-1])
    fields["source"].prose()
    fields["year"].integer("a year", least=1900, most=2100)
    for item in fields["assumes"].sequence():
        item.prose()
    runs = {name: _run(item) for name, item in fields["runs"].mapping().items()}
    misses = fields["not_reproduced"].sequence() if "not_reproduced" in fields else []
    return Case(
        fields["name"].text(),
        Path(node.file).parent,
        fields["title"].text(),
        runs,
        tuple(_reference(item, runs) for item in fields["references"].sequence()),
        tuple(_miss(item, runs) for item in misses),
    )


def _run(node: Node) -> Run:
    fields = node.mapping(known=_RUN_KEYS, required=_RUN_KEYS[:2])
    if ("point" in fields) == ("mapping" in fields):
        raise node.error("expected either point or mapping")
    workload, architecture, point, mapping = (fields[key].text() if key in fields else "" for key in _RUN_KEYS[:4])
    parameters, settings = (_integers(fields.get(key)) for key in _RUN_KEYS[4:])
    return Run(workload, architecture, point, mapping, parameters, settings)


def _integers(node: Node | None) -> dict[str, int]:
    return {name: item.integer("a value") for name, item in node.mapping().items()} if node is not None else {}


def _reference(node: Node, runs: Mapping[str, Run]) -> Reference:
    fields = node.mapping(known=_REFERENCE_KEYS, required=("value", "tolerance"))
    measure, confidence = _measure(node, fields, runs)
    tolerance = fields["tolerance"].number("a tolerance")
    if (tolerance > 0) != ("reason" in fields):
        raise node.error("a tolerance needs a reason, an exact comparison has none")
    return Reference(measure, fields["value"].number("a value"), confidence, tolerance)


def _miss(node: Node, runs: Mapping[str, Run]) -> Miss:
    fields = node.mapping(known=_MISS_KEYS, required=("what", "published", "ours", "why"))
    measure, confidence = _measure(node, fields, runs)
    fields["why"].prose()
    published, ours = (fields[key].number("a value") for key in ("published", "ours"))
    return Miss(fields["what"].text(), measure, published, confidence, ours)


def _measure(node: Node, fields: Mapping[str, Node], runs: Mapping[str, Run]) -> tuple[Measure, str]:
    node.mapping(required=("run", "metric", *_KNOWN_KEYS))
    for key in ("source", "how_read"):
        fields[key].prose()
    of = fields["of"].text() if "of" in fields else ""
    run, metric = fields["run"].choice(tuple(runs)), fields["metric"].choice(METRICS)
    return Measure(run, metric, of, fields["unit"].choice(tuple(UNITS))), fields["confidence"].choice(CONFIDENCE)


# -- measuring --------------------------------------------------------------------------------


def measured(case: Case, measure: Measure) -> Fraction:
    """The number of the model, in the unit of the measure."""
    workload, evaluation = evaluated(case.folder, case.name, measure.run)
    return _metric(workload, evaluation, measure) / UNITS[measure.unit]


@cache
def evaluated(folder: Path, case: str, run: str) -> tuple[Workload, Evaluation]:
    """The workload and the result of one run of a case."""
    chosen = load_case(case).runs[run]
    own = folder / chosen.workload
    workload = load_workload(own if own.is_file() else chosen.workload, **chosen.settings)
    architecture = load_architecture(chosen.architecture)
    if chosen.mapping:
        mapping = read_mapping(folder / chosen.mapping)
    else:
        mapping = apply_point(chosen.point, workload, architecture, **chosen.parameters)
    return workload, evaluate(workload, architecture, mapping)


def _metric(workload: Workload, evaluation: Evaluation, measure: Measure) -> Fraction:
    if measure.metric in COUNTS:
        return _operations(workload, evaluation, measure.metric)
    if measure.metric in OFF_CHIP:
        return Fraction(_off_chip(workload, evaluation, measure.metric))
    if measure.metric in ON_CHIP:
        index = ON_CHIP.index(measure.metric)
        held = evaluation.occupancy[_LEVEL].per_tensor
        return Fraction(sum(held[tensor][index] for tensor in _tensors(workload, measure.of)))
    sizes = _sizes_of_groups(workload, evaluation)
    return Fraction(sizes[measure.of] if measure.metric == OF_GROUPS[0] else max(sizes.values()))


def _operations(workload: Workload, evaluation: Evaluation, metric: str) -> Fraction:
    counts = [evaluation.operations[e.name] for e in workload.einsums if e.operation == "mac"]
    total, extra = sum(c.total for c in counts), sum(c.recomputed for c in counts)
    return {COUNTS[0]: Fraction(total), COUNTS[1]: Fraction(extra)}.get(metric, Fraction(100 * extra, total - extra))


def _off_chip(workload: Workload, evaluation: Evaluation, metric: str) -> int:
    moved = evaluation.transfers[evaluation.off_chip]
    if metric == "offchip_reads_bytes":
        return sum(traffic.reads_bytes for traffic in moved.values())
    if metric == "offchip_writes_bytes":
        return sum(traffic.writes_bytes for traffic in moved.values())
    kept = set(workload.tensors) - _weights(workload)
    return sum(t.reads_bytes + t.writes_bytes for name, t in moved.items() if name in kept)


def _sizes_of_groups(workload: Workload, evaluation: Evaluation) -> dict[str, int]:
    """Window bytes of feature maps by the first layer of each group; its weights are on chip as a whole."""
    weights = _weights(workload)
    found = {}
    for group in evaluation.groups:
        used = {tensor for name in group.einsums for tensor in workload.einsum(name).reads}
        stored = sum(workload.tensors[tensor].size_bytes for tensor in used & weights)
        found[group.einsums[0]] = group.occupancy[_LEVEL][0] - stored
    return found


def _tensors(workload: Workload, of: str) -> Iterable[str]:
    if of not in SETS:
        return of.split(", ")
    left_out = _weights(workload) | set(workload.outputs)
    return [t for t in workload.tensors if t not in left_out and (of == SETS[1] or t not in workload.inputs)]


def _weights(workload: Workload) -> set[str]:
    """Inputs of the workload that no layer reads as its first operand."""
    return set(workload.inputs) - {einsum.inputs[0].tensor for einsum in workload.einsums}
