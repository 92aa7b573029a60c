"""Completion: scripts for three shells, and what they complete."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete

from looptree.cli.main import group
from tests.cli.command_line import complaint, looptree


def test_completion_scripts_name_the_program() -> None:
    for shell in ("bash", "zsh", "fish"):
        outcome = looptree("completion", shell)
        assert outcome.code == 0 and "_LOOPTREE_COMPLETE" in outcome.out
    assert "'tcsh' is not one of" in complaint(looptree("completion", "tcsh"))


def offered(*words: str) -> list[str]:
    """What is offered for the last word."""
    completing = BashComplete(group, {}, "looptree", "_LOOPTREE_COMPLETE")
    found = completing.get_completions(list(words[:-1]), words[-1])
    return [item.value for item in found if item.type == "plain"]


def test_a_shell_asks_the_program() -> None:
    words = ("evaluate", "conv_conv", "small", "fused_layer_cnn")
    asked = {"_LOOPTREE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["looptree", *words]), "COMP_CWORD": ""}
    asked["COMP_CWORD"] = str(len(words))
    program = [sys.executable, "-c", "from looptree.cli.main import main; main([])"]
    done = subprocess.run(program, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    told = [line.partition(",")[2] for line in done.stdout.splitlines() if line.startswith("plain,")]
    assert told == offered(*words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("comp",), {"compare", "completion"}),
        (("compare", "mobilenet_v"), {"mobilenet_v2"}),
        (("search", "resnet18", "--architecture", "mob"), {"mobile"}),
        (("evaluate", "conv_conv", "small", "fused_layer_cnn"), {"fused_layer_cnn", "fused_layer_cnn_recompute"}),
        (("size", "resnet18", "--obj"), {"--objective"}),
        (("size", "resnet18", "--objective", "off"), {"offchip"}),
        (("explain", "offchip_r"), {"offchip_reads"}),
        (("validate", "ey"), {"eyeriss"}),
    ],
)
def test_commands_options_and_names_are_completed(words: tuple[str, ...], expected: set[str]) -> None:
    assert set(offered(*words)) >= expected
