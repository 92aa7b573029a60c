"""Messages about bad input name the page of the guide that explains what is expected; the page and section exist."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from looptree.errors import InputError, UnsupportedError, guided
from tests.cli.command_line import ARCHITECTURE, MAPPING, WORKLOAD, looptree, write

ROOT = Path(__file__).parents[1]


def anchors(page: Path) -> set[str]:
    """Sections of a page, as links name them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_page_that_is_named_exists() -> None:
    named = set()
    for source in (ROOT / "looptree").rglob("*.py"):
        named |= set(re.findall(r'guided?(?:=|\(|: str = )"([^"]+\.md[^"]*)"', source.read_text(encoding="utf-8")))
    assert len(named) >= 10
    for name in named:
        page, _, section = name.partition("#")
        file = ROOT / page if "/" in page else ROOT / "docs" / page
        assert file.is_file(), name
        assert not section or section in anchors(file), name


@pytest.mark.parametrize(
    ("changed", "page"),
    [
        ({"architecture": ARCHITECTURE.replace("capacity_bytes", "capacity")}, "docs/formats.md#architecture"),
        ({"workload": WORKLOAD.replace("ranks", "rank", 1)}, "docs/formats.md#workload"),
        ({"mapping": MAPPING.replace("tensors", "tensor", 1)}, "docs/formats.md#mapping"),
        ({"mapping": MAPPING.replace("rank: p", "rank: z")}, "docs/formats.md#mapping"),
        ({"workload": "inputs: {x: [3, 8, 8]}\nlayers: [{name: a, type: cov}]"}, "workloads/README.md"),
    ],
)
def test_the_command_line_names_the_page(tmp_path: Path, changed: dict[str, str], page: str) -> None:
    outcome = looptree("evaluate", *write(tmp_path, **changed))
    assert outcome.code == 2
    assert outcome.err.splitlines()[1:] == [f"guide: {page}"]


def test_options_name_their_page_too() -> None:
    assert looptree("search", "conv_conv", "--buffer", "64KB").err.endswith("guide: docs/terminal.md#quantities\n")
    assert looptree("search", "conv_conv", "--limit", "speed<=1").err.endswith("guide: docs/search.md#limits\n")


def test_the_innermost_page_is_the_one_that_is_kept() -> None:
    with pytest.raises(InputError) as found, guided("outer.md"), guided("inner.md"):
        raise InputError("expected one thing")
    assert found.value.guide == "inner.md"
    placed = found.value.at("here")
    assert (placed.guide, str(placed)) == ("inner.md", "here: expected one thing")
    for problem in (placed, UnsupportedError("not this")):
        again = pickle.loads(pickle.dumps(problem))
        assert (type(again), again.guide, str(again)) == (type(problem), problem.guide, str(problem))
