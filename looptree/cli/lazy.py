"""A group whose commands are imported when they are used, so that `--help` is quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows its commands by name and one line of help.

    Args:
        commands_of: one line of help by name; command `x` is `command` in the module `package.x`, or `package.x_`
            where `x` is a word of Python.
        package: where the modules are.
    """

    def __init__(self, *args: Any, commands_of: Mapping[str, str], package: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_of = commands_of
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which they were given."""
        return list(self.commands_of)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; `None` where there is none of that name."""
        if cmd_name not in self.commands_of:
            return None
        module = f"{self.package}.{cmd_name}{'_' if iskeyword(cmd_name) else ''}"
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write names and lines of help without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands_of.items()))
