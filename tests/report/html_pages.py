"""Reading a report without a browser: its elements, its data, its tables."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

_ALONE = {"br", "hr", "input", "meta", "link", "path", "rect"}


class Parsed(HTMLParser):
    """What a page consists of.

    Attributes:
        ids: in order. references: values of attributes that name an address. elements: (name, attributes).
        text: what a reader sees. data: what the scripts get. unbalanced: elements that are closed out of order.
        tables: by id, rows of cells: the exact value where there is one, otherwise the text.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.unbalanced: list[str] = []
        self.data: dict[str, Any] = {}
        self.text = ""
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self._exact = False
        self._open: list[str] = []
        self._script: dict[str, str | None] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        self.references += [str(found[key]) for key in ("href", "src", "action", "data", "srcset") if key in found]
        if tag == "table":
            self._rows = self.tables.setdefault(str(found.get("id")), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._exact = "data-v" in found
            self._rows[-1].append(str(found["data-v"]) if self._exact else "")
        if tag not in _ALONE:
            self._open.append(tag)
        self._script = found if tag == "script" else {}

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script" and self._script.get("type") == "application/json":
            self.data = json.loads(data)
        elif inside not in ("script", "style"):
            self.text += data
            if {"td", "th"} & set(self._open) and not self._exact:
                self._rows[-1][-1] += data
