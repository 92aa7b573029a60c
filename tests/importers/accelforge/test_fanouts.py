"""Instances in AccelForge's files: axes of the array, what they share, and what each of them costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.architecture import Architecture
from looptree.check import check
from looptree.errors import InputError
from looptree.importers.load import load_architecture, load_plan, load_workload
from looptree.model.evaluate import evaluate
from looptree.taxonomy.binding import bind
from looptree.taxonomy.tree import LoopTree
from looptree.workload import Workload

WORKLOAD = """
workload:
  rank_sizes: {M: 8, K: 6, N: 4}
  einsums: ["C[m, n] = A[m, k] * W[k, n]", "D[m, n] = C[m, n]"]
"""

ARCHITECTURE = """
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    tensors: {keep: ~Intermediates, may_keep: All}
    actions: [{name: read, energy: 1e-12}, {name: write, energy: 1e-12}]
  - !Memory
    name: Buffer
    spatial: [{name: Z, fanout: 2, may_reuse: Nothing, min_usage: 1}]
    size: 4096
    area: 1e-6
    leak_power: 1e-3
    actions: [{name: read, energy: 1e-13}, {name: write, energy: 2e-13}]
  - !Compute
    name: Scalar
    actions: [{name: compute, energy: 5e-12, throughput: 1e9}]
    enabled: len(All) == 2
  - !Container
    name: Element
    spatial:
    - {name: rows, fanout: 4, reuse: weight}
    - {name: sums, fanout: 2, reuse: output}
  - !Memory
    name: Register
    size: weight.bits_per_value if weight else 0
    actions: [{name: read, energy: 0}, {name: write, energy: 0}]
    tensors: {keep: weight}
  - !Compute
    name: MAC
    area: 1e-9
    actions: [{name: compute, energy: 1e-12, throughput: 1e9}]
    enabled: len(All) == 3
"""

MAPPING = """
mapping:
  nodes:
  - !Storage {tensors: [A, W, C, D], component: MainMemory}
  - !Sequential
    nodes:
    - !Nested
      nodes:
      - !Spatial {rank_variable: n, tile_shape: 2, name: Z, component: Buffer}
      - !Storage {tensors: [A, W, C], component: Buffer}
      - !Temporal {rank_variable: m, tile_shape: 4}
      - !Spatial {rank_variable: m, tile_shape: 1, name: rows, component: Element}
      - !Temporal {rank_variable: k, tile_shape: 2}
      - !Spatial {rank_variable: k, tile_shape: 1, name: sums, component: Element}
      - !Storage {tensors: [W], component: Register}
      - !Compute {einsum: C, component: MAC}
    - !Nested
      nodes:
      - !Compute {einsum: D, component: Scalar}
"""


def loaded(
    folder: Path, architecture: str = ARCHITECTURE, mapping: str = MAPPING
) -> tuple[Workload, Architecture, LoopTree]:
    """Workload, architecture and mapping of the files above."""
    for name, text in (("w", WORKLOAD), ("a", architecture), ("m", mapping)):
        (folder / f"{name}.yaml").write_text(text)
    found = load_architecture(folder / "a.yaml")
    return load_workload(folder / "w.yaml"), found, load_plan(folder / "m.yaml", found)[0]


def test_fanouts_are_axes_and_sizes_are_per_instance(tmp_path: Path) -> None:
    _, architecture, _ = loaded(tmp_path)
    array = architecture.compute.array
    assert array is not None and dict(array.axes) == {"Z": 2, "rows": 4, "sums": 2}
    buffer = architecture.level("Buffer")
    assert buffer.capacity_bytes == 512
    assert buffer.area_mm2 == 2  # two of 1 mm2
    assert buffer.leakage_pj_per_cycle == 2  # two of 1 mW, in cycles of 1 ns
    assert float(architecture.compute.area_mm2 or 0) == pytest.approx(16 * 1e-3)
    shared = [(level.network.multicast, level.network.reduce) for level in architecture.levels]
    assert shared == [(False, False), (True, True), (False, False)]


def test_a_spatial_mapping_counts_by_instances(tmp_path: Path) -> None:
    """2 x 4 x 2 units do 8 x 6 x 4 operations in 12 cycles; both buffers get all of `A`, 48 words."""
    workload, architecture, mapping = loaded(tmp_path)
    evaluation = evaluate(workload, architecture, mapping)
    assert evaluation.latency.layers["C"].cycles == 12
    assert evaluation.transfers["MainMemory"]["A"].reads_words == 96
    # of each Buffer: 4 rows share a weight, so that 6 x 2 words go out in each of the 2 steps over m
    assert evaluation.transfers["Buffer"]["W"].reads_words == 2 * 2 * 12
    assert check(bind(workload, architecture, mapping)) == ()


def test_each_kind_of_einsum_has_its_unit(tmp_path: Path) -> None:
    workload, architecture, _ = loaded(tmp_path)
    assert [einsum.operation for einsum in workload.einsums] == ["mac", "apply"]
    assert architecture.compute.name == "MAC/Scalar"
    assert [architecture.compute.energy_pj(kind) for kind in ("mac", "apply", "copy")] == [1, 5, 0]


def test_what_is_not_represented_is_noted_with_its_line(tmp_path: Path) -> None:
    _, architecture, _ = loaded(tmp_path)
    file = tmp_path / "a.yaml"
    assert architecture.notes == (
        f"{file}:16: arch.nodes[2]: operations of 'Scalar' take as long as those of 'MAC'",
        f"{file}:11: arch.nodes[1].spatial[0]: fanouts say along no rank, so that a search counts one unit; "
        "mappings spread by !Spatial",
        f"{file}:27: arch.nodes[4].size: a size of one value of a tensor is not checked",
        f"{file}: constraints of AccelForge's mapper, which a search does not know, on line 11, 23, 24, 29",
    )


def test_axes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    text = ARCHITECTURE.replace("name: Z", "name: X").replace("name: rows", "name: X")
    mapping = MAPPING.replace("name: Z", "name: X").replace("name: rows", "name: X")
    workload, architecture, tree = loaded(tmp_path, text, mapping)
    array = architecture.compute.array
    assert array is not None and dict(array.axes) == {"Buffer.X": 2, "Element.X": 4, "sums": 2}
    assert evaluate(workload, architecture, tree).latency.layers["C"].cycles == 12


MODELLED = """
arch:
  extra_attributes_for_all_component_models: {tech_node: 28e-9}
  nodes:
  - !Memory {name: DRAM, component_class: LPDDR4, size: inf}
  - !Memory
    name: Buffer
    component_class: SmartBufferSRAM
    size: 1024 * 1024
    total_latency: sum(a.n_calls for a in actions) / 4 / 200e6
    extra_attributes_for_component_model: {n_banks: 4}
    actions: [{name: read, bits_per_action: 64}, {name: write, bits_per_action: 64}]
  - !Compute
    name: MAC
    component_class: IntMAC
    total_latency: sum(a.n_calls for a in actions) / 200e6
    extra_attributes_for_component_model: {multiplier_width: 8}
