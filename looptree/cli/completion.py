"""`looptree completion`: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """The completion script of a shell.

    \b
      looptree completion bash >> ~/.bashrc
      looptree completion zsh >> ~/.zshrc
      looptree completion fish > ~/.config/fish/completions/looptree.fish
    """
    from click.shell_completion import get_completion_class

    from looptree.cli.main import NAME, group

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(group, {}, NAME, f"_{NAME.upper()}_COMPLETE").source())
