"""`somastack doctor`: what can go wrong on a machine, looked at one by one, each with the command that mends it.

Nothing here looks at anything itself; `cli/doctor/` does.
"""

from typing import Annotated

import typer

from cli.exits import Exit


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check Python, settings, disk, folders, ports, clock, keys, database, servers, model, and one real turn.

    Works while the stack is down; what needs it is then skipped. The turn costs a few tokens and is kept in no
    conversation. A state is GOOD, HINT (it works and could do more), BAD or SKIPPED. Ends with 1 when something is BAD
    or SKIPPED. With --json: {"good", "findings": [{"name", "state", "reason", "mend"}]}; `mend` is empty where all is
    good.

    Examples:  somastack doctor  ·  somastack doctor --json
    """
    import asyncio
    from dataclasses import asdict

    from cli.doctor.examination import examine
    from cli.doctor.finding import State
    from cli.render import Progress, print_line, print_table

    with Progress() as progress:
        findings = asyncio.run(examine(progress.step))
    all_good = all(finding.state in (State.GOOD, State.HINT) for finding in findings)
    if as_json:
        import json

        told = {"good": all_good, "findings": [asdict(finding) for finding in findings]}
        print_line(json.dumps(told, ensure_ascii=False))
    else:
        cells = [(it.name, it.state.value, it.reason, it.mend) for it in findings]
        print_table(("CHECK", "STATE", "REASON", "MENDED BY"), cells, state_column=1)
    if not all_good:
        raise typer.Exit(Exit.FAILED)
