"""Files that are not there, not text, not YAML, or not what they are given as."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import ARCHITECTURE, MAPPING, WORKLOAD, complaint, looptree, replaced, write

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("kind", ["workload", "architecture", "mapping"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("# nothing but a comment\n", "the file is empty"),
        ("~", "expected a mapping (key: value), found nothing"),
        ("{a: [1,", "not valid YAML"),
        ("a:\n\t- b", "not valid YAML"),
        ("a: &a [*a]", "an alias stands inside of what it stands for"),
        (f"{'[' * 3000}{']' * 3000}", "200 levels"),
        ("name: a\n---\nname: b\n", "not valid YAML"),
        ("name: !thing b", "tag '!thing' is not supported"),
        ('!!python/object/apply:os.system ["echo hi"]', "expected a mapping"),
        ("{[a]: b}", "expected a name as key"),
        ('{"a\\e[2J": b}', "expected a key without control characters"),
        (bytes(range(256)), "expected YAML text in UTF-8, found other bytes"),
        (b"name: a\0b", "not valid YAML"),
        ("name: tw\u00f6".encode("latin-1"), "expected YAML text in UTF-8"),
        ("name: two".encode("utf-16"), "expected YAML text in UTF-8"),
    ],
)
def test_not_a_document(tmp_path: Path, kind: str, text: str | bytes, expected: str) -> None:
    message = complaint(looptree("evaluate", *write(tmp_path, **{kind: text})))
    assert f"{kind}.yaml" in message
    assert expected in message


def test_a_document_that_grows_beyond_measure(tmp_path: Path) -> None:
    """Nine levels of nine aliases each: 378 bytes that stand for 9^9 values."""
    assert "values, more than 500,000" in complaint(looptree("evaluate", *write(tmp_path, workload=BOMB)))


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("workload", MAPPING, "expected a workload (einsums) or a network (layers), found a mapping (mapping)"),
        (
            "workload",
            ARCHITECTURE,
            "expected a workload (einsums) or a network (layers), found an architecture (levels)",
        ),
        ("architecture", WORKLOAD, "expected an architecture (levels), found a workload (einsums)"),
        ("architecture", MAPPING, "expected an architecture (levels), found a mapping (mapping)"),
        ("mapping", WORKLOAD, "expected a mapping (mapping), found a workload (einsums)"),
        ("mapping", "name: x\nfuse: all", "expected a mapping (mapping), found a point of the taxonomy (fuse)"),
    ],
)
def test_wrong_kind_of_file(tmp_path: Path, kind: str, text: str, expected: str) -> None:
    assert expected in complaint(looptree("evaluate", *write(tmp_path, **{kind: text})))


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nowhere/x.yaml", "nowhere/x.yaml: no such file"),
        ("absent.yaml", "absent.yaml: no such file"),
        ("a" * 5000, "name too long"),
        (f"{'a' * 5000}.yaml", "name too long"),
        (".", "expected a file, found a directory"),
        ("/dev/null", "/dev/null: the file is empty"),
    ],
)
def test_not_a_file(tmp_path: Path, position: int, name: str, expected: str) -> None:
    arguments = list(write(tmp_path))
    arguments[position] = name
    assert expected.lower() in complaint(looptree("evaluate", *arguments)).lower()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_folder_is_not_a_file(tmp_path: Path, position: int, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = list(write(tmp_path))
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    arguments[position] = "folder"
    assert complaint(looptree("evaluate", *arguments)) == "folder: expected a file, found a directory"


@pytest.mark.parametrize(
    ("position", "name", "expected"),
    [
        (0, "resnet81", "nothing in workloads has the name 'resnet81' (did you mean 'resnet18'?)"),
        (1, "mobil", "nothing in architectures has the name 'mobil' (did you mean 'mobile'?)"),
        (2, "fused_layer_cn", "there is no point 'fused_layer_cn' in the taxonomy (did you mean 'fused_layer_cnn'?)"),
        (0, "", "nothing in workloads has the name ''"),
    ],
)
def test_unknown_names(tmp_path: Path, position: int, name: str, expected: str) -> None:
    arguments = list(write(tmp_path))
    arguments[position] = name
    assert complaint(looptree("evaluate", *arguments)).startswith(expected)


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write(tmp_path)

    def refuse(self: Path, *arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert complaint(looptree("evaluate", *files)) == f"{files[1]}: cannot be read: Permission denied"


def test_endless(tmp_path: Path) -> None:
    _, architecture, mapping = write(tmp_path)
    assert complaint(looptree("evaluate", "/dev/zero", architecture, mapping)) == "/dev/zero: larger than 16 MiB"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            '"c\\e[31m"',
            "einsums[1].name: expected a name without control characters and line breaks, found 'c\\x1b[31m'",
        ),
        ('"c\\nd"', "found 'c\\nd'"),
        ('"c\\u202ed"', "found 'c\\u202ed'"),
    ],
)
def test_names_with_control_characters(tmp_path: Path, name: str, expected: str) -> None:
    message = complaint(looptree("evaluate", *write(tmp_path, workload=replaced(WORKLOAD, "conv2", name))))
    assert expected in message


def test_names_that_look_like_markup(tmp_path: Path) -> None:
    name = '"[red]conv2[/red] :smile:"'
    files = write(tmp_path, workload=replaced(WORKLOAD, "conv2", name), mapping=replaced(MAPPING, "conv2", name))
    outcome = looptree("evaluate", *files, "--draw")
    assert outcome.code == 0
    assert outcome.out.count("[red]conv2[/red] :smile:") == 3  # and once over two lines
    assert outcome.out.count("[red]conv2[/red]") == 4
    wrong = write(tmp_path, workload=replaced(WORKLOAD, "conv2", name))
    assert complaint(looptree("evaluate", *wrong)).endswith("there is no einsum 'conv2' (did you mean 'conv1'?)")
