"""Values of parameters become designs; what cannot be meant is refused."""

from __future__ import annotations

import pytest

from looptree.errors import InputError
from looptree.taxonomy.points import apply_point
from looptree.validate import load_case, run_at
from looptree.validate.case import Measure
from looptree.validate.metrics import measured
from looptree.validate.run import ALONE, MET
from looptree.validate.settings import block_ranges, blocks_of, checked_values, designed
from looptree.workload.load import load_workload


def test_a_choice_changes_the_recipe_and_a_size_its_arguments() -> None:
    case = load_case("defines")
    design = designed(case, checked_values(case.parameters, {"tile": "16x18", "mode": "recompute"}))
    point = apply_point("defines_fully_recompute", design.workload, design.architecture, tile_p=18, tile_q=16)
    assert design.tree == point


def test_blocks_name_layers_by_position() -> None:
    workload = load_workload("conv_conv_conv")
    names = [einsum.name for einsum in workload.einsums]
    assert blocks_of(workload, "1-2") == [(names[0],), (names[1], names[2])]
    assert blocks_of(workload, "0-1") == [(names[0], names[1]), (names[2],)]
    with pytest.raises(InputError, match="layers from 0 to 2, found 3"):
        blocks_of(workload, "1-3")


@pytest.mark.parametrize("text", ["", "1-", "2-1", "0-2,1-3", "0,0", "a-b", "0-1;2-3", "-1"])
def test_blocks_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected blocks of layers"):
        block_ranges(text)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"tile": "16"}, "two numbers such as 60x72"),
        ({"tile": "0x3"}, "two numbers such as 60x72"),
        ({"mode": "fast"}, "no choice 'fast'.*known: layer_by_layer, recompute, keep_along_rows, keep"),
        ({"size": "3"}, "no parameter 'size'.*known: network, mode, tile"),
        ({"mode": "layer_by_layer", "tile": "3x3"}, "tile has no meaning with mode=layer_by_layer"),
        ({"network": "no_such_network"}, "nothing in workloads has the name"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, str], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        run_at(load_case("defines"), values)


def test_what_is_wrong_with_a_design_is_said_and_not_left_out() -> None:
    with pytest.raises(InputError, match="'pes // 9', which is 0"):
        run_at(load_case("maeri"), {"pes": "8"})


def test_a_default_may_be_another_number() -> None:
    parameters = load_case("tileflow").parameters
    assert checked_values(parameters, {"width": "48"})["output_width"] == "48"
    assert checked_values(parameters, {"width": "48", "output_width": "80"})["output_width"] == "80"


@pytest.mark.parametrize(
    ("case", "given"),
    [
        ("eyeriss", {"batch": "1"}),
        ("eyeriss", {"layer": "conv4", "groups": "1"}),
        ("eyeriss", {"layer": "conv3", "rows": "99", "outputs": "999", "depth": "999", "images": "99"}),
        ("tileflow", {"rows": "1", "inner": "1", "width": "1"}),
        ("flat", {"sequence_length": "1", "batch": "1", "heads": "1"}),
        ("pipelayer", {"images": "1", "layers": "1"}),
    ],
)
def test_tiles_and_loops_that_a_small_layer_does_not_have(case: str, given: dict[str, str]) -> None:
    result = run_at(load_case(case), given)
    assert result.rows
    assert result.holds


def test_a_setting_is_compared_where_something_is_published_for_it() -> None:
    case = load_case("defines")
    known = run_at(case, {"tile": "16x18", "mode": "recompute"})
    assert [row.status for row in known.rows] == [MET, MET, MET]
    unknown = run_at(case, {"tile": "17x18", "mode": "recompute"})
    assert {row.status for row in unknown.rows} == {ALONE}


def test_numbers_that_a_setting_does_not_have_are_named() -> None:
    result = run_at(load_case("msf_cnn"), {"network": "mobilenet_v2", "blocks": "6-10"})
    assert any(note.startswith("no whole_tile_multiply_accumulates: ") for note in result.notes)
    assert run_at(load_case("isaac"), {}).notes == ()


def test_a_formula_is_compared_at_every_setting() -> None:
    result = run_at(load_case("isaac"), {"channels": "5", "kernel": "5", "width": "20", "mode": "pixels"})
    met = {row.measure: row for row in result.rows if row.status == MET}
    assert met[Measure("live_bytes", "before", "bytes")].ours == (4 * 20 + 5) * 5


def test_designs_are_made_once() -> None:
    case = load_case("isaac")
    values = checked_values(case.parameters, {"width": "30"})
    assert designed(case, values) is designed(case, dict(values))
    assert measured(designed(case, values), Measure("window_bytes", "before", "bytes")) == 3 * 30 * 64
