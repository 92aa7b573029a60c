"""How a run ends: exit codes and messages, in the process and as a process of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from looptree.check import CheckedCount
from tests.cli.command_line import complaint, looptree, write

PROGRAM = (sys.executable, "-c", "from looptree.cli.main import main; main()")


def test_help_names_commands_and_exit_codes() -> None:
    for arguments in ((), ("--help",), ("-h",)):
        outcome = looptree(*arguments)
        assert outcome.code == 0
        for word in (
            "evaluate",
            "compare",
            "search",
            "networks",
            "architectures",
            "points",
            "graph",
            "Exit codes:",
            "130",
        ):
            assert word in outcome.out


@pytest.mark.parametrize("command", ["evaluate", "compare", "search", "networks", "architectures", "points", "graph"])
def test_help_of_commands(command: str) -> None:
    outcome = looptree(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: looptree {command}")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom looptree.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'networkx', 'ortools', 'yaml', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_group_of_commands_alone_shows_its_help() -> None:
    outcome = looptree("sweep")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Usage: looptree sweep")


def test_a_message_of_several_lines_becomes_one() -> None:
    said = complaint(looptree("completion"))
    assert said.endswith("Choose from: bash, zsh, fish (see looptree completion --help)")


def test_unknown_command() -> None:
    assert complaint(looptree("evalute")) == "No such command 'evalute' (see looptree --help)"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_endless_name_is_cut(tmp_path: Path, which: int) -> None:
    arguments = list(write(tmp_path))
    arguments[which] = "x" * 5000
    message = complaint(looptree("evaluate", *arguments))
    assert "x" * 99 + "..." in message
    assert len(message) < 500


def test_missing_argument() -> None:
    assert complaint(looptree("evaluate")) == "Missing argument 'WORKLOAD' (see looptree evaluate --help)"


def test_a_difference_is_a_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = (CheckedCount("operations of conv1", 3, 3), CheckedCount("words of F1 read at DRAM", 5, 7))
    monkeypatch.setattr("looptree.check.checked_counts", lambda *_: counts)
    outcome = looptree("evaluate", *write(tmp_path), "--check")
    assert outcome.code == 3
    assert "1 count of 2 differ" in outcome.out
    assert "words of F1 read at DRAM       5           7" in outcome.out
    assert outcome.err.startswith("error: a defect in looptree, please report it with the input (model and simulator")
    as_json = looptree("evaluate", *write(tmp_path), "--check", "--json")
    assert as_json.code == 3
    assert '"agrees": false' in as_json.out


def test_a_crash_asks_for_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("in the [red]test\x1b[2J")

    monkeypatch.delenv("LOOPTREE_TRACEBACK", raising=False)
    monkeypatch.setattr("looptree.taxonomy.binding.bind", crash)
    arguments = ("evaluate", *write(tmp_path))
    outcome = looptree(*arguments)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "error: a defect in looptree, please report it with the input (ZeroDivisionError: in the [red]test\\x1b[2J; "
        "--traceback shows where)\n"
    )
    for asked in (looptree("--traceback", *arguments), looptree(*arguments, "--traceback")):
        assert asked.code == 3
        assert asked.err.startswith("Traceback (most recent call last)")
    monkeypatch.setenv("LOOPTREE_TRACEBACK", "1")
    assert "in crash" in looptree(*arguments).err


def test_a_closed_pipe_is_silent() -> None:
    with subprocess.Popen(
        [*PROGRAM, "evaluate", "resnet18", "mobile", "layer_by_layer", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 141


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk(tmp_path: Path, unbuffered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the output is only written as the program exits."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "evaluate", *write(tmp_path)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (2, "error: cannot write: No space left on device\n")


@pytest.mark.parametrize("command", ["compare", "search"])
def test_interrupted(command: str) -> None:
    code = (
        "import os, signal, looptree.search\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # in the background of a shell it is ignored
        f"looptree.search.{command} = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\n"
        f"from looptree.cli.main import main\nmain(['{command}', 'conv_conv'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


def test_colours_and_a_bar_only_in_a_terminal() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    arguments = [*PROGRAM, "compare", "conv_conv"]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    drawn = os.read(ours, 100_000)
    os.close(ours)
    assert b"\x1b" in drawn
    assert b"comparing conv_conv" in drawn
    assert b"\x1b" not in done.stdout
