"""Every number of the shipped architectures says where it is from: a source named in the header, or an assumption."""

from __future__ import annotations

import re

import pytest

from looptree import resources

NAMES = resources.names("architectures")
FREE = ("assumption", "convention")
_ORIGIN = re.compile(r"^#   (\w[\w ]*?)(?:  |\t| (?=the ))", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*(?![\w])")


def text_of(name: str) -> str:
    return resources.find("architectures", name).read_text(encoding="utf-8")


def lines_of(text: str) -> tuple[set[str], list[tuple[str, str]]]:
    """The sources of the header; and each line with numbers, and the comments that belong to it."""
    header, _, body = text.partition("\nname:")
    origins = {found.strip() for found in _ORIGIN.findall(header.partition("Origins:")[2])}
    found, above = [], ""
    for line in body[body.index("levels:") :].splitlines():
        written, _, comment = line.partition("#")
        if not written.strip():
            above += comment
            continue
        if _NUMBER.search(written):
            found.append((written.strip(), f"{above} {comment}"))
        above = ""
    return origins, found


def without_origin(text: str) -> list[str]:
    """Lines with numbers that no source of the header, assumption or convention stands by."""
    origins, lines = lines_of(text)
    found = []
    for written, comment in lines:
        named = re.findall(r"(\w+)(?::| \()", comment) + re.findall(r"(assumption)$", comment.strip())
        if not set(named) & (origins | set(FREE)):
            found.append(written)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_its_origin(name: str) -> None:
    assert lines_of(text_of(name))[1]
    assert without_origin(text_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_source_of_a_header_is_used(name: str) -> None:
    origins, lines = lines_of(text_of(name))
    comments = " ".join(comment for _, comment in lines)
    assert [origin for origin in origins if f"{origin}:" not in comments] == []
    assert origins or all(any(word in comment for word in FREE) for _, comment in lines)


def test_a_number_without_origin_is_noticed() -> None:
    text = text_of("mobile")
    assert without_origin(text.replace("# assumption: 512 KiB", "# 512 KiB")) == ["capacity_bytes: 524288"]
    assert without_origin(text.replace("# DeFiNES: 700 pJ", "# Somebody: 700 pJ")) == ["read_pj_per_byte: 87.5"]
