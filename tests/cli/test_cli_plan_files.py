"""`looptree evaluate` of plan files: what fits, what does not fit any more, and what is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.report.recorded import record_of
from looptree.taxonomy.plan_file import plan_to_dict
from looptree.taxonomy.reader import mapping_to_yaml
from tests.cli.command_line import WORKLOAD, complaint, looptree, replaced, write
from tests.cli.plans import kept_between


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """The example, with a plan in place of its mapping."""
    planned = kept_between()
    text = mapping_to_yaml(planned.plan.tree, plan_to_dict(record_of(planned, {}, "0.1.0")))
    return write(tmp_path, mapping=text)


def test_what_was_proven_is_said(files: tuple[str, str, str]) -> None:
    outcome = looptree("evaluate", *files)
    assert outcome.code == 0
    assert "The plan was found by a search for the least energy: proven optimal in the space" in outcome.out
    assert '"holds": true' in looptree("evaluate", *files, "--json").out


def test_another_buffer_is_evaluated_but_nothing_is_proven(files: tuple[str, str, str]) -> None:
    outcome = looptree("evaluate", *files, "--buffer", "1MiB")
    assert outcome.code == 0
    assert "Nothing is proven of the plan here: it was found for the least energy on small," in outcome.out


def test_another_network_is_refused(files: tuple[str, str, str]) -> None:
    Path(files[0]).write_text(replaced(WORKLOAD, "q: 32, c: 8", "q: 31, c: 8"))
    assert complaint(looptree("evaluate", *files)) == (
        f"{files[2]}: the plan does not fit the network 'two_conv': layer 'conv2', extent of rank 'q': expected 32, "
        "found 31 (it was made for two_conv: evaluate it with that network, or search again)"
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("status: optimal", "status: good", "plan.status: expected one of optimal, feasible, found 'good'"),
        (
            "  network:",
            "  netwrk:",
            "plan.netwrk: unknown key 'netwrk' (did you mean 'network'?; or delete the section",
        ),
        ("mapping:", "maping:", "unknown key 'maping' (did you mean 'mapping'?)"),
    ],
)
def test_damage(files: tuple[str, str, str], before: str, after: str, expected: str) -> None:
    file = Path(files[2])
    file.write_text(replaced(file.read_text(), before, after))
    assert expected in complaint(looptree("evaluate", *files))
