"""The guide as a site: pages that stand outside of `docs/` join it, and links to other files become plain text.

The tutorial notebooks become pages, with what they show.

Used by `mkdocs build` (see `mkdocs.yml`). In the repository every link leads to a file; on the site there are only
pages, so that a link to a folder or to a file that is no page would lead nowhere.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
OUTSIDE = ("README.md", "CONTRIBUTING.md", "workloads/README.md", "validation/README.md", "taxonomy/*.md")
RENAMED = {"README.md": "first_result.md"}  # a README would be the index of its folder, and there is one
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the pages that stand elsewhere under the same path, and the pictures that they show."""
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, RENAMED.get(name, name), abs_src_path=str(path)))
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        name = f"notebooks/{path.stem}.md"
        files.append(File.generated(config, name, content=as_page(json.loads(path.read_text(encoding="utf-8")))))
    return files


def as_page(notebook: dict[str, Any]) -> str:
    """A notebook as Markdown: its text, its code, and what that shows."""
    parts = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            found = next((kind for kind in ("image/svg+xml", "text/html") if kind in shown), None)
            if found is not None:
                lines = "".join(shown[found]).partition("<svg")
                parts.append("".join(lines[1:]) if lines[1] else lines[0])
            else:
                plain = "".join(shown.get("text/plain", output.get("text", [])))
                parts.append(f"```text\n{plain.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def fenced(markdown: str) -> str:
    """Examples, which begin with `>>>` and end at a blank line, as blocks of code."""
    lines: list[str] = []
    is_example = is_code = False
    for line in markdown.split("\n"):
        if line.startswith("```") and not is_example:
            is_code = not is_code
        if line.startswith(">>> ") and not is_code and not is_example:
            lines.append("```python")
            is_example = True
        elif is_example and not line.strip():
            lines.append("```")
            is_example = False
        lines.append(line)
    return "\n".join([*lines, "```"] if is_example else lines)


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Links to pages lead there; of a link to another file of the repository its text stays."""
    own = page.file.src_uri
    folder = posixpath.dirname(place_of(own))

    def replaced(match: re.Match[str]) -> str:
        text, target = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match.group()
        path, hash_, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(folder, path))
        found = RENAMED.get(place, place.removeprefix("docs/"))
        if files.get_file_from_path(found) is None:
            return text
        return f"[{text}]({posixpath.relpath(found, posixpath.dirname(own) or '.')}{hash_}{anchor})"

    return fenced(LINK.sub(replaced, markdown.replace("](docs/images/", "](images/")))


def place_of(name: str) -> str:
    """Where a page of the site stands in the repository."""
    original = {new: old for old, new in RENAMED.items()}.get(name, name)
    return original if (ROOT / original).exists() else f"docs/{name}"
