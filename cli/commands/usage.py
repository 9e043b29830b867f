"""`somastack usage`: turns, tokens and money by day and agent.

Nothing here counts; the control service does.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.control.v1 import usage_service_pb2 as usage_pb

_PAGE = 200


def usage(
    since: Annotated[str, typer.Option("--from", help="The first day: 7d, yesterday, 2026-11-01.")] = "",
    until: Annotated[str, typer.Option("--to", help="The last day, itself included; without it today.")] = "",
    agent: Annotated[str, typer.Option(metavar="ID", help="Only this agent.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, money in millionths of a dollar.")] = False,
) -> None:
    """Show what was used: turns that ended, tokens and cost, by day in UTC and agent; without --from the last 30 days.

    A turn is counted about two seconds after it ended.
    With --json: {"rows": [soma.control.v1.Usage …], "total", "first_day", "last_day"} as REST has them at /admin/usage.

    Examples:  somastack usage  ·  somastack usage --from 7d  ·  somastack usage --from 2026-11-01 --to 2026-11-30 --csv
    """
    from cli.doors import reach
    from cli.render import Progress, print_line, print_table
    from cli.views.usage import HEADINGS, row, to_csv
    from cli.views.words import to_json, to_object

    if as_json and as_csv:
        raise CommandError("Give --json or --csv, not both.", Exit.WRONG_USE)
    request = _request(since, until, agent)
    found = reach(lambda doors: _read(doors, request))
    if as_json:
        answer = to_object(found)
        print_line(to_json({name: answer[name] for name in ("rows", "total", "first_day", "last_day")}))
    elif as_csv:
        print_line(to_csv(list(found.rows)))
    elif found.rows:
        print_table(HEADINGS, [row(each) for each in (*found.rows, found.total)])
    else:
        Progress().note(f"No turn ended from {found.first_day} to {found.last_day}.")


def _request(since: str, until: str, agent: str) -> "usage_pb.GetUsageRequest":
    from cli.moments import moment_of
    from soma.control.v1 import usage_service_pb2 as usage_pb
    from soma_common.kernel.clock import Clock

    now = Clock().now()
    first = moment_of(since, now, "--from").date() if since else None
    last = moment_of(until, now, "--to").date() if until else None
    if first is not None and first > (last or now.date()):
        raise CommandError("--to must not be earlier than --from: it ends before it begins.", Exit.WRONG_USE)
    return usage_pb.GetUsageRequest(
        first_day="" if first is None else first.isoformat(),
        last_day="" if last is None else last.isoformat(),
        agent_id=agent,
        page_size=_PAGE,
    )


async def _read(doors: "Doors", request: "usage_pb.GetUsageRequest") -> "usage_pb.GetUsageResponse":
    """All pages as one answer. Raises SomaError."""
    from soma.control.v1 import usage_service_pb2 as usage_pb
    from soma.control.v1 import usage_service_pb2_grpc as usage_grpc

    stub = doors.stub("control", usage_grpc.UsageServiceStub)
    rows: list[usage_pb.Usage] = []
    while True:
        answer = await stub.GetUsage(request)
        rows += answer.rows
        request.page_token = answer.next_page_token
        if not request.page_token:
            del answer.rows[:]
            answer.rows.extend(rows)
            return answer
