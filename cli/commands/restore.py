"""`somastack restore`: an empty installation filled from a backup.

Nothing here unpacks anything; `cli/backup/` does.
"""

from pathlib import Path
from typing import Annotated

import typer


def restore(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file that `somastack backup` wrote.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Fill an empty installation from a backup; the next `somastack up` starts it and brings its tables up to date.

    Every part is compared with its checksum before anything is touched, and an installation that has data is refused:
    give SOMA_HOME or SOMA_INSTANCE another value, or move the old data folder away. With --json: {"home", "format",
    "version", "instance", "begin_time", "ground", "schemas", "parts"}.

    Examples:  somastack restore today.soma  ·  SOMA_HOME=/srv/soma-again somastack restore /mnt/backups/nightly.soma
    """
    import asyncio

    from cli.backup.interruption import ended_by_signals
    from cli.backup.restoring import restore_backup
    from cli.render import Progress, print_line
    from config import load_settings

    settings = load_settings()
    with Progress() as progress:
        manifest = asyncio.run(ended_by_signals(restore_backup(settings, file.absolute(), progress)))
    if as_json:
        import json

        print_line(json.dumps({"home": str(settings.home), **manifest.to_json()}))
        return
    print_line(f"Restored into {settings.home}: all that was acknowledged before {manifest.begin_time}.")
    print_line("Start it with `somastack up`.")
