"""`somastack status`: what runs, whether it serves, and since when.

Nothing here asks control: the supervisor and each service's own door tell, so it works while anything is down.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import Exit

if TYPE_CHECKING:
    from config import Settings
    from soma_common.supervision.status import ServiceStatus

_PAUSE_SECONDS = 1.0
_CLEAR = "\x1b[H\x1b[2J"


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Print it again every second until Ctrl-C.")] = False,
) -> None:
    """Show every process: its state, process id, address, time since its start, and restarts.

    RUNNING means that it serves, not only that it is alive. With --json: {"services": [{"name", "state", "pid",
    "address", "uptime_seconds", "restarts", "reason"}]}. Ends with 0 when the state could be told, with 3 when nothing
    runs.

    Examples:  somastack status  ·  somastack status --json  ·  somastack status --watch
    """
    import time

    from config import load_settings

    settings = load_settings()
    running, rows = _observe(settings)
    while watch:
        if sys.stdout.isatty() and not as_json:
            sys.stdout.write(_CLEAR)
        _show(rows, as_json)
        time.sleep(_PAUSE_SECONDS)
        running, rows = _observe(settings)
    _show(rows, as_json)
    if not running:
        raise typer.Exit(Exit.CANNOT_REACH)


def _observe(settings: "Settings") -> "tuple[bool, list[ServiceStatus]]":
    import asyncio

    from config.programs import doors
    from soma_common.supervision.client import SupervisorClient
    from soma_common.supervision.status import all_stopped, observe
    from soma_common.supervision.xmlrpc import SupervisorDownError

    every = doors(settings)
    try:
        return True, asyncio.run(observe(SupervisorClient(settings.supervisor_socket), every))
    except SupervisorDownError:
        return False, all_stopped(every)


def _show(rows: "list[ServiceStatus]", as_json: bool) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps({"services": [asdict(row) for row in rows]}), flush=True)
        return
    from cli.render import duration, print_table

    headings = ("SERVICE", "STATE", "PID", "UP", "RESTARTS", "ADDRESS", "NOTE")
    cells = [
        (
            row.name,
            row.state.value,
            str(row.pid or "–"),
            duration(row.uptime_seconds) if row.pid else "–",
            str(row.restarts),
            row.address or "–",
            f"it {row.reason}" if row.reason else "",
        )
        for row in rows
    ]
    print_table(headings, cells, state_column=1)
