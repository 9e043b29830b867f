"""`somastack events replay`: give a consumer what it has not had, after saying what that is.

Nothing here has an effect; the control service does.
"""

import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.event_options import Json, Kind, Service, Stream, Trace, targets
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.control.v1 import event_service_pb2 as event_pb


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Which events go to whom, and how."""

    since: Annotated[str, typer.Option("--from", help="From this time on: 7d, yesterday, 2026-11-25T14:00Z.")] = ""
    until: Annotated[str, typer.Option("--to", help="Up to this time, itself left out; without it up to now.")] = ""
    target: Annotated[
        str,
        typer.Option("--target", help="The consumer that gets them. Example: control.usage.", autocompletion=targets),
    ] = ""
    effects: Annotated[bool, typer.Option("--effects", help="Have the effects; without it, only count.")] = False
    speed: Annotated[
        float, typer.Option(min=0, max=1_000_000, help="1 as it happened, 10 ten times faster, 0 as fast as it goes.")
    ] = 0.0
    trace_id: Trace = ""
    kind: Kind = ""
    service: Service = ""
    stream: Stream = ""
    resume: Annotated[str, typer.Option("--resume", metavar="NAME", help="Go on with a replay that was cut off.")] = ""
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before effects.")] = False
    as_json: Json = False


@taking(ReplayOptions)
def replay(options: ReplayOptions) -> None:
    """Give events to a consumer that has not had them: each takes effect at most once, however often it is replayed.

    Without --effects nothing changes, and the difference is counted. With --effects it says what is lacking and asks.
    Ctrl-C stops it where it is; it says how to go on.
    With --json: one message soma.control.v1.ReplayEventsResponse a line.

    Examples:  somastack events replay --from 7d --target control.usage  ·
    somastack events replay --from 2026-11-20 --to 2026-11-22 --target control.usage --effects  ·
    somastack events replay --resume replay-3f9c2b71a0d4 --effects
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.event import summary

    request = _request(options)
    if options.effects and not options.resume and not options.yes:
        _ask(request, options)
    last = _Last()
    try:
        found = reach(lambda doors: _run(doors, request, last.keep, as_json=options.as_json))
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{last.advice}\n")
        raise
    if not options.as_json:
        for sentence in summary(found):
            print_line(sentence)
    if found.failed:
        raise CommandError(f"{found.failed} events failed in {found.target}.")


class _Last:
    """What a replay said last, for whoever cuts it off."""

    def __init__(self) -> None:
        self._name = ""

    def keep(self, message: "event_pb.ReplayEventsResponse") -> None:
        self._name = message.replay_name

    @property
    def advice(self) -> str:
        """How to go on."""
        if not self._name:
            return "Stopped. Nothing was changed."
        command = f"somastack events replay --resume {self._name} --effects"
        return f"Stopped. What was done stays done. Go on with: {command}"


def _request(options: ReplayOptions) -> "event_pb.ReplayEventsRequest":
    from cli.event_calls import filter_of
    from cli.moments import check_range, moment_of
    from soma.control.v1 import event_service_pb2 as event_pb
    from soma_common.kernel.clock import Clock

    if options.resume:
        given = (options.since, options.until, options.target, options.trace_id, options.kind, options.stream)
        if any(given) or options.service or not options.effects:
            rule = "Give --resume NAME with --effects, and neither times, filters nor --target."
            raise CommandError(f"A replay goes on as it began. {rule}", Exit.WRONG_USE)
        return event_pb.ReplayEventsRequest(resume=options.resume, effects=True, speed=options.speed)
    if not options.since:
        raise CommandError("Say from when on: --from 7d. Or go on with one: --resume NAME.", Exit.WRONG_USE)
    if options.effects and not options.target:
        raise CommandError("Say who has the effects: --target control.usage.", Exit.WRONG_USE)
    now = Clock().now()
    since = moment_of(options.since, now, "--from")
    until = moment_of(options.until, now, "--to") if options.until else None
    check_range(since, until or now, ("--from", "--to"))
    words = {"trace_id": options.trace_id.lower(), "event_type": options.kind, "service": options.service}
    wanted = filter_of(since, until, **words, stream=options.stream)
    return event_pb.ReplayEventsRequest(
        filter=wanted, target=options.target, effects=options.effects, speed=options.speed
    )


def _ask(request: "event_pb.ReplayEventsRequest", options: ReplayOptions) -> None:
    """Count first, then ask. Raises CommandError unless somebody says yes."""
    from cli.consent import ask
    from cli.doors import reach
    from cli.views.event import summary
    from soma.control.v1 import event_service_pb2 as event_pb

    look = event_pb.ReplayEventsRequest()
    look.CopyFrom(request)
    look.effects, look.speed = False, 0.0
    found = reach(lambda doors: _run(doors, look, lambda _: None, as_json=False))
    if found.done:
        ask("\n".join(summary(found)), "Let them take effect?", yes=False, terminal=sys.stdin.isatty())


async def _run(
    doors: "Doors",
    request: "event_pb.ReplayEventsRequest",
    keep: Callable[["event_pb.ReplayEventsResponse"], None],
    *,
    as_json: bool,
) -> "event_pb.ReplayEventsResponse":
    """Run it to its end with a moving bar, or a line of JSON for each message."""
    from cli.event_calls import replayed
    from cli.render import print_line
    from cli.replay_bar import ReplayBar
    from cli.views.words import to_json
    from soma.control.v1 import event_service_pb2 as event_pb

    message = event_pb.ReplayEventsResponse()
    with ReplayBar(quiet=as_json) as bar:
        async with aclosing(replayed(doors, request)) as told:
            async for message in told:
                keep(message)
                bar.show(message)
                if as_json:
                    print_line(to_json(message))
    return message
