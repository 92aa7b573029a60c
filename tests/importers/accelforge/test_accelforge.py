"""AccelForge's files: the numbers that AccelForge reports, and what cannot be represented with file and line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.importers.load import load_architecture, load_plan, load_workload
from looptree.model.evaluate import evaluate
from looptree.search import search
from tests.importers.accelforge.files import ARCHITECTURE, MAPPING, TEMPLATE, WORKLOAD, written

JOULES = 10**12
"""pJ in one, which these files take as the unit of energy."""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    pytest.importorskip("jinja2")
    return written(tmp_path)


def test_two_fused_products_cost_what_accelforge_reports(files: dict[str, str]) -> None:
    """Everything stays in a buffer of 64 KiB: 191,102,976 with 100 per bit off chip, and 1 per bit and operation."""
    architecture = load_architecture(files["arch"], SIZE=65536)
    workload = load_workload(files["workload"])
    mapping, record = load_plan(files["mapping"], architecture)
    evaluation = evaluate(workload, architecture, mapping)
    assert record is None
    assert evaluation.offchip_bytes == 65536
    assert evaluation.energy.total == 191_102_976 * JOULES
    assert evaluation.fits


@pytest.mark.parametrize(("size", "energy", "offchip"), [(65536, 191_102_976, 65536), (16384, 217_579_520, 98304)])
def test_the_best_mapping_costs_what_that_of_accelforge_does(
    files: dict[str, str], size: int, energy: int, offchip: int
) -> None:
    """Energy and bytes off chip that AccelForge 1.0 reports for two chained 128 x 128 x 128 products."""
    workload = load_workload(files["template"], COUNT=2)
    plan = search(workload, load_architecture(files["arch"], SIZE=size), objective="energy")
    assert plan.evaluation.energy.total == energy * JOULES
    assert plan.evaluation.offchip_bytes <= offchip


def test_units(files: dict[str, str]) -> None:
    """Energies per bit in J become pJ per byte; 64 bits per operation are 8 bytes per cycle."""
    architecture = load_architecture(files["arch"], SIZE=1024)
    assert [(level.name, level.capacity_bytes) for level in architecture.levels] == [("DRAM", None), ("GLB", 1024)]
    assert architecture.level("GLB").read_pj_per_byte == 8 * JOULES
    assert architecture.level("GLB").bandwidth_bytes_per_cycle == 8
    assert architecture.compute.energy_pj("mac") == JOULES
    assert architecture.compute.energy_pj("copy") == 0


def test_what_branches_hand_on_stands_above_them(files: dict[str, str]) -> None:
    mapping, _ = load_plan(files["mapping"], load_architecture(files["arch"]))
    chain = mapping.root
    assert [str(node) for node in chain.inner] == [
        "DRAM keeps A, W1, W2, C",
        "GLB keeps W1, W2",
        "for m in tiles of 4",
        "GLB keeps B",
    ]
    assert [[str(node) for node in branch.inner] for branch in chain.chains] == [
        ["GLB keeps A", "for n0 in tiles of 1"],
        ["GLB keeps C"],
    ]


CONVOLUTION = """
workload:
  rank_sizes: {P0: 28, C: 8, M: 16, P1: 14}
  bits_per_value: {All: 8, Intermediates: 16, "Outputs | W1": 4}
  einsums:
  - einsum: "T0[p0, c] = I[p0, c]"
    is_copy_operation: True
  - name: conv
    tensor_accesses:
    - {name: T0, projection: {P0: 2 * p1 + r, C: c}}
    - {name: W1, projection: [m, c, r]}
    - {name: T1, projection: [p1, m], output: True}
    iteration_space_shape: [0 <= r < 3]
  - "T2[p1, m] = T1[p1, m]"
