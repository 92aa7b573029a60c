"""Published designs: each is read, applied, bound, written and read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.architecture import Architecture, Level
from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.model import evaluate_design
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.point import Point, point_from_node
from looptree.taxonomy.points import apply_point, load_point, point_names
from looptree.taxonomy.reader import mapping_to_yaml
from looptree.workload import Workload
from looptree.workload.load import load_workload
from tests.taxonomy.taxonomy_examples import PROJECTIONS, RESIDUAL, TWO_CONV, TWO_LEVELS, mapping, workload

PUBLISHED = [
    "defines_fully_cached",
    "defines_fully_recompute",
    "defines_h_cached_v_recompute",
    "depfin",
    "flat_b",
    "flat_h",
    "flat_m",
    "flat_r",
    "fused_layer_cnn",
    "fused_layer_cnn_recompute",
    "isaac",
    "layer_by_layer",
    "mcunetv2_patches",
    "msf_cnn",
    "pipelayer",
]
ATTENTION = ("flat_b", "flat_h", "flat_m", "flat_r")
SIMPLE = """
name: simple
source: nobody
year: 2024
confidence: unconfirmed
fixes: nothing
parameters: {tile_p: {default: 4, meaning: rows}}
fuse: all
loops: [{rank: p, tile: tile_p}]
retention: {intermediate: below p, weight: whole}
"""


def point(text: str) -> Point:
    return point_from_node(parse_document(text, "point.yaml"))


def applied(name: str | Point, where: Workload, **parameters: int) -> Design:
    """The design of a point; its mapping survives being written and read."""
    tree = apply_point(name, where, TWO_LEVELS, **parameters)
    assert mapping(mapping_to_yaml(tree)).root == tree.root
    return bind(where, TWO_LEVELS, tree)


def loops(design: Design) -> list[tuple[str, int]]:
    return [(loop.label, loop.tile) for loop in design.root.loops]


def depth(design: Design, tensor: str) -> int:
    """Loops above the on-chip node of a tensor."""
    return next(p.depth for p in design.places if p.tensor == tensor and p.level == "GLB")


def test_all_published_designs_are_there() -> None:
    assert point_names() == PUBLISHED
    for name in point_names():
        found = load_point(name)
        assert found.name == name
        assert found.source and found.fixes


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_point_binds(name: str) -> None:
    if name not in ATTENTION:
        applied(name, load_workload("conv_conv", batch=2, resolution=20))
    if name in ATTENTION or name in ("layer_by_layer", "pipelayer"):
        applied(name, load_workload("attention", batch=2, sequence=16))


def test_fused_layer_cnn_keeps_rows_and_writes_one_pixel() -> None:
    design = applied("fused_layer_cnn", TWO_CONV)
    assert loops(design) == [("conv2.p", 1), ("conv2.q", 1)]
    assert [depth(design, t) for t in ("W1", "W2", "F1", "F2", "F3")] == [0, 0, 1, 1, 2]
    assert design.root.kind == "sequential"


def test_the_modes_of_depth_first_tiles_differ_in_what_they_keep() -> None:
    cached, half, none = (
        applied(f"defines_{mode}", TWO_CONV, tile_p=4, tile_q=8)
        for mode in ("fully_cached", "h_cached_v_recompute", "fully_recompute")
    )
    assert loops(cached) == loops(half) == loops(none) == [("conv2.p", 4), ("conv2.q", 8)]
    assert [depth(d, "F2") for d in (cached, half, none)] == [1, 2, 2]
    dropped = [{p.tensor for p in d.places if p.drop} for d in (cached, half, none)]
    assert dropped == [set(), set(), {"F1", "F2"}]


@pytest.mark.parametrize(
    ("mode", "width", "height", "operations", "reads"),
    [
        ("fully_recompute", 60, 72, "9.1201", 787_960),
        ("h_cached_v_recompute", 60, 72, "8.6876", 651_040),
        ("fully_cached", 60, 72, "8.3626", 555_588),
        ("fully_recompute", 16, 18, "11.8846", 1_743_992),
        ("h_cached_v_recompute", 16, 18, "9.7091", 951_032),
        ("fully_cached", 16, 18, "8.3626", 555_588),
    ],
)
def test_the_modes_count_what_their_tool_counts(
    mode: str, width: int, height: int, operations: str, reads: int
) -> None:
    """Giga-operations and bytes read from DRAM for FSRCNN, as DeFiNES (HPCA 2023) prints them when it is run."""
    counts = evaluate_design(applied(f"defines_{mode}", load_workload("fsrcnn"), tile_p=height, tile_q=width))
    assert f"{sum(o.total for o in counts.operations.values()) / 1e9:.4f}" == operations
    assert sum(traffic.reads_bytes for traffic in counts.transfers["DRAM"].values()) == reads
    assert sum(traffic.writes_bytes for traffic in counts.transfers["DRAM"].values()) == 8_294_400


def test_granularities_of_fused_attention() -> None:
    attention = load_workload("attention", batch=2, heads=3, sequence=16)
    assert loops(applied("flat_m", attention)) == []
    assert loops(applied("flat_b", attention)) == [("attention.b", 1)]
    assert loops(applied("flat_h", attention)) == [("attention.b", 1), ("attention.h", 1)]
    rows = applied("flat_r", attention, tile_p=8)
    assert loops(rows) == [("attention.b", 1), ("attention.h", 1), ("attention.p", 8)]
    assert [depth(rows, t) for t in ("query", "key", "value", "attention_scores", "attention")] == [3, 2, 2, 3, 3]
    assert loops(applied("flat_r", load_workload("attention", sequence=16)))[0] == ("attention.h", 1)


def test_patches_of_the_first_layers() -> None:
    design = applied("mcunetv2_patches", load_workload("mobilenet_v2", resolution=64), layers=13)
    patched = design.chains[design.root.children[0]]
    assert (len(patched.einsums), patched.sinks) == (13, ("block3_0_project",))
    assert [(loop.label, loop.tile) for loop in patched.loops] == [("block3_0_project.p", 2), ("block3_0_project.q", 2)]
    assert all(not design.chains[child].loops for child in design.root.children[1:])


def test_patches_of_a_single_layer() -> None:
    design = applied("mcunetv2_patches", TWO_CONV, layers=1)
    assert [len(design.chains[child].loops) for child in design.root.children] == [2, 0]


def test_pipelines() -> None:
    assert applied("isaac", TWO_CONV).root.kind == "pipeline"
    images = applied("pipelayer", load_workload("conv_conv", batch=4, resolution=8), tile_b=2)
    assert (images.root.kind, loops(images)) == ("pipeline", [("conv2.n", 2)])


def test_layer_by_layer_fuses_nothing() -> None:
    design = applied("layer_by_layer", RESIDUAL)
    assert [chain.einsums for chain in design.chains[1:]] == [("stem",), ("conv",), ("sum",)]
    assert {t for t in RESIDUAL.tensors if design.outermost_place(t).level == "DRAM"} == set(RESIDUAL.tensors)


def test_chains_end_where_a_tensor_has_two_readers() -> None:
    tower = workload("""
