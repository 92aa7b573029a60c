"""What is proven of a plan, in sentences, and what of it holds for another evaluation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.model.evaluate import evaluate
from looptree.report.proof import proof, space_name, space_sentences, verdict
from looptree.report.recorded import record_of, recorded, recorded_dict
from looptree.report.rows import statistics_dict
from looptree.search import SPACES, Space
from looptree.search.asked.objective import amount
from tests.cli.plans import APART, kept_between, plan

FOUND = kept_between()
STATISTICS = FOUND.plan.statistics


def test_a_proof() -> None:
    assert proof(STATISTICS).splitlines() == [
        "Searched for the least energy in 0.2 s: proven optimal.",
        f"Space default: {Space().described()}.",
        "3 groups of layers of 2 shapes, 20 designs computed, 5 ranges of designs bounded as a whole; the plan is "
        "evaluated by the exact model.",
    ]


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("energy", "stopped with a gap of 25.0 % (it takes 2 uJ, no plan of the space less than 1.5 uJ)"),
        ("offchip", "stopped with a gap of 25.0 % (it takes 1.907 MiB, no plan of the space less than 1.431 MiB)"),
        (
            "latency",
            "stopped with a gap of 25.0 % (it takes 2,000,000 cycles, no plan of the space less than 1,500,000 cycles)",
        ),
    ],
)
def test_a_gap(objective: str, expected: str) -> None:
    assert verdict(replace(STATISTICS, status="feasible", objective=objective, value=2e6, bound=1.5e6)) == expected


def test_amounts_that_are_not_known() -> None:
    assert amount("energy", float("inf")) == "unknown"
    assert statistics_dict(replace(STATISTICS, bound=float("-inf")))["bound"] is None


def test_a_narrower_space_says_what_it_leaves_out() -> None:
    assert [space_name(space) for space in (*SPACES.values(), Space(loops=1))] == [*SPACES, "custom"]
    assert "Narrower" not in space_sentences(Space())
    assert space_sentences(Space(loops=1)).endswith(" Narrower than the default space in loops: 1 (default 3).")


def test_what_a_file_remembers() -> None:
    evaluation = FOUND.plan.evaluation
    record = record_of(FOUND, {}, "0.1.0")
    assert recorded(record, FOUND.architecture, evaluation) == (
        "The plan was found by a search for the least energy: proven optimal in the space default."
    )
    gap = replace(record, status="feasible", bound=record.value * 0.9)
    assert recorded(gap, FOUND.architecture, evaluation) == (
        "The plan was found by a search for the least energy in the space default, which stopped with a gap of 10.0 %."
    )
    assert recorded_dict(gap, FOUND.architecture, evaluation) == {
        "objective": "energy",
        "value": record.value,
        "bound": record.value * 0.9,
        "status": "feasible",
        "space": "default",
        "limits": [],
        "holds": True,
    }


def test_what_does_not_hold_elsewhere() -> None:
    record = record_of(FOUND, {}, "0.1.0")
    larger = FOUND.architecture.with_capacity("GLB", 131072)
    said = recorded(record, larger, evaluate(FOUND.workload, larger, FOUND.plan.tree))
    assert said.startswith(
        "Nothing is proven of the plan here: it was found for the least energy on small, GLB 64 KiB, where it takes "
    )
    other = plan(FOUND.workload, FOUND.architecture, APART).evaluation  # somebody changed the mapping
    assert not recorded_dict(record, FOUND.architecture, other)["holds"]
