"""What the commands on the mind have in common: whose it is, how it is printed."""

from typing import Annotated

import typer

from cli.commands.completing import agent_names

Agent = Annotated[
    str,
    typer.Option(
        "--agent",
        metavar="AGENT",
        help="Whose mind, by name or id; without it the default agent's.",
        autocompletion=agent_names,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Most = Annotated[int, typer.Option("--most", "-n", min=1, max=200, help="Most to list.")]
