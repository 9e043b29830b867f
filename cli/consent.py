"""Asking before something is destroyed.

Nothing here destroys anything.
"""

import typer

from cli.exits import CommandError, Exit


def ask(what: str, question: str, *, yes: bool, terminal: bool) -> None:
    """Say what will be touched, on standard error, and ask. Raises CommandError unless somebody says yes."""
    typer.echo(what, err=True)
    if yes:
        return
    if not terminal:
        raise CommandError("Nobody can be asked here. Give --yes to do it.", Exit.WRONG_USE)
    if not typer.confirm(question, err=True):
        raise CommandError("Nothing was changed.")
