"""The entry point: the group of all commands, and what every way to end means."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from looptree import __version__
from looptree.cli.ending import ending
from looptree.cli.lazy import LazyGroup

NAME = "looptree"
_COMMANDS = {
    "evaluate": "The exact numbers of one mapping.",
    "compare": "A network layer by layer against fused.",
    "search": "The best plan of a network, with a proof.",
    "size": "How large a buffer has to be, and what a larger one brings.",
    "sweep": "Hardware and networks together, in a file that survives.",
    "import": "A network of another tool as a YAML file.",
    "export": "A mapping, or all its metrics, as a file.",
    "stats": "MAESTRO's statistics of its files, exact.",
    "validate": "Published designs run again, with errors.",
    "study": "What ranks, schedule, retention and recomputation do.",
    "networks": "The networks and segments that ship.",
    "architectures": "The architectures that ship.",
    "points": "The published designs of the taxonomy.",
    "graph": "The layer graph of a network.",
    "diff": "What is different between two plans or results.",
    "explain": "What a quantity, a word or an option means.",
    "schema": "The JSON Schema of a kind of file, for editors.",
    "completion": "Completion of commands for bash, zsh and fish.",
}

_EPILOG = """\b
Exit codes:
    0  done (evaluate: a design that does not fit is an answer, too)
    1  nothing fits the buffer given in what is searched, no plan was found in time, or a published value
       that has to be met was left (validate)
    2  something in the input is wrong; the message says where and what to do
    3  a defect of looptree itself; please report it (--traceback shows where)
  130  interrupted (a search that has a plan by then prints it instead)
"""


@click.group(
    cls=LazyGroup,
    commands_of=_COMMANDS,
    package="looptree.cli",
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=NAME)
@click.option(
    "--traceback",
    is_flag=True,
    help="Show where in the program a defect is. [env: LOOPTREE_TRACEBACK]",
)
@click.option("--quiet", is_flag=True, help="Print the result, warnings and errors, but no progress and no notes.")
@click.pass_context
def group(context: click.Context, /, **_: bool) -> None:
    """Exact numbers of fused-layer dataflows with recomputation.

    \b
      looptree compare mobilenet_v2 --buffer 512KiB
      looptree search mobilenet_v2 --objective offchip -o plan.yaml
      looptree size mobilenet_v2
      looptree evaluate workload.yaml architecture.yaml mapping.yaml
      looptree evaluate conv_conv small fused_layer_cnn --set tile_p=4

    NETWORK, WORKLOAD and ARCHITECTURE are files or the names of what ships. A network may
    be an ONNX model (.onnx) or one of MAESTRO (.m).
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code that says how it went."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "_LOOPTREE_COMPLETE" in os.environ:
        group.main(args=given, prog_name=NAME)  # the shell asks for completions
    options = given[: given.index("--")] if "--" in given else given
    wanted = "--traceback" in options or os.environ.get("LOOPTREE_TRACEBACK", "") not in ("", "0")
    known = [argument for argument in options if argument not in ("--traceback", "--quiet")]  # they may stand anywhere
    known += given[len(options) :]
    if "--quiet" in options:
        known.insert(0, "--quiet")
    sys.exit(ending(lambda: _run(known), traceback=wanted))


def _run(arguments: list[str]) -> object:
    with group.make_context(NAME, arguments) as context:
        return group.invoke(context)
