"""`looptree completion`: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(name="completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the script.")
def command(shell: str, as_json: bool) -> None:
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
    script = made(group, {}, NAME, f"_{NAME.upper()}_COMPLETE").source()
    if as_json:
        from looptree.cli.console import show_json

        show_json({"shell": shell, "script": script})
    else:
        click.echo(script)
