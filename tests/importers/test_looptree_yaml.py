"""Files of the original LoopTree, evaluated as they are.

The notebook of its tutorial prints, for two layers of this size on this hardware, a latency of 1,048,576 cycles fused
and layer by layer, and energies of main memory that are 2,048 pJ (a 256-bit access at 8 pJ per bit) times 8,192 writes
fused and 16,384 layer by layer. Its reads, 24,576 and 40,960, include those of partial sums before they are first
written, which are elided here: 8,192 fused, 16,384 layer by layer.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from looptree.architecture import Architecture, Array, Ports
from looptree.check import check
from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.importers.load import load_architecture, load_mapping, load_workload
from looptree.importers.looptree_yaml import mapping_document, workload_document
from looptree.model import Evaluation, evaluate
from looptree.taxonomy.binding import bind
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import complaint, looptree
from tests.importers.looptree_files import ARCHITECTURE, FUSED, LAYER_BY_LAYER, NESTED, WORKLOAD

OPERATIONS = 2 * 128 * 64 * 64
WEIGHTS, MAP = 2 * 64 * 64, 128 * 64


def files(folder: Path, mapping: str = FUSED, architecture: str = ARCHITECTURE, workload: str = WORKLOAD) -> list[str]:
    texts = {"workload.yaml": workload, "architecture.yaml": architecture, "mapping.yaml": mapping}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [str(folder / name) for name in texts]


def evaluated(folder: Path, mapping: str, convention: str = "looptree") -> Evaluation:
    workload, architecture, tree = files(folder, mapping)
    hardware = load_architecture(architecture)
    return evaluate(load_workload(workload), hardware, load_mapping(tree, hardware), convention=convention)


@pytest.mark.parametrize(
    "mapping, reads, writes",
    [(FUSED, WEIGHTS + MAP, MAP), (LAYER_BY_LAYER, WEIGHTS + 2 * MAP, 2 * MAP)],
    ids=["fused", "layer by layer"],
)
def test_two_layers_as_in_the_tutorial(tmp_path: Path, mapping: str, reads: int, writes: int) -> None:
    found = evaluated(tmp_path, mapping)
    traffic = found.transfers["OffChip"].values()
    assert (sum(t.reads_words for t in traffic), sum(t.writes_words for t in traffic)) == (reads, writes)
    assert found.latency.overlapped == found.latency.compute == OPERATIONS == 1_048_576
    assert found.latency.bottleneck == "Multiplier"
    # one port for reads and writes of 32 words
    assert found.latency.memory["OffChip"] == Fraction(reads + writes, 32)
    # two ports of 32 words: operands and partial sums but the first, results, and fills
    inner = found.transfers["Shared"].values()
    assert sum(t.reads_words for t in inner) == 3 * OPERATIONS - 2 * MAP
    assert sum(t.writes_words for t in inner) == OPERATIONS + reads
    assert found.latency.memory["Shared"] == Fraction(4 * OPERATIONS - 2 * MAP + reads, 64)
    assert found.energy.per_component["OffChip"] == {"read": reads * 64, "write": writes * 64}  # LPDDR4: 8 pJ per bit


def test_our_own_convention_charges_drains(tmp_path: Path) -> None:
    theirs, ours = evaluated(tmp_path, LAYER_BY_LAYER), evaluated(tmp_path, LAYER_BY_LAYER, "own")
    for tensor, drained in (("Hidden", MAP), ("Result", MAP)):
        reads = [e.transfers["Shared"][tensor].reads_words for e in (ours, theirs)]
        assert reads[0] - reads[1] == drained
    assert ours.occupancy == theirs.occupancy
    assert ours.operations == theirs.operations
    assert ours.energy.total > theirs.energy.total


def test_groups_overlap_in_the_convention_of_looptree(tmp_path: Path) -> None:
    # with one slow port off chip the first layer waits for memory, the second computes
    slow = ARCHITECTURE.replace("width: 256, block_size: 32, word_bits: 8", "width: 8, word_bits: 8")
    uneven = WORKLOAD.replace("I1 < 64", "I1 < 1").replace("depth: 8192", "depth: 65536")
    paths = files(tmp_path, LAYER_BY_LAYER, slow, uneven)
    hardware = load_architecture(paths[1])
    tree = load_mapping(paths[2], hardware)
    ours, theirs = (evaluate(load_workload(paths[0]), hardware, tree, convention=c) for c in ("own", "looptree"))
    assert [group.bottleneck for group in ours.groups] == ["OffChip", "Multiplier"]
    assert ours.latency.overlapped == sum(group.latency_cycles for group in ours.groups)
    assert theirs.latency.overlapped == max(theirs.latency.compute, *theirs.latency.memory.values())
    assert theirs.latency.overlapped < ours.latency.overlapped


def test_model_and_simulator_agree_on_translated_files(tmp_path: Path) -> None:
    small = WORKLOAD.replace("128", "5").replace("64", "4")
    paths = files(tmp_path, workload=small)
    hardware = load_architecture(paths[1])
    assert check(bind(load_workload(paths[0]), hardware, load_mapping(paths[2], hardware))) == ()


def test_architecture(tmp_path: Path) -> None:
    found = load_architecture(files(tmp_path)[1])
    assert [level.name for level in found.levels] == ["OffChip", "Shared"]
    shared = found.level("Shared")
    assert (shared.capacity_bytes, shared.word_bits, shared.ports) == (8192 * 32, 256, Ports(shared=2))
    assert found.off_chip.ports == Ports(shared=1)
    assert (found.data_bits, found.compute.name) == (8, "Multiplier")
    assert found.compute.energy_pj("mac") == Fraction("0.3")  # 8 bits at 45 nm


def test_nested_architecture_is_the_same(tmp_path: Path) -> None:
    flat = load_architecture(files(tmp_path)[1])
    nested = load_architecture(files(tmp_path, architecture=NESTED)[1])
    assert (nested.levels, nested.data_bits) == (flat.levels, flat.data_bits)
    assert (nested.compute.name, nested.compute.pj_of) == (flat.compute.name, flat.compute.pj_of)
    assert nested.compute.array == Array({"x": 16, "y": 1})


def test_instances_make_an_array(tmp_path: Path) -> None:
    meshed = ARCHITECTURE.replace("    class: SRAM\n", "    class: SRAM\n    spatial: {meshX: 4}\n")
    meshed = meshed.replace("    class: intmac\n", "    class: intmac\n    spatial: {meshX: 8, meshY: 2}\n")
    assert load_architecture(files(tmp_path, architecture=meshed)[1]).compute.array == Array({"x": 32, "y": 2})


def test_spatial_loops(tmp_path: Path) -> None:
    """64 multipliers side by side, one per output: as many steps fewer, and each input is read once for all of them."""
    paths = files(tmp_path, FUSED.replace("type: temporal, rank: O", "type: spatial, rank: O"))
    hardware = load_architecture(paths[1])
    workload, tree = load_workload(paths[0]), load_mapping(paths[2], hardware)
    found = evaluate(workload, hardware, tree, convention="looptree")
    assert found.latency.compute == OPERATIONS // 64
    assert found.transfers["Shared"]["Rows"].reads_words == OPERATIONS // 2 // 64
    assert found.transfers["Shared"]["WUp"].reads_words == OPERATIONS // 2
    small = load_workload(files(tmp_path, workload=WORKLOAD.replace("128", "5").replace("64", "4"))[0])
    assert check(bind(small, hardware, tree)) == ()
    narrow = load_architecture(files(tmp_path, architecture=NESTED)[1])
    with pytest.raises(InputError, match="64"):
        evaluate(workload, narrow, tree)


def test_words_are_as_wide_as_the_hardware_says(tmp_path: Path) -> None:
    wide = ARCHITECTURE.replace("datawidth: 8", "datawidth: 16").replace("word_bits: 8", "word_bits: 16")
    outcome = looptree("evaluate", *files(tmp_path, architecture=wide), "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["occupancy"]["Shared"]["per_tensor"]["WUp"]["window_bytes"] == 2 * 64 * 64


def test_searched_with_the_width_of_the_hardware(tmp_path: Path) -> None:
    small = WORKLOAD.replace("128", "4").replace("64", "4")
    wide = ARCHITECTURE.replace("datawidth: 8", "datawidth: 16").replace("word_bits: 8", "word_bits: 16")
    workload, architecture, _ = files(tmp_path, architecture=wide, workload=small)
    options = ["--objective", "offchip", "--workers", "1", "--json"]
    outcome = looptree("search", workload, "--architecture", architecture, *options)
    assert outcome.code == 0, outcome.err
    compulsory = 4 * 4 * 4 * 2  # Rows, WUp, WDown and Result, 4 by 4 words of 2 bytes
    assert json.loads(outcome.out)["evaluation"]["offchip"]["reads_bytes"] == compulsory * 3 // 4


def test_command_line(tmp_path: Path) -> None:
    together = tmp_path / "all.yaml"
    together.write_text(WORKLOAD + ARCHITECTURE + FUSED)
    outcome = looptree("evaluate", *[str(together)] * 3, "--convention", "looptree", "--json")
    assert outcome.code == 0
    data = json.loads(outcome.out)
    assert data["latency_cycles"]["overlapped"] == OPERATIONS
    assert data["convention"] == "looptree"
    assert data["offchip"]["reads_bytes"] == WEIGHTS + MAP
    shown = looptree("evaluate", *[str(together)] * 3, "--convention", "looptree").out
    assert "every memory level fits, counted as looptree does" in " ".join(shown.split())
    assert "convention" not in json.loads(looptree("evaluate", *[str(together)] * 3, "--json").out)
    assert "expected one of own, looptree" in complaint(
        looptree("evaluate", *[str(together)] * 3, "--convention", "looptre")
    )


def test_convolutions_and_other_spellings() -> None:
    text = """
    problem:
      shape:
        name: conv
        dimensions: [C, M, P, Q, R, S]
        coefficients: [{name: Wstride, default: 2}]
        data-spaces:
        - {name: Inputs, projection: [[[C]], [[P, Wstride], [R]], [[Q], [S]]]}
        - {name: Weights, projection: [[[M]], [[C]], [[R]], [[S]]]}
        - {name: Outputs, projection: ['M', 'P', 'Q'], read-write: true}
      instance: {C: 3, M: 8, P: 6, Q: 6, R: 3, S: 3}
    """
    conv = workload_from_node(workload_document(parse_document(text), 16)).einsum("conv")
    assert [str(access) for access in conv.inputs] == ["Inputs[C,2*P+R,Q+S]", "Weights[M,C,R,S]"]
    glued = text.replace("[[[C]], [[P, Wstride], [R]], [[Q], [S]]]", "'[ C, 2P + R, Q + S ]'")
    bounds = "'0 <= C <= 2 and M < 8 and P >= 0 and P < 6 and 0 <= Q < 6 and 0 <= R < 3 and 0 <= S < 3'"
    glued = glued.replace("{C: 3, M: 8, P: 6, Q: 6, R: 3, S: 3}", bounds)
    assert workload_from_node(workload_document(parse_document(glued), 16)).einsum("conv") == conv


def test_bindings_and_older_keys(tmp_path: Path) -> None:
    older = FUSED.replace("rank:", "dimension:").replace("tile_shape:", "tile_size:")
    moved = older.replace("target: 0", "target: 7").replace("target: 1", "target: 5")
    bound = moved + "bindings: {7: OffChip, 5: Shared, 2: Multiplier}\n"
    paths = files(tmp_path, bound)
    hardware = load_architecture(paths[1])
    tree = load_mapping(paths[2], hardware)
    assert tree.root == load_mapping(files(tmp_path)[2], hardware).root


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ("target: 1, dspace: [WUp", "target: 3, dspace: [WUp", "mapping.yaml:6: mapping.nodes[1].target: there is no"),
        ("target: 1, dspace: [WUp", "target: -1, dspace: [WUp", "expected a target from 0"),
        ("type: sequential", "type: sequentail", "unknown node type 'sequentail' (did you mean 'sequential'?)"),
        ("rank: R2, tile_shape: 1", "rank: R2, tile: 1", "unknown key 'tile' (did you mean 'tile_"),
        ("rank: R2, tile_shape: 1", "rank: R2", "mapping.nodes[2]: key 'tile_shape' is missing"),
        ("rank: R2, tile", "rank: R2, dimension: R2, tile", "rank and dimension mean the same"),
        ("rank: R2", "rank: R1", "the sink 'Down' has no rank 'R1'"),
        ("tile_shape: 1}\n  - {type: storage", "tile_shape: 0}\n  - {type: storage", "expected a tile shape from 1"),
        ("type: fused", "type: fusd", "expected one of fused, found 'fusd'"),
        ("einsum: Down, target: 2", "einsum: Down, target: 1", "there is no unit 'Shared'"),
        ("R1 < 128", "R1 << 128", "expected a bound such as 0 <= P < 9, found '0 <= R1 << 128'"),
        ("0 <= R1 < 128 and", "", "rank 'R1' has no bound (add 0 <= R1 < ... to it)"),
        ("'[ I1, R1 ]'", "'I1, R1'", "expected a projection such as '[ C, P + R ]'"),
        ("'[ I1, R1 ]'", "'[ I1, R1 ** 2 ]'", "expected an index such as p, 2*p+r-1 or 0"),
        ("'[ O1, R1 ]', read_write: True", "'[ O1, R1 ]'", "found 3 that are read and 0 that are written"),
        ("class: SRAM", "class: XY_NoC", "architecture.nodes[1].class: expected a class of memory or of compute"),
        ("class: intmac", "class: SRAM", "expected the innermost component to compute, found class 'SRAM'"),
        ("width: 256, block_size: 32, datawidth: 8, n_rdwr", "datawidth: 8, n_rdwr", "found a depth without a width"),
        ("n_rdwr_ports: 2, n_rd_ports: 0", "n_rdwr_ports: 0, n_rd_ports: 2", "no port writes"),
        ('"45nm"', '"45 um"', "expected a technology such as 45nm"),
    ],
)
def test_mistakes(tmp_path: Path, before: str, after: str, expected: str) -> None:
    texts = [text.replace(before, after, 1) for text in (FUSED, ARCHITECTURE, WORKLOAD)]
    assert texts != [FUSED, ARCHITECTURE, WORKLOAD]
    assert expected in complaint(looptree("evaluate", *files(tmp_path, *texts)))


def test_spatial_loops_keep_their_axis_and_line() -> None:
    text = "mapping:\n  nodes:\n  - {type: spatial, rank: M, tile_shape: 1, spatial: 1}\n  - {type: compute, einsum: e}"
    node = mapping_document(parse_document(text, "m.yaml"), ["A", "B"]).value["mapping"].value[0]
    assert {key: entry.value for key, entry in node.value["spatial"].value.items()} == {
        "rank": "M",
        "tile": 1,
        "axis": "y",
    }
    assert node.where == "m.yaml:3: mapping.nodes[0]"


def test_a_mapping_needs_nodes() -> None:
    with pytest.raises(InputError, match="key 'nodes' is missing"):
        mapping_document(parse_document("mapping: {type: fused}"), ["A", "B"])


def test_the_original_needs_no_name() -> None:
    assert isinstance(load_architecture("small"), Architecture)
