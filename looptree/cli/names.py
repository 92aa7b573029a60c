"""What a shell completes: names of what ships, and files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from looptree.cli.inputs import Command

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def names_of(kind: str, folder: str = "") -> Complete:
    """Names of what ships in a folder of data, such as `workloads`; where none fits, shells offer files."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from looptree import resources

        known = [name.removeprefix(folder) for name in resources.names(kind) if name.startswith(folder)]
        fitting = [name for name in known if "/" not in name and name.startswith(begun)]
        return [CompletionItem(begun, type="file"), *map(CompletionItem, fitting)]

    return complete


def network_argument(command: Command) -> Command:
    """NETWORK: a file, or the name of what ships."""
    return click.argument("network", shell_complete=names_of("workloads"))(command)


def design_arguments(command: Command) -> Command:
    """WORKLOAD ARCHITECTURE MAPPING."""
    arguments = (
        click.argument("workload", shell_complete=names_of("workloads")),
        click.argument("architecture", shell_complete=names_of("architectures")),
        click.argument("mapping", shell_complete=names_of("taxonomy", "points/")),
    )
    for argument in reversed(arguments):
        command = argument(command)
    return command


def complete_cases(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of the validation cases."""
    from click.shell_completion import CompletionItem

    from looptree.validate import case_names

    return [CompletionItem(name) for name in case_names() if name.startswith(begun)]


def complete_studies(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of the studies of small groups."""
    from click.shell_completion import CompletionItem

    from looptree.study import STUDIES

    return [CompletionItem(name, help=about) for name, about in STUDIES.items() if name.startswith(begun)]


def complete_keys(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Quantities and words that are explained."""
    from click.shell_completion import CompletionItem

    from looptree.report.keys import KEYS
    from looptree.report.terms import TERMS

    return [CompletionItem(key, help=term.name) for key, term in {**TERMS, **KEYS}.items() if key.startswith(begun)]
