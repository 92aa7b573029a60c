"""The tables and sentences of a comparison, on plans chosen by hand."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from looptree.report.comparison import comparison_report, conclusion, group_table, summary_table
from looptree.report.planned import Planned, moved_bytes
from looptree.report.rows import COLUMNS, comparison_csv, comparison_dict
from looptree.search import Comparison
from looptree.taxonomy import GroupChoice
from tests.cli.plans import FUSED, compared, plan


def text(*parts: object, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as capture:
        console.print(*parts)
    return capture.get()


def test_the_summary_adds_up_to_the_evaluations() -> None:
    both = compared()
    shown = text(summary_table(both))
    # 32,736 and 14,240 bytes; conv2 alone holds 18,016, the group 4672
    assert ["off-chip", "total", "KiB", "31.97", "13.91", "0.435"] in [line.split() for line in shown.splitlines()]
    assert ["GLB", "needed", "KiB", "17.59", "4.56", "0.259"] in [line.split() for line in shown.splitlines()]
    assert ["recomputed", "0", "0", "1.000"] in [line.split() for line in shown.splitlines()]


def test_wide_and_narrow_say_the_same() -> None:
    report = comparison_report(compared())
    narrow, wide = ([text(part, width=width) for part in report] for width in (80, 140))
    assert max(len(line.rstrip()) for part in narrow for line in part.splitlines()) <= 80
    assert [part.replace("─", "").split() for part in narrow] == [part.replace("─", "").split() for part in wide]


def test_conclusion_where_fusing_helps() -> None:
    assert conclusion(compared()).startswith(
        "Fused moves 2.299 times fewer bytes off chip (13.91 KiB instead of 31.97 KiB) and recomputes nothing; it takes"
    )


def test_conclusion_where_it_recomputes() -> None:
    both = compared()
    # the overlap of F2 is dropped: each of eight tiles computes six rows of it, 48 instead of 34
    choice = replace(FUSED[0], drop=frozenset({"F2"}))
    again = plan(both.workload, both.architecture, (choice,))
    said = conclusion(replace(both, comparison=replace(both.comparison, fused=again)))
    rows = 48 * 34 * 8 * 4 * 9
    assert again.evaluation.operations["conv1"].total == rows
    assert f"recomputes {100 * (rows - 332_928) / (rows + 589_824):.1f} % of its operations" in said


def test_conclusion_where_fusing_does_not_help() -> None:
    both = compared()
    apart = both.comparison.layer_by_layer
    assert conclusion(replace(both, comparison=Comparison(apart, apart))) == (
        "Fusing does not help here: no fused plan that was searched takes less energy."
    )


def test_conclusion_where_fusing_is_faster_but_moves_more() -> None:
    both = compared()
    turned = Comparison(both.comparison.fused, both.comparison.layer_by_layer)
    slow = replace(turned.layer_by_layer.statistics, objective="latency", value=3000.0)
    fast = replace(turned.fused.statistics, objective="latency", value=2000.0)
    said = conclusion(
        replace(
            both,
            comparison=Comparison(
                replace(turned.layer_by_layer, statistics=slow), replace(turned.fused, statistics=fast)
            ),
        )
    )
    assert said == "Fused takes 2,000 cycles instead of 3,000 cycles and moves 31.97 KiB off chip instead of 13.91 KiB."


def test_live_allocation_counts_live_bytes() -> None:
    both = compared()
    fused = both.comparison.fused.evaluation
    halved = replace(fused, occupancy={"GLB": replace(fused.occupancy["GLB"], live_bytes=2336)})
    group = replace(fused.groups[0], occupancy={"GLB": (4672, 2336)})
    window = replace(both.fused, plan=replace(both.fused.plan, evaluation=halved))
    live = replace(window, architecture=replace(both.architecture, allocation="live"))
    assert (window.demand, window.group_demand(group)) == (4672, 4672)
    assert (live.demand, live.group_demand(group)) == (2336, 2336)


def test_rows_and_data_agree() -> None:
    both = compared()
    data = comparison_dict(both)
    lines = comparison_csv(both).splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 1 + 3 + 2
    for plan_name in ("layer_by_layer", "fused"):
        groups = data[plan_name]["groups"]
        for key in ("offchip_bytes", "operations", "energy_pj", "latency_cycles"):
            assert sum(group[key] for group in groups) == data[plan_name]["total"][key]
        assert max(group["buffer_bytes"] for group in groups) == data[plan_name]["total"]["buffer_bytes"]
        assert data[plan_name]["total"]["fits"] is True
        assert data[plan_name]["statistics"]["space"]["name"] == "default"


def test_a_group_without_loops_is_one_group() -> None:
    both = compared()
    # all of F2 stays on chip: to the model two layers in turn, to the plan one group
    choice = GroupChoice(("conv1", "conv2"), (), {"F1": 0, "W1": 0, "F2": 0, "W2": 0, "F3": 0}, level="GLB")
    whole = plan(both.workload, both.architecture, (choice,))
    assert len(whole.evaluation.groups) == 2
    (group,) = Planned(both.workload, both.architecture, whole).results
    assert group.einsums == ("conv1", "conv2")
    assert moved_bytes(group) == whole.evaluation.offchip_bytes == 14_240
    assert group.operations == whole.evaluation.total_operations
    assert group.occupancy["GLB"] == (5184 + 288 + 9248 + 576 + 8192,) * 2
    assert group.energy_pj == whole.evaluation.energy.total
    assert group.latency_cycles == whole.evaluation.latency.overlapped
    assert "conv1, conv2" in text(group_table(replace(both, comparison=replace(both.comparison, fused=whole))))
