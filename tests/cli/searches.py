"""Small searches on the command line."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.command_line import looptree

SMALL = ("--architecture", "small", "--buffer", "8KiB", "--set", "channels=16", "--set", "resolution=16")


def found(*arguments: str) -> dict[str, Any]:
    """What a search prints as JSON."""
    outcome = looptree("--quiet", "search", *arguments, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    data: dict[str, Any] = json.loads(outcome.out)
    return data
