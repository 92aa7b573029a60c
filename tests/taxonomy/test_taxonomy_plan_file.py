"""The section `plan` of a mapping file: what is written is read, and what is damaged is refused with one message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.taxonomy import LoopTree
from looptree.taxonomy.plan_file import PlanRecord, plan_from_node, plan_to_dict
from looptree.taxonomy.reader import mapping_from_node, mapping_to_yaml
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import MAPPING, WORKLOAD, replaced

NETWORK = workload_from_node(parse_document(WORKLOAD))
RECORD = PlanRecord(
    version="0.1.0",
    objective="energy",
    value=6310745.6,
    bound=6310745.6,
    status="optimal",
    space={"name": "quick", "loops": 2, "spill": False},
    architecture="small",
    buffer="GLB",
    capacity_bytes=65536,
    parameters={"batch": 1},
    network=NETWORK,
)
TREE = mapping_from_node(parse_document(MAPPING))


def read(text: str) -> tuple[LoopTree, PlanRecord | None]:
    return plan_from_node(parse_document(text, "plan.yaml"))


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        replace(RECORD, capacity_bytes=None, parameters={}, status="feasible", bound=0.0),
        replace(RECORD, value=1e21, objective="offchip"),
    ],
)
def test_what_is_written_is_read(record: PlanRecord) -> None:
    tree, found = read(mapping_to_yaml(TREE, plan_to_dict(record)))
    assert tree.root == TREE.root
    assert found == record


def test_a_mapping_has_no_record() -> None:
    assert read(MAPPING)[1] is None
    assert mapping_from_node(parse_document(mapping_to_yaml(TREE, plan_to_dict(RECORD)))).root == TREE.root


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "objective: energy",
            "objective: size",
            "plan.objective: expected one of energy, offchip, latency, operations, edp, capacity, found 'size'",
        ),
        ("objective: energy", "objectiv: energy", "plan.objectiv: unknown key 'objectiv' (did you mean 'objective'?"),
        ("  objective: energy\n", "", "plan: key 'objective' is missing"),
        ("value: 6310745.6", "value: many", "plan.value: expected the objective of the plan (a number), found 'many'"),
        ("value: 6310745.6", "value: .nan", "plan.value: expected the objective of the plan (a finite number)"),
        (
            "bound: 6310745.6",
            "bound: 7e+6",
            "plan.bound: expected a bound of at most the value 6310745.6, found 7000000.0",
        ),
        ("status: optimal", "status: proven", "plan.status: expected one of optimal, feasible, found 'proven'"),
        ("name: quick", "nam: quick", "plan.space: key 'name' is missing"),
        ("loops: 2", "loops: [2]", "plan.space.loops: expected a setting of the search space, found a list of 1"),
        ("capacity_bytes: 65536", "capacity_bytes: -1", "plan.buffer.capacity_bytes: expected a capacity in bytes"),
        ("batch: 1", "batch: one", "plan.parameters.batch: expected the value of a parameter (a whole number)"),
        ("m: 8, p: 34", "m: 0, p: 34", "plan.network.einsums[0].ranks.m: expected the extent of rank 'm' from 1"),
        ("m: 8, p: 34", "p: 34", "einsum 'conv1': rank 'm' is used in the expression but has no extent"),
        ("shape: [4, 36, 36]", "shape: [4, 36]", "tensor 'F1': the declared shape [4, 36] has 2 dimensions"),
    ],
)
def test_damage(before: str, after: str, expected: str) -> None:
    text = replaced(mapping_to_yaml(TREE, plan_to_dict(RECORD)), before, after)
    with pytest.raises(InputError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("plan.yaml:")
    assert expected in message
    assert message.endswith("delete the section 'plan' to evaluate the mapping alone)")


@pytest.mark.parametrize("section", ["", "hello", "[1, 2]", "{}", "{name: my plan}", "3"])
def test_a_section_of_somebody_else(section: str) -> None:
    with pytest.raises(InputError, match=r"^plan.yaml:\d+: plan.* \(.*delete the section 'plan' to evaluate"):
        read(f"{MAPPING}plan: {section}\n")


def test_another_network_is_refused() -> None:
    RECORD.check(NETWORK, "plan.yaml")
    other = workload_from_node(parse_document(replaced(WORKLOAD, "m: 8, p: 34", "m: 9, p: 34")))
    with pytest.raises(InputError) as caught:
        RECORD.check(other, "plan.yaml")
    assert str(caught.value) == (
        "plan.yaml: the plan does not fit the network 'two_conv': layer 'conv1', extent of rank 'm': expected 8, "
        "found 9 (it was made for two_conv --set batch=1: evaluate it with that network, or search again)"
    )
