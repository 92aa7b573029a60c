"""`looptree explain`: what a quantity, a word or an option means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from looptree.errors import InputError


@click.command(name="explain")
@click.argument("key", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(key: str | None, as_json: bool) -> None:
    """What a quantity of a result, a word of the field, or an option means.

    KEY is a key of the JSON output, a column, or an option. Without one, all quantities and words are listed.

    \b
      looptree explain offchip_bytes
      looptree explain window
      looptree explain --json latency_cycles
      looptree explain -- --buffer
    """
    if key is None:
        _list(as_json=as_json)
    elif key.startswith("-"):
        _option(key, as_json=as_json)
    else:
        _term(key, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from looptree.report.terms import TERMS

    if as_json:
        _print({key: {"name": t.name, "unit": t.unit, "meaning": t.meaning} for key, t in TERMS.items()})
        return
    from looptree.cli.console import show
    from looptree.report.table import table

    show([table("Quantities and words", ["key", "name", "unit"], [], [[k, t.name, t.unit] for k, t in TERMS.items()])])


def _term(key: str, *, as_json: bool) -> None:
    from looptree.report.explain import term_of

    term = term_of(key)
    if as_json:
        _print({"name": term.name, "unit": term.unit, "meaning": term.meaning})
    else:
        from looptree.cli.console import show

        show([f"{term.name}{f' ({term.unit})' if term.unit else ''}: {term.meaning}"])


def _option(key: str, *, as_json: bool) -> None:
    found = options().get(key)
    if found is None:
        from looptree.errors import nearest

        raise InputError(f"no command has the option {key!r}", hint=nearest(key, options()))
    if as_json:
        _print({"option": key, "commands": found})
    else:
        from looptree.cli.console import show

        show([f"{key} of {f'looptree {name}'.strip()}: {text}" for name, text in found.items()])


def options() -> dict[str, dict[str, str]]:
    """What each option means, by command."""
    from looptree.cli.main import group

    found: dict[str, dict[str, str]] = {}
    for name, known in _commands("", group):
        for parameter in known.params:
            if isinstance(parameter, click.Option):
                for option in (*parameter.opts, *parameter.secondary_opts):
                    found.setdefault(option, {})[name] = " ".join((parameter.help or "").split())
    return found


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, and those below it, with their names."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            known = command.get_command(context, below)
            assert known is not None
            yield from _commands(f"{name} {below}".strip(), known)


def _print(data: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(data, indent=2))