"""


def test_projections_sizes_and_widths(tmp_path: Path) -> None:
    """Rows that a window reads beyond the 28 of the rank are padding; a copy costs no computation."""
    path = tmp_path / "conv.yaml"
    path.write_text(CONVOLUTION)
    workload = load_workload(path)
    assert [(e.operation, str(e.expression)) for e in workload.einsums] == [
        ("copy", "T0[p0,c] = I[p0,c]"),
        ("mac", "T1[p1,m] = T0[2*p1+r,c] * W1[m,c,r]"),
        ("apply", "T2[p1,m] = T1[p1,m]"),
    ]
    assert dict(workload.einsum("conv").ranks) == {"p1": 14, "m": 16, "r": 3, "c": 8}
    assert {name: (tensor.shape, tensor.bits) for name, tensor in workload.tensors.items()} == {
        "T0": ((28, 8), 16),
        "I": ((28, 8), 8),
        "T1": ((14, 16), 16),
        "W1": ((16, 8, 3), 4),
        "T2": ((14, 16), 4),
    }


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        (WORKLOAD, ("N0: 128, ", ""), "7: workload.einsums[0]: rank variable 'n0' of Einsum 'first' has no bound"),
        (WORKLOAD, ("N1: 2*64", "N1: open('x')"), "3: workload.rank_sizes.N1: expected the size of rank N1"),
        (WORKLOAD, ("output: True", "out: True"), "11: workload.einsums[0].tensor_accesses[2].out: unknown key 'out'"),
        (WORKLOAD, ("renames: {input: A}", "n_instances: 4"), "12: workload.einsums[0].n_instances: unknown key"),
        (WORKLOAD, ("{All: 8}", "{'len(All)': 8}"), "4: workload.bits_per_value.len(All): expected an expression of"),
        (WORKLOAD, ("C[m, n2] = ", ""), "13: workload.einsums[1]: expected an Einsum such as"),
        (
            WORKLOAD,
            ("[m, n0]", "[m, n0 ** 2]"),
            "9: workload.einsums[0].tensor_accesses[0].projection: expected an index",
        ),
        (ARCHITECTURE, ("- !Compute", "- !Toll"), "18: arch.nodes[2]: !Toll cannot be represented"),
        (ARCHITECTURE, ("- !Compute", "- !Danger"), "18: arch.nodes[2]: tag '!Danger' is not supported here"),
        (
            ARCHITECTURE,
            ("tensors: {keep: All}", "tensors: {keeps: input}"),
            "16: arch.nodes[1].tensors.keeps: unknown key",
        ),
        (ARCHITECTURE, ("read, energy: 1,", "read,"), "14: arch.nodes[1].name: an energy of 'GLB' is missing"),
        (
            MAPPING,
            ("!Temporal {rank_variable: n0", "!Spatial {rank_variable: n0"),
            "12: mapping.nodes[3].nodes[0].nodes[1]: key 'name' is missing",
        ),
        (WORKLOAD, ("N1: 2*64", "N1: ="), "3: workload.rank_sizes.N1: not a valid value: could not determine"),
        (MAPPING, ("tile_shape: 4", "tile_shape: inf"), "6: mapping.nodes[2].tile_shape: expected a tile shape"),
    ],
)
def test_what_cannot_be_represented_is_named(tmp_path: Path, text: str, change: tuple[str, str], expected: str) -> None:
    pytest.importorskip("jinja2")
    assert change[0] in text
    path = tmp_path / "file.yaml"
    path.write_text(text.replace(*change))
    with pytest.raises(InputError) as problem:
        if text is WORKLOAD:
            load_workload(path)
        elif text is ARCHITECTURE:
            load_architecture(path)
        else:
            load_plan(path, load_architecture("small"))
    assert str(problem.value).startswith(f"{path}:{expected}")


def test_energies_of_component_models_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    text = "arch:\n  nodes:\n  - !Memory {name: DRAM, component_class: Cells}\n"
    text += "  - !Compute {name: MAC, component_class: Dummy}\n"
    path.write_text(text)
    with pytest.raises(InputError) as problem:
        load_architecture(path)
    assert str(problem.value).startswith(f"{path}:3: arch.nodes[0].component_class: the energy of 'DRAM' comes from")
    path.write_text(text.replace("Cells", "Dummy"))
    assert load_architecture(path).off_chip.read_pj_per_byte == 0


def test_lines_are_those_of_the_template(files: dict[str, str]) -> None:
    path = Path(files["template"])
    path.write_text(TEMPLATE.replace("projection: [n{{i}}, n{{i+1}}]}", "projection: {N: n{{i}} *}}"))
    with pytest.raises(InputError) as problem:
        load_workload(path, COUNT=3)
    assert str(problem.value).startswith(f"{path}:15: workload.einsums[0].tensor_accesses[1].projection")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "access to attribute '__class__'"),
        ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "'__init__'"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{% import 'os' as os %}", "no loader"),
        ("{{ open('/etc/passwd').read() }}", "the template calls 'open'"),
        ("{{ include_text('/etc/passwd') }}", "the template calls 'include_text' (functions of AccelForge"),
        ("{{ 'a' * 10000000000 }}", "a value that * makes is too large"),
        ("{{ 10 ** 1000000 }}", "a value that ** makes is too large"),
        ("{{ range(1000000) | list }}", "the template cannot be rendered: Range too big"),
        ("{{ 'a' | center(10000000000) }}", "the template takes more than 512 MiB"),
        ("{{ '%1000000000d' % 3 }}", "the template takes more than 512 MiB"),
        ("{{ ['a'] | map('center', 10000000000) | list }}", "the template takes more than 512 MiB"),
        ("{{ [0] | batch(10 ** 9, 0) | list }}", "the template takes more than 512 MiB"),
        ("{% for", "not a valid template"),
        ("{{ COUNT }}", "variable 'COUNT' has no value (--set COUNT=1, for instance)"),
        ("{{ 1 // 0 }}", "the template cannot be rendered: "),
        ("{{ 1 | defHult(2) }}", "not a valid template: No filter named 'defHult'"),
    ],
)
def test_a_template_cannot_reach_the_system(tmp_path: Path, template: str, expected: str) -> None:
    pytest.importorskip("jinja2")
    path = tmp_path / "template.yaml"
    path.write_text(f"workload:\n  rank_sizes: {{M: {template}}}\n")
    with pytest.raises(InputError) as problem:
        load_workload(path)
    assert str(problem.value).startswith(str(path)) and expected in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "data", [b"{{" * 5_000_000, b"a: {{ x " + b"y" * 10_000_000, b"{{ a }}" * 1_500_000, b"{{ a }}" * 4_900]
)
def test_noise_is_an_error_within_seconds(tmp_path: Path, data: bytes) -> None:
    pytest.importorskip("jinja2")
    path = tmp_path / "noise.yaml"
    path.write_bytes(data)
    start = time.perf_counter()
    with pytest.raises(InputError) as problem:
        load_workload(path)
    assert len(str(problem.value)) < 1000
    assert time.perf_counter() - start < 10


def test_a_file_of_another_kind_is_named(files: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"expected an architecture \(levels\), found a workload of AccelForge"):
        load_architecture(files["workload"])
    with pytest.raises(InputError, match="found an architecture of AccelForge"):
        load_workload(files["arch"])


def test_a_template_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jinja2")
    monkeypatch.setattr("looptree.importers.accelforge.template.SECONDS", 0.2)
    path = tmp_path / "template.yaml"
    loops = "{% for i in range(99999) %}" * 3 + "{% endfor %}" * 3
    path.write_text(f"workload: {loops}\n")
    start = time.perf_counter()
    with pytest.raises(InputError, match="takes longer than"):
        load_workload(path)
    assert time.perf_counter() - start < 5


def test_variables_that_no_file_has(files: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"the workload has no parameter 'COUNTS' \(did you mean 'COUNT'\?\)"):
        load_workload(files["template"], COUNT=2, COUNTS=3)
    assert load_workload(files["template"], COUNT=2, M=64).einsum("layer0").ranks["m"] == 64


def test_without_jinja2_one_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setitem(sys.modules, "jinja2.sandbox", None)
    path = tmp_path / "template.yaml"
    path.write_text("workload: {{ M }}\n")
    with pytest.raises(InputError, match=r"needs the package jinja2 \(pip install 'looptree\[accelforge\]'\)"):
        load_workload(path)
