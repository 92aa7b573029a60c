"""The rules of the house: which way imports point, what an import costs, what no file may say.

The import contract itself is in `pyproject.toml`. Here it is run on looptree, where it has to hold, and on small
packages with the same rooms and one import planted, where it has to break.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PYPROJECT = REPOSITORY / "pyproject.toml"
CONTRACTS = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]

HOUSES = [
    [[f"{contract['containers'][0]}.{room.strip('( )')}" for room in re.split("[|:]", layer)] for layer in layers]
    for contract in CONTRACTS
    if (layers := contract.get("layers"))
]
ROOMS = [room for layers in HOUSES for layer in layers for room in layer]
UPWARD = [(below, above) for layers in HOUSES for high, low in pairwise(layers) for above in high for below in low]
SIDEWAYS = [(first, second) for layers in HOUSES for layer in layers for first, second in pairwise(layer)]
HEAVY = ("matplotlib", "networkx", "numpy", "onnx", "ortools")


def lint(folder: Path) -> tuple[bool, str]:
    """Whether the contracts of the `pyproject.toml` in `folder` hold for the `looptree` in it, and the report.

    The lines of the report, which is wrapped, are joined.
    """
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Contracts" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0, " ".join(done.stdout.split())


def house(folder: Path, planted: dict[str, list[str]]) -> Path:
    """A package with every room of looptree, the same contracts, and the planted imports of each room."""
    shutil.copy(PYPROJECT, folder)
    for room in ["looptree", *ROOMS]:
        inside = folder.joinpath(*room.split("."))
        inside.mkdir()
        (inside / "__init__.py").write_text("".join(f"import {name}\n" for name in planted.get(room, [])))
    return folder


def test_arrows_of_looptree_point_one_way() -> None:
    kept, report = lint(REPOSITORY)
    assert kept, report


def test_contract_allows_imports_of_the_layers_below(tmp_path: Path) -> None:
    planted: dict[str, list[str]] = {}
    for below, above in UPWARD:
        planted.setdefault(above, []).append(below)
    planted["looptree.search"].append("ortools")
    planted["looptree.graph"].append("networkx")
    kept, report = lint(house(tmp_path, planted))
    assert kept, report


def test_contract_breaks_on_every_upward_or_sideways_import(tmp_path: Path) -> None:
    """All are planted at once, and each is reported by itself."""
    planted: dict[str, list[str]] = {}
    for importer, imported in UPWARD + SIDEWAYS:
        planted.setdefault(importer, []).append(imported)
    kept, report = lint(house(tmp_path, planted))
    assert not kept
    for importer, imported in UPWARD + SIDEWAYS:
        said = f"{importer} is not allowed to import {imported}: - {importer} -> {imported} (l."
        assert report.count(said) == 1, (importer, imported)


def test_contract_breaks_when_a_package_leaves_its_room(tmp_path: Path) -> None:
    packages = ["onnx", "ortools", "networkx", "matplotlib", "yaml", "torch", "pyarrow"]
    kept, report = lint(house(tmp_path, {"looptree.model": packages}))
    assert not kept
    assert [package for package in packages if f"looptree.model -> {package}" not in report] == []


def test_contract_breaks_on_a_room_without_a_layer(tmp_path: Path) -> None:
    folder = house(tmp_path, {})
    (folder / "looptree" / "helpers.py").touch()
    kept, report = lint(folder)
    assert not kept
    assert "helpers" in report


def test_importing_looptree_loads_nothing_heavy() -> None:
    source = f"import sys, looptree; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", source], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def written_files() -> Iterator[Path]:
    """The text files people read: code, tests, data, guide, and the top level itself."""
    skipped = {"__pycache__"}
    for folder in ("looptree", "tests", "docs", "benchmarks", "workloads", "architectures", "taxonomy", "validation"):
        for parent, folders, files in os.walk(REPOSITORY / folder):
            folders[:] = sorted(set(folders) - skipped)
            yield from (Path(parent, file) for file in sorted(files) if not file.endswith(".pyc"))
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml", ".ci/run"):
        yield REPOSITORY / name


def test_no_file_names_a_path_of_one_machine() -> None:
    somewhere = re.compile(r"(?<![\w.~-])/(?:home|root|Users|mnt|work\w*)/\w+|[A-Z]:\\Users\\")
    own = {f"{place}/" for place in (REPOSITORY, Path.home()) if len(place.parts) > 1}
    found = []
    for file in written_files():
        text = file.read_text(encoding="utf-8", errors="replace")
        if somewhere.search(text) or any(place in text for place in own):
            found.append(file.relative_to(REPOSITORY).as_posix())
    assert found == []


def test_links_of_the_guide_lead_to_files() -> None:
    guide = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "taxonomy").rglob("*.md")]
    links = [
        (file, target)
        for file in guide
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target)
    ]
    assert [f"{file.name}: {target}" for file, target in links if not (file.parent / target).exists()] == []
