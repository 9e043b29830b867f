"""`somastack events`: what happened in the mesh, as its services told it: list it, follow it, replay it.

Nothing here reads events; the control service does.
"""

from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cli.commands import events_replay
from cli.commands.event_options import Correlation, Json, Kind, Service, Stream, Trace
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.control.v1 import event_service_pb2 as event_pb

Show: TypeAlias = Callable[["event_pb.EventRecord"], None]
app = typer.Typer(help="Look at what happened, follow it, and replay it.", no_args_is_help=True)
app.command("replay")(events_replay.replay)


@app.callback()
def _group() -> None:
    """Look at what happened, follow it, and replay it."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which events are listed, and how."""

    trace_id: Trace = ""
    correlation_id: Correlation = ""
    kind: Kind = ""
    service: Service = ""
    stream: Stream = ""
    since: Annotated[str, typer.Option(help="From this time on: 1h, yesterday, 2026-11-25T14:00Z.")] = ""
    until: Annotated[str, typer.Option(help="Up to this time, itself left out.")] = ""
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Most events.")] = 100
    as_json: Json = False


@app.command("list")
@taking(ListOptions)
def show_list(options: ListOptions) -> None:
    """List events in the order of time, of all services: what a turn did everywhere, or what happened since a moment.

    Without --since: of the last hour, or of all that is kept where a trace, a call or a stream is named.
    A trace is told with what its calls set off later. With --json: one message soma.control.v1.EventRecord a line.

    Examples:  somastack events list --since 1h --type 'turn.*'  ·  somastack events list --trace-id 4bf92f35  ·
    somastack events list --since yesterday --until today --service memory --json
    """
    from cli.doors import reach
    from cli.event_calls import first, story
    from cli.render import Progress, print_line, print_table
    from cli.views.event import HEADINGS, row
    from cli.views.words import to_json

    wanted = _filter(options)

    async def work(doors: "Doors") -> "list[event_pb.EventRecord]":
        if options.trace_id and not options.correlation_id:
            return await story(doors, wanted, options.limit + 1)
        return await first(doors, wanted, options.limit + 1)

    found = reach(work)
    shown = found[: options.limit]
    if options.as_json:
        for record in shown:
            print_line(to_json(record))
    elif shown:
        print_table(HEADINGS, [row(record) for record in shown])
    else:
        Progress().note("No event fits. They are kept for 7 days; `--since 7d` looks at all of them.")
    if len(found) > len(shown):
        Progress().note(f"There are more: these are the first {options.limit}. Give --limit or a later --since.")


@dataclass(frozen=True, slots=True)
class TailOptions:
    """Which events are shown, and if one goes on with new ones."""

    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events until Ctrl-C.")] = False
    last: Annotated[int, typer.Option("--lines", "-n", min=0, max=10_000, help="How many of the last ones.")] = 20
    trace_id: Trace = ""
    correlation_id: Correlation = ""
    kind: Kind = ""
    service: Service = ""
    stream: Stream = ""
    since: Annotated[str, typer.Option(help="Look for the last ones from this time on.")] = "1h"
    as_json: Json = False


@app.command("tail")
@taking(TailOptions)
def tail(options: TailOptions) -> None:
    """Show the last events, and with --follow every new one as it comes.

    A control service that is restarted meanwhile is waited for, and nothing is missed. With --json: one message
    soma.control.v1.EventRecord a line.

    Examples:  somastack events tail  ·  somastack events tail -f --type 'turn.*'  ·
    somastack events tail -f --json | jq .
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.event import line
    from cli.views.words import to_json

    def show(record: "event_pb.EventRecord") -> None:
        print_line(to_json(record) if options.as_json else line(record))

    wanted = _filter(options)

    async def work(doors: "Doors") -> None:
        if not options.follow:
            for record in await _last(doors, wanted, options.last):
                show(record)
            return
        await _follow(doors, wanted, options.last, show)

    reach(work)


async def _follow(doors: "Doors", wanted: "event_pb.EventFilter", last: int, show: Show) -> None:
    """The last events, then those that came since one began to listen, which was before the last were asked for."""
    from cli.event_calls import news
    from cli.render import Progress

    def away() -> None:
        Progress().note("The control service is away; going on when it is back.")

    seen: set[str] = set()
    async with aclosing(news(doors, wanted, away)) as following:
        await anext(following)
        for record in await _last(doors, wanted, last):
            seen.add(record.event_id)
            show(record)
        async for message in following:
            for record in message.events:
                if record.event_id not in seen:
                    show(record)


def _filter(options: ListOptions | TailOptions) -> "event_pb.EventFilter":
    from cli.event_calls import filter_of
    from cli.moments import check_range, moment_of
    from soma_common.kernel.clock import Clock

    now = Clock().now()
    until_text = options.until if isinstance(options, ListOptions) else ""
    is_narrow = bool(options.trace_id or options.correlation_id or options.stream)
    since_text = options.since or ("" if is_narrow or until_text else "1h")
    since = moment_of(since_text, now, "--since") if since_text else None
    until = moment_of(until_text, now, "--until") if until_text else None
    check_range(since, until, ("--since", "--until"))
    return filter_of(
        since,
        until,
        trace_id=options.trace_id.lower(),
        correlation_id=options.correlation_id,
        event_type=options.kind,
        service=options.service,
        stream=options.stream,
    )


async def _last(doors: "Doors", wanted: "event_pb.EventFilter", amount: int) -> "list[event_pb.EventRecord]":
    from cli.event_calls import pages

    if not amount:
        return []
    found: deque[event_pb.EventRecord] = deque(maxlen=amount)
    async with aclosing(pages(doors, wanted)) as records:
        async for record in records:
            found.append(record)
    return list(found)
