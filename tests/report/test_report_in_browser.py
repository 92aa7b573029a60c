"""Reports in a real browser: they open without a word or a request, and everything that can be pressed works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from looptree.architecture import Architecture, Level
from looptree.architecture.load import load_architecture
from looptree.documents import parse_document
from looptree.importers.load import load_workload
from looptree.model.evaluate import evaluate_design
from looptree.report.html import (
    Dot,
    Page,
    Section,
    charts_data,
    charts_markup,
    comparison_html,
    curve,
    evaluation_html,
    front_html,
    page_html,
    sizing_html,
)
from looptree.sweep import Store
from looptree.sweep.page import sweep_html
from looptree.taxonomy.binding import bind
from looptree.taxonomy.points import apply_point, load_point
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import WORKLOAD
from tests.cli.plans import compared
from tests.report.browser import Browser, Tab, find_chromium
from tests.report.test_report_html import NASTY, fronted, nasty_page, sized, validation_page
from tests.sweep.sweep_cases import SEARCHED, results, study

PROGRAM = find_chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium (apt-get install chromium)"),
]

ALONE = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F2, F3]}
  - sequential:
    - [{compute: {einsum: conv1}}]
    - [{compute: {einsum: conv2}}]
"""
PAGES = ("example", "resnet50", "bert_base", "nasty", "bare", "curve", "sizing", "front", "validation", "sweep")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert PROGRAM is not None
    with Browser(PROGRAM, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports on disk, by name."""
    folder = tmp_path_factory.mktemp("reports")
    dots = {"fused": [Dot(1024, 5, "1 KiB", [NASTY]), Dot(2048, 3, "2 KiB")], "apart": [Dot(4096, 6, "4 KiB")]}
    chart = curve("front", "Front", "A front.", (("buffer", "B"), ("off chip", "B")), dots, rules=[("least", 2)])
    pages = {
        "example": comparison_html(compared(), made_by="Made by a test."),
        "resnet50": network_page("resnet50"),
        "bert_base": network_page("bert_base"),
        "nasty": nasty_page(),
        "bare": bare_page(),
        "sweep": sweep_page(folder),
        "curve": page_html(Page("A front", [], [Section("c", "Curve", charts_markup(chart), charts_data(chart))], "")),
        "sizing": sizing_html(sized(), made_by="Made by a test."),
        "front": front_html(fronted(), made_by="Made by a test."),
        "validation": validation_page(),
    }
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


def network_page(name: str) -> str:
    """A whole network, layer by layer: as many groups as a report can have."""
    workload, architecture = load_workload(name), load_architecture("mobile")
    design = bind(workload, architecture, apply_point(load_point("layer_by_layer"), workload, architecture))
    return evaluation_html(design, evaluate_design(design), made_by="Made by a test.")


def sweep_page(folder: Path) -> str:
    """A small sweep with everything that a page of one can have."""
    known = study(SEARCHED.replace("spaces: [quick]", "spaces: [layer-by-layer, quick]"))
    results(known, folder / "study.db")
    with Store(folder / "study.db", known) as store:
        return sweep_html(known, store, known.front, made_by="Made by a test.")


def bare_page() -> str:
    """Hardware with nothing on chip, no bandwidth and no energies: charts without values."""
    tree = mapping_from_node(parse_document(ALONE))
    bound = bind(workload_from_node(parse_document(WORKLOAD)), Architecture("bare", (Level("DRAM"),)), tree)
    return evaluation_html(bound, evaluate_design(bound), made_by="Made by a test.")


def silent(tab: Tab) -> bool:
    """Nothing was said and nothing asked for but the file."""
    return not tab.complaints() and all(url.startswith(("file:", "data:")) for url in tab.requests())


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "height", "scheme"), [(1366, 768, "light"), (390, 844, "dark")])
def test_opens_without_a_word_or_a_request(
    browser: Browser, files: dict[str, Path], name: str, width: int, height: int, scheme: str
) -> None:
    tab = browser.open(files[name], width=width, height=height, scheme=scheme)
    assert silent(tab), tab.complaints() + tab.requests()
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.querySelectorAll('[data-chart] svg').length") >= 1
    tab.close()


@pytest.mark.parametrize("name", ["example", "resnet50", "sizing", "front", "validation", "sweep"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, files: dict[str, Path], name: str, scheme: str) -> None:
    tab = browser.open(files[name], scheme=scheme)
    tab.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    tab.run(AXE.read_text(encoding="utf-8") + "; true")
    found: dict[str, Any] = tab.run(
        "axe.run(document).then((r) => r.violations.map((v) => [v.impact, v.id, v.nodes[0].html]))"
    )
    assert not [violation for violation in found if violation[0] in ("serious", "critical")], found
    tab.close()


def test_choosing_a_group(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["resnet50"])
    title = "document.getElementById('group-title').textContent"
    tab.click(".frame[data-group='3'] rect")
    assert tab.run(title).startswith("Group 4 of ")
    assert tab.run("document.querySelector(\".frame[aria-pressed='true']\").dataset.group") == "3"
    assert tab.run("document.querySelectorAll('#tree-view .tnode').length") == 2
    tab.run("document.querySelector(\".frame[aria-pressed='true']\").focus()")
    tab.press("ArrowRight")
    assert tab.run(title).startswith("Group 5 of ")
    tab.press("End")
    assert tab.run("document.getElementById('group-next').disabled")
    tab.click("#group-previous")
    assert tab.run("looptree.chosen.group") == tab.run("looptree.plan().groups.length - 2")
    tab.run(
        "(() => { const s = document.getElementById('group-select'); s.value = '7';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    assert tab.run(title).startswith("Group 8 of ")
    assert "Group 8" in tab.run("document.getElementById('said').textContent")
    assert silent(tab)
    tab.close()


def test_choosing_a_plan_and_zooming(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["example"])
    assert tab.run("looptree.plan().title") == "fused"
    tab.click("[data-plan='apart']")
    assert tab.run("[looptree.plan().title, looptree.plan().groups.length]") == ["layer by layer", 2]
    assert tab.run("document.querySelector('[data-plan=apart]').getAttribute('aria-pressed')") == "true"
    before = tab.run("document.querySelector('#graph-view svg').clientWidth")
    tab.click("#zoom-in")
    assert tab.run("document.querySelector('#graph-view svg').clientWidth") > before
    tab.click("#zoom-fit")
    assert tab.run("document.querySelector('#graph-view svg').clientWidth") == pytest.approx(before, abs=1)
    assert silent(tab)
    tab.close()


def test_the_slider_and_its_buttons(browser: Browser, files: dict[str, Path]) -> None:
    """Rows of `p` in tiles of 4: eight steps."""
    tab = browser.open(files["example"])
    number = "document.getElementById('step-number').textContent"
    assert tab.run(number) == "step 1 of 8"
    tab.click("#step-on")
    assert tab.run(number) == "step 2 of 8"
    tab.run("document.getElementById('step').focus()")
    tab.press("ArrowRight")
    assert tab.run(number) == "step 3 of 8"
    words = "looptree.stepWords(looptree.stepping.view.places.find((p) => p.tensor === 'F2'),"
    found = tab.run(f"{words} looptree.lookup.locate(looptree.stepping.view, 2))")
    # six rows of 34 in eight channels are needed, two of them are kept, four are new
    assert found == {"needed": 1632, "kept": 544, "first": 1088, "again": 0, "window": 1632, "live": 1632}
    assert "1,088 computed" in tab.run("document.getElementById('step-table').textContent")
    assert tab.run("document.querySelectorAll('#step-tensors .tensor').length") == 5
    tab.press("End")
    assert tab.run(number) == "step 8 of 8"
    tab.click("#step-first")
    tab.click("#step-play")
    tab.wait(f"{number} === 'step 3 of 8'")
    tab.click("#step-play")
    assert tab.run("document.getElementById('step-play').textContent") == "Play"
    tab.run("[...document.querySelectorAll('#step-room button')].at(-1).click()")
    assert tab.run("looptree.stepping.measure") == "live"
    assert silent(tab)
    tab.close()


def test_a_point_of_the_roofline_shows_its_group(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["resnet50"])
    dots = tab.run("looptree.data['roofline-chart'].series[0].dots.map((dot) => dot.group)")
    tab.run(
        "document.querySelectorAll(\"#roofline-chart [aria-label='dot'] > *\")[5]"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert tab.run("looptree.chosen.group") == dots[5]
    assert silent(tab)
    tab.close()


def test_colours(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["example"], scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = tab.run(paper)
    tab.click("button[data-theme='light']")
    light = tab.run(paper)
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    tab.click("button[data-theme='auto']")
    assert tab.run(paper) == dark
    assert tab.run("document.querySelector('button[data-theme=auto]').getAttribute('aria-pressed')") == "true"
    tab.close()


def test_definitions_at_the_keyboard(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["example"])
    tab.run("document.querySelector('a.term[data-term=offchip]').focus()")
    assert tab.run("document.getElementById('tip').textContent").startswith("off-chip bytes (bytes): ")
    assert not tab.run("document.getElementById('tip').hidden")
    tab.press("Escape")
    assert tab.run("document.getElementById('tip').hidden")
    tab.press("Enter")
    tab.wait("location.hash === '#term-offchip'")
    tab.close()


def test_csv_has_the_exact_numbers(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["example"])
    text = tab.run("looptree.csv(document.getElementById('table-totals'))")
    found = compared().comparison
    bytes_moved = [plan.evaluation.offchip_bytes for plan in (found.layer_by_layer, found.fused)]
    assert text.splitlines()[1].split(",")[:4:2] == ["off-chip bytes [bytes]", str(bytes_moved[0])]
    assert text.splitlines()[1].split(",")[3] == str(bytes_moved[1])
    tab.run("window.saved = null; URL.createObjectURL = (blob) => { window.saved = blob; return 'data:,'; }")
    tab.click("button.csv")
    assert tab.run("saved.text()") == text
    tab.close()


def test_a_point_shows_the_design_behind_it(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["curve"])
    tab.run("document.querySelector('#front [role=button]').focus()")
    tab.press("Enter")
    said = tab.run("document.querySelector('#front [role=status]').textContent")
    assert NASTY in said
    assert "1,024 B" in said
    tab.close()


def test_a_point_of_a_front_shows_its_groups(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["front"])
    assert tab.run("looptree.plan().title") == "point 2"
    tab.run("document.querySelector('#front-capacity-offchip [role=button]').focus()")
    tab.press("Enter")
    assert tab.run("[looptree.plan().title, looptree.plan().groups.length]") == ["point 1", 1]
    assert "in tiles of" in tab.run("document.getElementById('tree-view').textContent")
    tab.run("document.querySelector('#front-capacity-offchip [role=status] button').click()")
    assert silent(tab)
    tab.close()


def test_a_point_of_a_sizing_shows_its_plan(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["sizing"], width=390)
    tab.run("document.querySelectorAll('#curve-offchip [role=button]')[3].focus()")
    tab.press(" ")
    said = tab.run("document.querySelector('#curve-offchip [role=status]').textContent")
    assert "fused, 512 B" in said
    assert "off-chip transfers 416 B" in said
    assert tab.run("document.querySelectorAll('#curve-offchip [aria-pressed=true]').length") == 1
    assert silent(tab)
    tab.close()


def test_names_with_markup_stay_text(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["nasty"])
    assert NASTY in tab.run("document.querySelector('h1').textContent")
    assert NASTY in tab.run("document.getElementById('group-title').textContent")
    assert tab.run("document.querySelectorAll('main script, main b').length") == 0
    assert silent(tab)
    tab.close()


def test_prints(browser: Browser, files: dict[str, Path]) -> None:
    tab = browser.open(files["example"], scheme="dark")
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("getComputedStyle(document.querySelector('.toolbar')).display") == "none"
    assert len(tab.call("Page.printToPDF")["data"]) > 20_000
    tab.close()


def test_data_is_plain_json(files: dict[str, Path]) -> None:
    text = files["nasty"].read_text()
    data = text.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(data)["first_plan"] == "mapping"