"""


def test_component_models_become_ours_and_it_is_said(tmp_path: Path) -> None:
    """8 pJ per bit of LPDDR4; four accesses of 64 bits in a cycle of 5 ns."""
    _, architecture, _ = loaded(tmp_path, MODELLED)
    assert architecture.off_chip.read_pj_per_byte == 64
    buffer = architecture.level("Buffer")
    assert (buffer.word_bits, buffer.read_pj is not None) == (64, True)
    assert buffer.bandwidth_bytes_per_cycle == 32
    assert architecture.compute.pj_per_operation > 0
    assert architecture.notes == (
        f"{tmp_path / 'a.yaml'}: energies and areas are those of looptree's models, not of LPDDR4 (line 5), "
        "SmartBufferSRAM (line 8), IntMAC (line 15)",
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("fanout: 2, may_reuse", "fanout: 0, may_reuse", "11: arch.nodes[1].spatial[0].fanout: expected a number of"),
        ("may_reuse: Nothing", "may_reuse: A | W", "11: arch.nodes[1].spatial[0].may_reuse: sharing of some tensors"),
        ("len(All) == 2", "len(All) > 2", "19: arch.nodes[2].enabled: units for some Einsums only"),
        ("len(All) == 2", "len(All) == 3", "4: arch.nodes: expected memories and then one compute"),
        ("reuse: output}", "may_reuse: Nothing}", "24: arch.nodes[3].spatial[1]: axes of one component that share"),
        ("area: 1e-6", "bits_per_value: {C: 16}", "13: arch.nodes[1].bits_per_value: bits_per_value of one component"),
        ("area: 1e-6", "skip_initial_output_write: False", "13: arch.nodes[1].skip_initial_output_write: a first read"),
        ("area: 1e-6", "total_latency: 3*x", "13: arch.nodes[1].total_latency: this latency cannot be represented"),
        ("area: 1e-6", "enabled: len(All) == 2", "13: arch.nodes[1].enabled: a memory that is there for some"),
        (
            "throughput: 1e9}]\n    enabled: len(All) == 3",
            "throughput: -1}]",
            "33: arch.nodes[5].actions[0].throughput",
        ),
        ("- !Container", "- !Array", "20: arch.nodes[3]: !Array cannot be represented"),
        ("name: sums", "name: [3]", "24: arch.nodes[3].spatial[1].name: expected"),
    ],
)
def test_what_cannot_be_represented_is_named(tmp_path: Path, before: str, after: str, expected: str) -> None:
    path = tmp_path / "a.yaml"
    assert before in ARCHITECTURE
    path.write_text(ARCHITECTURE.replace(before, after, 1))
    with pytest.raises(InputError) as problem:
        load_architecture(path)
    assert str(problem.value).startswith(f"{path}:{expected}")


def test_a_spatial_loop_needs_its_axis(tmp_path: Path) -> None:
    workload, architecture, mapping = loaded(tmp_path, mapping=MAPPING.replace("name: Z", "name: Y"))
    with pytest.raises(InputError, match="there is no axis 'Y' of an array"):
        bind(workload, architecture, mapping)
