"""`somastack mind cycle`: the cycles in which an agent's memories are replayed, consolidated and recombined.

Nothing here runs a cycle; the cognitive service does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import cycle_ids
from cli.commands.mind_options import Agent, Json, Most
from cli.exits import CommandError, Exit
from cli.options import taking

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

_MOST_TOKENS = 200_000
_LONGEST_SECONDS = 3600
app = typer.Typer(help="Run, list and cancel an agent's sleep cycles.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run, list and cancel an agent's sleep cycles."""


@dataclass(frozen=True, slots=True)
class CycleOptions:
    """What a cycle does, and how much it may take."""

    nrem: Annotated[bool, typer.Option(help="Replay and consolidate memories.")] = True
    rem: Annotated[bool, typer.Option(help="Recombine memories into hypotheses.")] = True
    tokens: Annotated[
        int | None, typer.Option(min=0, max=_MOST_TOKENS, help="Most tokens of a model; 0 asks none. Else 20000.")
    ] = None
    seconds: Annotated[int, typer.Option(min=1, max=_LONGEST_SECONDS, help="Most seconds it may take.")] = 300
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for its end.")] = False
    agent: Agent = ""
    as_json: Json = False


@app.command("run")
@taking(CycleOptions)
def run(options: CycleOptions) -> None:
    """Run a cycle now and wait for its end: replay, consolidate, recombine, prune, relieve. One runs at a time.

    Where one runs already, that one is followed. Ctrl-C ends the waiting and not the cycle; `mind cycle cancel` does.
    Ends with 1 where the cycle failed or was cancelled. With --json: the message soma.cognitive.v1.SleepCycle.

    Examples:  somastack mind cycle run  ·  somastack mind cycle run --no-rem --tokens 0  ·
    somastack mind cycle run --no-wait --json
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, cycle_to_its_end, sleep
    from cli.render import Progress, print_line
    from cli.views.mind_sleep import cycle_word, step_words
    from cli.views.words import to_json
    from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

    if not (options.nrem or options.rem):
        raise CommandError("Nothing is left to do: leave out --no-nrem or --no-rem.", Exit.WRONG_USE)
    request = sleep_pb.RunSleepCycleRequest(
        nrem=options.nrem,
        rem=options.rem,
        token_budget=options.tokens,
        max_seconds=options.seconds,
        async_mode=True,
    )

    async def work(doors: "Doors") -> "sleep_pb.SleepCycle":
        request.agent_id, request.request_id = await agent_of(doors, options.agent), doors.request_id()
        cycle = (await sleep(doors).RunSleepCycle(request)).cycle
        if options.no_wait:
            return cycle
        steps: list[str] = []
        with Progress() as progress:

            def tell(seen: "sleep_pb.SleepCycle") -> None:
                if steps[-1:] != [seen.step]:
                    steps.append(seen.step)
                    progress.step(step_words(seen))

            return await cycle_to_its_end(doors, cycle, tell)

    cycle = reach(work)
    if options.as_json:
        print_line(to_json(cycle))
    else:
        show_cycle(cycle)
    if cycle.state in (sleep_pb.SLEEP_CYCLE_STATE_FAILED, sleep_pb.SLEEP_CYCLE_STATE_CANCELLED):
        raise CommandError(f"The cycle was not done: it is {cycle_word(cycle).lower()}.")


@app.command("list")
def list_cycles(most: Most = 20, agent: Agent = "", as_json: Json = False) -> None:
    """List an agent's cycles, the newest first.

    With --json: the message soma.cognitive.v1.ListSleepCyclesResponse as REST answers it at /sleep/cycles.

    Examples:  somastack mind cycle list  ·  somastack mind cycle list -n 100 --json
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, cycles
    from cli.render import print_line, print_table
    from cli.views.mind_sleep import CYCLE_HEADINGS, cycle_row
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "sleep_pb.ListSleepCyclesResponse":
        return await cycles(doors, await agent_of(doors, agent), most)

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    elif found.cycles:
        print_table(CYCLE_HEADINGS, [cycle_row(each) for each in found.cycles], state_column=1)
    else:
        print_line("No cycle has run yet. `somastack mind cycle run` runs one.")


@app.command("cancel")
def cancel(
    cycle_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="The cycle; without it the one that runs.", autocompletion=cycle_ids)
    ] = "",
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Stop a cycle; what it had not finished is undone. One that is over stays as it is.

    With --json: the message soma.cognitive.v1.SleepCycle.

    Examples:  somastack mind cycle cancel  ·  somastack mind cycle cancel 0197a0c2-6666-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.mind_calls import WAITING_SECONDS, agent_of, sleep, sleeping
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb

    given = checked_id(cycle_id, "cycle") if cycle_id else ""

    async def work(doors: "Doors") -> "sleep_pb.SleepCycle":
        wanted = given or (await sleeping(doors, await agent_of(doors, agent))).current_cycle.cycle_id
        if not wanted:
            raise CommandError("No cycle runs now. `somastack mind cycle list` shows those that ran.")
        request = sleep_pb.CancelSleepCycleRequest(cycle_id=wanted, request_id=doors.request_id())
        return (await sleep(doors).CancelSleepCycle(request, timeout=WAITING_SECONDS)).cycle

    cycle = reach(work)
    if as_json:
        print_line(to_json(cycle))
    else:
        show_cycle(cycle)


def show_cycle(cycle: "sleep_pb.SleepCycle") -> None:
    """Print a cycle for people."""
    from cli.render import print_line, print_table
    from cli.views.mind_sleep import cycle_lines
    from cli.views.words import visible

    print_table(("FIELD", "VALUE"), list(cycle_lines(cycle)))
    for sentence in cycle.sentences:
        print_line(f"· {visible(sentence)}")
