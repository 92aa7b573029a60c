"""`--json` and `--quiet` on every command: one JSON value on the standard output, and nothing else there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from looptree.cli.main import group
from tests.cli.command_line import looptree, write

TINY = ("--set", "channels=2", "--set", "resolution=4", "--workers", "1")
STUDY = """
study: tiny
architecture: small
parameters: {buffer: [64, 128]}
set: {GLB.capacity_bytes: buffer}
networks: [{name: conv_conv, channels: 2, resolution: 4}]
spaces: [layer-by-layer]
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {}
        yield from ((f"{name} {sub}", found) for sub, found in inner.items())
        if not inner:
            yield name, command


def test_every_command_has_the_option() -> None:
    without = [name for name, command in commands() if not any("--json" in p.opts for p in command.params)]
    assert without == []


@pytest.mark.parametrize(
    "words",
    [
        ("networks",),
        ("architectures",),
        ("points",),
        ("graph", "conv_conv"),
        ("study",),
        ("schema", "study"),
        ("completion", "zsh"),
        ("explain",),
        ("explain", "window"),
        ("explain", "--", "--buffer"),
        ("export", "conv_conv", "small", "fused_layer_cnn", "--set", "tile_p=4"),
        ("evaluate", "conv_conv", "small", "fused_layer_cnn", "--set", "tile_p=4"),
        ("search", "conv_conv", "--architecture", "small", *TINY),
        ("search", "conv_conv", "--architecture", "small", "--front", "capacity,offchip", "--points", "2", *TINY),
        ("compare", "conv_conv", "--architecture", "small", *TINY),
        ("size", "conv_conv", "--architecture", "small", *TINY, "--capacities", "64", "--no-cache"),
        ("validate", "eyeriss"),
        ("sweep", "study.yaml", "--dry-run"),
        ("sweep", "study.yaml", "--workers", "1"),
    ],
    ids=" ".join,
)
def test_prints_one_value_and_nothing_else(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY)
    at = words.index("--") if "--" in words else len(words)
    outcome = looptree("--quiet", *words[:at], "--json", *words[at:])
    assert (outcome.code, outcome.err) == (0, "")
    assert isinstance(json.loads(outcome.out), dict)


def test_a_network_of_another_tool_is_counted_in_json(tmp_path: Path) -> None:
    file = write(tmp_path)[0]
    found = json.loads(looptree("import", file, "--json").out)
    assert found == {"name": "two_conv", "layers": 2, "operations": 922752, "parameters": 864}


def test_the_layer_graph_in_json() -> None:
    found = json.loads(looptree("graph", "conv_conv", "--json").out)
    assert [layer["name"] for layer in found["layers"]] == ["conv1", "conv2"]
    assert found["tensors"] == [{"from": "conv1", "to": "conv2", "tensor": "conv1", "bytes": 200704}]
    assert looptree("graph", "conv_conv", "--format", "svg").out.startswith("<svg ")
