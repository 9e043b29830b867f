"""`somastack mind sleep` and `mind wake`: how an agent sleeps, and bringing it to another state.

Nothing here decides what is allowed; the cognitive service does.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.mind_options import Agent, Json
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

_LONGEST_SECONDS = 3600


class State(StrEnum):
    """The states of sleep."""

    ACTIVE = "active"
    LIGHT = "light"
    DEEP = "deep"
    FREEZE = "freeze"


def add_to(app: typer.Typer) -> None:
    """Hang the commands into their group."""
    app.command("sleep")(sleep)
    app.command("wake")(wake)


def sleep(
    state: Annotated[State | None, typer.Argument(metavar="[STATE]", help="light, deep, freeze or active.")] = None,
    ttl: Annotated[
        str, typer.Option(metavar="TIME", help="Go back to the state before after so long, at most 1h: 90s, 10m.")
    ] = "",
    trace: Annotated[str, typer.Option(metavar="WORD", help="A word of yours that is kept with the change.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Print the state whenever it changes, until Ctrl-C.")] = False,
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Show how an agent sleeps, or bring it to a state: light learns at half the rate, deep rests, freeze refuses.

    Allowed are active↔light, light↔deep, any→freeze and freeze→light; `mind wake` leads from any state to active.
    Without STATE it shows the state, what it changes, the load and the cycles. With --json: the message
    soma.cognitive.v1.SleepStatus, which REST has at /sleep/status as "status"; with STATE TransitionSleepResponse,
    with --watch one SleepStatus a line.

    Examples:  somastack mind sleep  ·  somastack mind sleep light --ttl 10m  ·  somastack mind sleep --watch  ·
    somastack mind sleep deep --agent support --json
    """
    if watch:
        if state or ttl or trace:
            raise CommandError("--watch only looks: give it no state, --ttl or --trace.", Exit.WRONG_USE)
        _watch(agent, as_json=as_json)
    elif state is not None:
        _move(state.value, agent, (ttl, trace), as_json=as_json)
    elif ttl or trace:
        raise CommandError("Say which state: somastack mind sleep light --ttl 10m.", Exit.WRONG_USE)
    else:
        _show(agent, as_json=as_json)


def wake(agent: Agent = "", as_json: Json = False) -> None:
    """Make an agent active from whatever state it is in.

    With --json: the message soma.cognitive.v1.TransitionSleepResponse.

    Examples:  somastack mind wake  ·  somastack mind wake --agent support
    """
    _move(State.ACTIVE.value, agent, ("", ""), wakes=True, as_json=as_json)


def _show(agent: str, *, as_json: bool) -> None:
    from cli.doors import reach
    from cli.mind_calls import agent_of, sleeping
    from cli.render import print_line
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "sleep_pb.SleepStatus":
        return await sleeping(doors, await agent_of(doors, agent))

    status = reach(work)
    if as_json:
        print_line(to_json(status))
    else:
        show_sleep(status)


def show_sleep(status: "sleep_pb.SleepStatus") -> None:
    """Print how an agent sleeps, for people."""
    from cli.render import print_line
    from cli.views.mind_sleep import lines
    from soma_common.kernel.clock import Clock

    for line in lines(status, Clock().now()):
        print_line(line)


def _move(state: str, agent: str, words: tuple[str, str], *, wakes: bool = False, as_json: bool) -> None:
    from cli.doors import reach
    from cli.mind_calls import agent_of
    from cli.mind_calls import sleep as service
    from cli.render import print_line
    from cli.spans import seconds_of
    from cli.views.mind_sleep import state_word
    from cli.views.words import to_json
    from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

    ttl, trace = words
    request = sleep_pb.TransitionSleepRequest(
        target_state=state,
        ttl_seconds=seconds_of(ttl, _LONGEST_SECONDS) if ttl else 0,
        wake=wakes,
        trace_id=trace,
    )

    async def work(doors: "Doors") -> "sleep_pb.TransitionSleepResponse":
        request.agent_id, request.request_id = await agent_of(doors, agent), doors.request_id()
        return await service(doors).TransitionSleep(request)

    after = reach(work)
    if as_json:
        print_line(to_json(after))
    else:
        print_line(f"It was {state_word(after.previous_state)}.")
        show_sleep(after.status)


def _watch(agent: str, *, as_json: bool) -> None:
    from contextlib import aclosing

    from cli.doors import reach
    from cli.mind_calls import agent_of, sleeping_on
    from cli.render import Progress, print_line
    from cli.views.mind_sleep import change
    from cli.views.words import to_json
    from soma_common.kernel.clock import Clock

    def away() -> None:
        Progress().note("The cognitive service is away; going on when it is back.")

    async def work(doors: "Doors") -> None:
        async with aclosing(sleeping_on(doors, await agent_of(doors, agent), away)) as statuses:
            async for status in statuses:
                now = Clock().now()
                print_line(to_json(status) if as_json else f"{now:%H:%M:%S}  {change(status, now)}")

    reach(work)
