"""The pages of the taxonomy say what the code does: their loop nests are drawn again, their tables checked."""

from __future__ import annotations

import re

import pytest

from looptree import resources
from looptree.model import Evaluation, evaluate_design
from looptree.taxonomy.axes import load_axes
from looptree.taxonomy.design import Design
from looptree.taxonomy.drawing import draw_loop_nest
from looptree.taxonomy.points import load_point, point_names
from looptree.taxonomy.reader import mapping_to_yaml
from tests.taxonomy.taxonomy_examples import TWO_CONV, design, pages, workload

PAGES = pages()
MAPPING_AND_NEST = re.compile(r"```yaml\n(mapping:.*?)```\n\n```text\n(.*?)\n```", re.DOTALL)


def designs(page: str) -> list[Design]:
    """The designs of the mappings of a page, in order."""
    return [design(text, TWO_CONV) for text, _ in MAPPING_AND_NEST.findall(PAGES[page])]


def test_the_example_of_the_readme_is_the_workload_of_all_pages() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGES["README.md"], re.DOTALL)
    assert found is not None
    assert workload(found[1]) == TWO_CONV


@pytest.mark.parametrize("page", [axis.page for axis in load_axes()])
def test_loop_nests_are_those_of_the_mappings(page: str) -> None:
    pairs = MAPPING_AND_NEST.findall(PAGES[page])
    assert len(pairs) >= 2
    assert len(pairs) == PAGES[page].count("```yaml") == PAGES[page].count("```text")
    for text, nest in pairs:
        assert nest == draw_loop_nest(design(text, TWO_CONV))


def test_axes_and_pages_belong_together() -> None:
    axes = load_axes()
    assert {axis.page for axis in axes} == set(PAGES) - {"README.md"}
    for axis in axes:
        title, _, question, *_ = PAGES[axis.page].splitlines()
        assert (title.lower(), question) == (f"# {axis.name}", axis.question)
        assert f"| [{axis.name}]({axis.page}) | {axis.question} |" in PAGES["README.md"]


def test_the_table_of_points_is_complete() -> None:
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(points/(\w+)\.yaml\) \| (\w+) \|.*\| (\w+) \|$", PAGES["README.md"], re.MULTILINE
    )
    assert [name for name, *_ in rows] == point_names()
    for name, file, fuse, parallelism in rows:
        assert (name, load_point(name).fuse, load_point(name).parallelism) == (file, fuse, parallelism)


def test_links_lead_somewhere() -> None:
    for text in PAGES.values():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert (resources.root("taxonomy") / target).exists(), target


def evaluated(page: str, nth: int) -> Evaluation:
    return evaluate_design(designs(page)[nth])


def window_bytes(evaluation: Evaluation, tensor: str) -> int:
    return evaluation.occupancy["GLB"].per_tensor[tensor][0]


def test_numbers_of_the_retention_page() -> None:
    rows, columns = evaluated("retention.md", 0), evaluated("retention.md", 1)
    assert [e.transfers["DRAM"]["F1"].reads_words for e in (rows, columns)] == [5184, 7200]
    assert [window_bytes(e, "F1") for e in (rows, columns)] == [1152, 384]
    stays = designs("retention.md")[2]
    assert evaluate_design(stays).occupancy["GLB"].window_bytes == 18_016
    through_all = mapping_to_yaml(stays.tree).replace("uses", "branch")
    assert evaluate_design(design(through_all, TWO_CONV)).occupancy["GLB"].window_bytes == 23_200


def test_numbers_of_the_page_on_recomputation() -> None:
    recompute, refetch, drop = (evaluated("recompute_or_refetch.md", nth) for nth in range(3))
    assert [e.operations["conv1"].total for e in (recompute, refetch, drop)] == [470_016, 332_928, 552_960]
    spilled = refetch.transfers["DRAM"]["F2"]
    assert (spilled.reads_words, spilled.writes_words) == (3808, 9248)
    assert window_bytes(recompute, "F2") == 480
    assert window_bytes(evaluated("retention.md", 0), "F2") == 1632
