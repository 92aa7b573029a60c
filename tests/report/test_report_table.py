"""Tables: aligned, never cutting a number, never reading markup."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from looptree.report.table import least_width, stacked, table


def drawn(built: Table, width: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=True, emoji=True)
    with console.capture() as capture:
        console.print(built, crop=False)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_table() -> None:
    built = table(
        "Title", ["name"], ["bytes", "share"], [["a", "1,000", "5 %"], ["bcd", "1", ""]], total=["all", "1,001", ""]
    )
    assert drawn(built) == [
        "Title",
        "name   bytes   share",
        "────────────────────",
        "a      1,000     5 %",
        "bcd        1",
        "────────────────────",
        "all    1,001",
    ]


def test_names_fold_and_numbers_do_not() -> None:
    built = table("T", ["name"], ["number"], [["a" * 30, "1,234,567,890"]])
    lines = drawn(built, width=30)
    assert lines[3].startswith("aaaa")
    assert lines[3].endswith(" 1,234,567,890")
    assert "".join(line.split()[0] for line in lines[3:]) == "a" * 30


def test_least_width_holds_every_number() -> None:
    built = table("T", ["name", "what"], ["one\ntwo"], [["a" * 50, "b", "1" * 100], ["c", "d", "2"]])
    assert least_width(built) == 16 + 4 + 100 + 9
    built.width = least_width(built)
    assert "1" * 100 in "\n".join(drawn(built))


def test_markup_and_control_characters_are_shown() -> None:
    built = table("[b]T", ["name"], [], [["[red]a[/red] :smile: \x1b[2J\n"], [stacked("[i]b", "[u]c", "", "d\x07")]])
    assert drawn(built, width=60)[3:] == ["[red]a[/red] :smile: \\x1b[2J\\n", "[i]b", "  [u]c", "  d\\x07"]
