"""What reports look like: small pictures, compared with those that were looked at.

`LOOPTREE_GOLDEN=write pytest tests/report/test_report_pictures.py` writes them anew; then look at them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from looptree.report.html import comparison_html, front_html, sizing_html
from tests.cli.plans import compared
from tests.report.browser import Browser, find_chromium
from tests.report.pixels import difference, pixels
from tests.report.test_report_html import fronted, sized, validation_page

PROGRAM = find_chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium (apt-get install chromium)"),
]

GOLDEN = Path(__file__).parent / "golden"
SCALE = 0.2
HAS_FONT = """
(() => {
  const paper = document.createElement('canvas').getContext('2d');
  const width = (font) => { paper.font = font; return paper.measureText('mmmmmiiiiiWWW').width; };
  return width('20px "DejaVu Sans", monospace') !== width('20px monospace');
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert PROGRAM is not None
    with Browser(PROGRAM, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.mark.parametrize(
    ("name", "width", "scheme", "media"),
    [
        ("laptop_light", 1366, "light", "screen"),
        ("laptop_dark", 1366, "dark", "screen"),
        ("phone_light", 390, "light", "screen"),
        ("phone_dark", 390, "dark", "screen"),
        ("print", 800, "dark", "print"),
    ],
)
def test_looks_as_it_was_looked_at(
    browser: Browser, tmp_path: Path, name: str, width: int, scheme: str, media: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(comparison_html(compared(), made_by="Made by a test."), encoding="utf-8")
    tab = browser.open(file, width=width, height=1600, scheme=scheme)
    if not tab.run(HAS_FONT):
        pytest.skip("the pictures were made with DejaVu Sans")
    tab.run("(() => { document.getElementById('step').value = 3; })()")
    tab.run("document.getElementById('step').dispatchEvent(new Event('input'))")
    if media == "print":
        tab.call("Emulation.setEmulatedMedia", media="print")
    found = tab.screenshot(scale=SCALE)
    tab.close()
    compare_with_golden(name, found)


def compare_with_golden(name: str, found: bytes) -> None:
    """A small difference is that of another version of the browser; a large one is to be looked at."""
    golden = GOLDEN / f"{name}.png"
    if os.environ.get("LOOPTREE_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        golden.write_bytes(found)
    seen, expected = pixels(found), pixels(golden.read_bytes())
    assert seen.shape == expected.shape
    mean, share = difference(seen, expected)
    assert mean < 5, "look at it; if it is right, write the pictures anew"
    assert share < 0.04


@pytest.mark.parametrize("name", ["sizing", "front", "validation"])
def test_other_reports_look_as_they_were_looked_at(browser: Browser, tmp_path: Path, name: str) -> None:
    pages = {
        "sizing": lambda: sizing_html(sized(), made_by="Made by a test."),
        "front": lambda: front_html(fronted(), made_by="Made by a test."),
        "validation": validation_page,
    }
    file = tmp_path / "report.html"
    file.write_text(pages[name](), encoding="utf-8")
    tab = browser.open(file, width=1000, height=1200)
    if not tab.run(HAS_FONT):
        pytest.skip("the pictures were made with DejaVu Sans")
    compare_with_golden(name, tab.screenshot(scale=SCALE))
    tab.close()


def test_pictures_that_differ_are_told_apart() -> None:
    light, dark = (pixels((GOLDEN / f"laptop_{scheme}.png").read_bytes()) for scheme in ("light", "dark"))
    assert difference(light, light) == (0, 0)
    mean, share = difference(light, dark)
    assert mean > 100
    assert share > 0.8
