"""What users install: the wheel, the wheel made from the sdist, and the editable install.

Each is looked at by a Python that does not see this checkout: isolated, without site-packages, with nothing on its
path but the installed folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from looptree import resources

pytest.importorskip("build")
pytest.importorskip("hatchling")

REPOSITORY = Path(__file__).parents[1]

REPORT = """
import json, site, sys
site.addsitedir(sys.argv[1])
import looptree
from looptree import resources
from looptree.errors import InputError
try:
    resources.find("workloads", "no such workload")
except InputError as problem:
    complaint = problem.problem
files = {k: {n: str(resources.find(k, n)) for n in resources.names(k)} for k in resources.KINDS}
print(json.dumps({"package": looptree.__file__, "complaint": complaint, "files": files}))
"""


def run(*command: str | Path, cwd: Path = REPOSITORY) -> str:
    """The standard output of a command, which has to succeed."""
    done = subprocess.run([sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(target: Path, *options: str) -> list[Path]:
    """Build the checkout into `target`; nothing is downloaded and nothing written into the checkout."""
    run("-m", "build", "--no-isolation", "--outdir", target, *options)
    return sorted(target.iterdir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    (built,) = build(tmp_path_factory.mktemp("wheel"), "--wheel")
    return built


def contents(wheel: Path) -> dict[str, int]:
    """The files of a wheel and the checksum of each, without the list of checksums itself."""
    with zipfile.ZipFile(wheel) as archive:
        return {i.filename: i.CRC for i in archive.infolist() if not i.filename.endswith("/RECORD")}


def check_installed(folder: Path, package: Path, data: Path, elsewhere: Path) -> None:
    """A Python outside of the checkout imports `package` and finds the data of the checkout in `data`."""
    report = json.loads(run("-I", "-S", "-c", REPORT, folder, cwd=elsewhere))
    assert Path(report["package"]) == package / "__init__.py"
    assert report["complaint"] == "nothing in workloads has the name 'no such workload'"
    for kind in resources.KINDS:
        expected = {name: str(data / kind / f"{name}.yaml") for name in resources.names(kind)}
        assert report["files"][kind] == expected


def test_wheel_installs_one_typed_package(wheel: Path) -> None:
    files = set(contents(wheel))
    top = {name.split("/")[0] for name in files}
    assert {name for name in top if not name.endswith(".dist-info")} == {"looptree"}
    assert len(top) == 2
    assert "looptree/py.typed" in files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)
    assert not [name for name in files if name.endswith(".pyc")]


def test_wheel_carries_the_data_unchanged(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for kind in resources.KINDS:
            packed = f"looptree/_data/{kind}/"
            names = {n.removeprefix(packed) for n in archive.namelist() if n.startswith(packed)}
            assert {f"{name}.yaml" for name in resources.names(kind)} <= names
            for name in names:
                assert archive.read(packed + name) == (REPOSITORY / kind / name).read_bytes()


def test_installed_wheel_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel)
    assert not (folder / "workloads").exists()
    check_installed(folder, folder / "looptree", folder / "looptree" / "_data", tmp_path)


def test_installed_wheel_writes_a_report(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel)
    source = "import sys; sys.path.insert(0, sys.argv[1]); from looptree.cli.main import main; main(sys.argv[2:])"
    command = ("evaluate", "fc_fc", "small", "layer_by_layer", "--html", "report.html")
    run("-c", source, folder, *command, cwd=tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_installed_wheel_validates(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel)
    source = (
        "import sys; sys.path.insert(0, sys.argv[1]); from looptree.cli.main import main; main(['validate', 'isaac'])"
    )
    assert "19 values compared" in run("-c", source, folder, cwd=tmp_path)


def test_editable_install_finds_the_data_of_the_checkout(tmp_path: Path) -> None:
    source = "import sys; from hatchling.build import build_editable; print(build_editable(sys.argv[1]))"
    name = run("-c", source, tmp_path).split()[-1]
    folder = tmp_path / "installed"
    with zipfile.ZipFile(tmp_path / name) as archive:
        archive.extractall(folder)
    assert not (folder / "looptree").exists()
    check_installed(folder, REPOSITORY / "looptree", REPOSITORY, tmp_path)


@pytest.mark.slow
def test_wheel_from_sdist_equals_wheel_from_checkout(wheel: Path, tmp_path: Path) -> None:
    again, sdist = sorted(build(tmp_path), key=lambda file: file.suffix == ".gz")
    assert contents(again) == contents(wheel)
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "Makefile", "README.md", "tests/test_packaging.py", ".ci/run"} <= files
    assert not [name for name in files if ".venv" in name or "__pycache__" in name]
