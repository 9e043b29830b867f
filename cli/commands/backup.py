"""`somastack backup`: this whole installation in one file, while it serves.

Nothing here copies anything; `cli/backup/` does.
"""

from pathlib import Path
from typing import Annotated

import typer


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Put everything that makes up this installation into one file, while it goes on serving.

    The databases are copied as they are at one moment, with every turn and memory that was acknowledged before; keys,
    secrets and settings come with them, so keep the file as you keep a password (its mode is 0600). Logs are left out.
    What is cut off leaves no file. With --json: {"file", "file_bytes", "format", "version", "instance", "begin_time",
    "ground", "schemas", "parts"}.

    Examples:  somastack backup today.soma  ·  somastack backup --force /mnt/backups/nightly.soma
    """
    import asyncio

    from cli.backup.interruption import ended_by_signals
    from cli.backup.taking import take_backup
    from cli.render import Progress, print_line, size
    from config import load_settings

    target = file.absolute()
    with Progress() as progress:
        taking = take_backup(load_settings(), target, progress, overwrite=force)
        manifest = asyncio.run(ended_by_signals(taking))
    written = target.stat().st_size
    if as_json:
        import json

        print_line(json.dumps({"file": str(target), "file_bytes": written, **manifest.to_json()}))
        return
    print_line(f"{target} holds everything acknowledged before {manifest.begin_time}, in {size(written)}.")
    print_line("Keys and secrets are in it: keep it where only you can read it.")
