"""Writing HTML so that text stays text: what is not `Markup` is escaped."""

from __future__ import annotations

import html
import json
from typing import Any

from looptree.report.text import printable

_ALONE = frozenset({"br", "hr", "input", "meta", "link"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element with its children; attributes that are `None` or `False` are left out.

    An underscore in the name of an attribute stands for a hyphen, one at its end for nothing.

    >>> element("a", "<b>", href="#x", class_="term", data_v=3, hidden=False)
    '<a href="#x" class="term" data-v="3">&lt;b&gt;</a>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in _ALONE:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Several pieces one after the other; strings are escaped, `None` is nothing.

    >>> joined("a < b", Markup("<br>"))
    'a &lt; b<br>'
    """
    return Markup("".join(_text(child) for child in children if child is not None))


def _text(child: object) -> str:
    if isinstance(child, Markup):
        return child
    if isinstance(child, (list, tuple)):
        return joined(*child)
    return html.escape("\n".join(printable(line) for line in str(child).split("\n")))


def _attribute(key: str, value: object) -> str:
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(printable(str(value)))}"'


def embedded_json(data: Any) -> Markup:
    """Data as JSON that is safe inside of a script element.

    >>> embedded_json({"name": "</script><b>"})
    '{"name":"\\\\u003c/script\\\\u003e\\\\u003cb\\\\u003e"}'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
