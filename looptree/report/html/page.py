"""One HTML file from sections: all it needs is inside, and a policy in its head forbids it any network access."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Any

from looptree.report.html.markup import Markup, element, embedded_json
from looptree.report.terms import TERMS

_STYLES = ("page.css",)
_LIBRARIES = ("vendor/d3.min.js", "vendor/plot.umd.min.js")
_SCRIPTS = ("page.js", "charts.js", "lookup.js", "graph.js", "tree.js", "steps.js", "start.js")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading.

    Attributes:
        key: names it in links. title: its heading. body: below it.
        data: for the scripts, by the id of the element that shows it.
    """

    key: str
    title: str
    body: Markup
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A report.

    Attributes:
        title: its heading. lead: sentences below it. sections: in order; a glossary follows them.
        made_by: the program and its version.
    """

    title: str
    lead: Sequence[str]
    sections: Sequence[Section]
    made_by: str


def page_html(page: Page) -> str:
    """The page as one self-contained file."""
    sections = [*page.sections, _glossary()]
    data: dict[str, Any] = {"terms": {key: [t.name, t.unit, t.meaning] for key, t in TERMS.items()}}
    for section in sections:
        data |= section.data
    scripts = [_asset(name) for name in _LIBRARIES] + ["\n".join(_asset(name) for name in _SCRIPTS)]
    return Template(_asset("page.html")).substitute(
        policy=_policy(scripts),
        title=element("title", page.title),
        style=Markup(f"<style>{''.join(_asset(name) for name in _STYLES)}</style>"),
        heading=element("h1", page.title),
        lead=Markup("".join(element("p", line, class_="lead") for line in page.lead)),
        contents=element("ul", [element("li", element("a", s.title, href=f"#{s.key}")) for s in sections]),
        sections=Markup("\n".join(_section(section) for section in sections)),
        made_by=element("p", page.made_by),
        data=Markup(f'<script type="application/json" id="data">{embedded_json(data)}</script>'),
        scripts=Markup("\n".join(f"<script>{script}</script>" for script in scripts)),
    )


def _section(section: Section) -> Markup:
    heading = element("h2", section.title, id=f"{section.key}-title")
    return element("section", heading, section.body, id=section.key, aria_labelledby=f"{section.key}-title")


def _glossary() -> Section:
    entries = [
        (
            element(
                "dt",
                term.name,
                element("span", f" {term.unit}", class_="unit") if term.unit else None,
                id=f"term-{key}",
            ),
            element("dd", term.meaning),
        )
        for key, term in TERMS.items()
    ]
    return Section("definitions", "Definitions", element("dl", entries, class_="terms"))


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> Markup:
    """Only these scripts run, and nothing is loaded from anywhere."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    rule = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
    return Markup(f'<meta http-equiv="Content-Security-Policy" content="{rule}; form-action \'none\'">')