einsums:
  - {name: a, expression: "A[p] = X[p] * WA[p]", ranks: {p: 8}}
  - {name: b, expression: "B[p] = A[p] * WB[p]", ranks: {p: 8}}
  - {name: c, expression: "C[p] = B[p] * WC[p]", ranks: {p: 8}}
  - {name: d, expression: "D[p] = C[p] + B[p]", ranks: {p: 8}}
  - {name: e, expression: "E[p] = D[p] * WE[p]", ranks: {p: 8}}
""")
    design = applied(point(SIMPLE.replace("fuse: all", "fuse: chain")), tower)
    assert [design.chains[c].einsums for c in design.root.children] == [("a", "b"), ("c",), ("d", "e")]


def test_tiles_are_clipped_and_sinks_may_name_a_rank_differently() -> None:
    assert loops(applied(point(SIMPLE), TWO_CONV, tile_p=1000)) == [("conv2.p", 32)]
    either = point(SIMPLE.replace("rank: p,", "rank: [p, k],"))
    assert loops(applied(either, PROJECTIONS)) == [("query.p, key.p, value.k", 4)]
    parts = point(SIMPLE.replace("tile: tile_p", "parts: 5"))
    assert loops(applied(parts, TWO_CONV)) == [("conv2.p", 7)]


def test_not_retained_may_be_refetched() -> None:
    design = applied(point(SIMPLE + "not_retained: refetch\n"), TWO_CONV)
    assert design.outermost_place("F2").level == "DRAM"


def test_kinds_without_retention_have_no_place_on_chip() -> None:
    design = applied(point(SIMPLE), TWO_CONV)
    assert {p.tensor for p in design.places if p.level == "GLB"} == {"F2", "W1", "W2"}


def test_a_point_of_your_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SIMPLE, encoding="utf-8")
    assert load_point(file) == point(SIMPLE)
    with pytest.raises(InputError, match=r"there is no point 'depfim' in the taxonomy \(did you mean 'depfin'\?\)"):
        load_point("depfim")


def test_what_cannot_be_applied() -> None:
    with pytest.raises(InputError, match=r"point 'flat_h': the sink 'conv2' has no rank h \(it has m, p, q, c, r, s;"):
        apply_point("flat_h", TWO_CONV, TWO_LEVELS)
    with pytest.raises(InputError, match="the sink 'value' has no rank p"):
        apply_point(point(SIMPLE), PROJECTIONS, TWO_LEVELS)
    with pytest.raises(InputError, match=r"there is no parameter 'tile_r' \(did you mean 'tile_p'\?\)"):
        apply_point(point(SIMPLE), TWO_CONV, TWO_LEVELS, tile_r=2)
    with pytest.raises(InputError, match=r"expected tile_p of at least 1 \(a whole number\), found 0"):
        apply_point(point(SIMPLE), TWO_CONV, TWO_LEVELS, tile_p=0)
    with pytest.raises(InputError, match="expected a memory level on chip, found one level"):
        apply_point(point(SIMPLE), TWO_CONV, Architecture("one", (Level("DRAM"),)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("fuse: all", "fuse: some", "expected one of all, each, chain, first, found 'some'"),
        ("fuse: all", "fuse: first", "'layers' goes with 'fuse: first'"),
        ("fuse: all", "{fuse: all, layers: 2}", "not valid YAML"),
        ("year: 2024", "year: 24", "expected a year from 1900 to 2100, found 24"),
        ("confidence: unconfirmed", "confidence: sure", "expected one of primary, secondary, derived, unconfirmed"),
        ("source: nobody", "", "key 'source' is missing"),
        ("below p,", "below q,", "intermediate is retained below 'q', which is no loop (known: p)"),
        ("below p,", "above p,", "expected whole, or below and the rank of a loop (such as: below p), found 'above p'"),
        ("intermediate:", "psum:", "unknown key 'psum' (known: input, weight, intermediate, output)"),
        ("tile: tile_p", "tile: tile_q", "'tile_q' is no parameter (did you mean 'tile_p'?)"),
        ("tile: tile_p", "tile: 1, parts: 2", "expected either tile or parts"),
        ("tile: tile_p", "tile: 0", "expected a tile shape from 1"),
        ("tile: tile_p}", "tile: 1}, {rank: [q, p], tile: 1}", "rank 'p' is named twice in the loops"),
        ("meaning: rows", "unit: rows", "unknown key 'unit'"),
    ],
)  # fmt: skip
def test_bad_points(old: str, new: str, message: str) -> None:
    assert old in SIMPLE
    with pytest.raises(InputError) as caught:
        point(SIMPLE.replace(old, new))
    assert message in str(caught.value)
    assert str(caught.value).startswith("point.yaml")
