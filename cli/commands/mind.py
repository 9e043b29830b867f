"""`somastack mind`: an agent's neuromodulators, what they change, what moved them, and setting them.

Nothing here computes a state; the cognitive service does.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.doors import Doors
    from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb
    from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as mind_grpc

_Agent = Annotated[str, typer.Option("--agent", metavar="ID", help="Whose mind; without it the default agent's.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_NAMES = ("dopamine", "serotonin", "noradrenaline", "acetylcholine")
app = typer.Typer(help="Show, explain, set and reset an agent's mind.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Show, explain, set and reset an agent's mind."""


@app.command("show")
def show(agent: _Agent = "", as_json: _Json = False) -> None:
    """Show the neuromodulators as gauges with baseline and range, and what they change in a turn.

    With --json: the message soma.cognitive.v1.GetNeuromodulatorsResponse as REST answers it at /neuromodulators, with
    "effects", a list of soma.common.v1.ModulationEffect.

    Examples:  somastack mind show  ·  somastack mind show --json
    """
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    whose = _checked(agent)
    state, explained = reach(lambda doors: look(doors, whose))
    if as_json:
        told = {**to_object(state), "effects": [to_object(effect) for effect in explained.effects]}
        print_line(to_json(told))
    else:
        show_mind(state, explained)


@app.command("explain")
def explain(
    agent: _Agent = "",
    changes: Annotated[int, typer.Option("--changes", "-n", min=1, max=200, help="Most changes to list.")] = 20,
    as_json: _Json = False,
) -> None:
    """Show what the values change in a turn and what moved them, newest first.

    With --json: the message soma.cognitive.v1.ExplainStateResponse as REST answers it at /api/v1/cognitive/explain.

    Examples:  somastack mind explain  ·  somastack mind explain -n 100 --json
    """
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.views.mind import CHANGE_HEADINGS, change_row, effects
    from cli.views.words import to_json

    whose = _checked(agent)
    found = reach(lambda doors: _explain(doors, whose, changes))
    if as_json:
        print_line(to_json(found))
        return
    for sentence in effects(found.effects):
        print_line(sentence)
    if found.changes:
        print_line("\nWhat moved them")
        print_table(CHANGE_HEADINGS, [change_row(change) for change in found.changes])
    else:
        print_line("Nothing has moved them yet.")


@app.command("set")
def change(
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="New values, by name.")],
    relative: Annotated[bool, typer.Option("--relative", help="The numbers are changes, not values.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a value outside its range; else clamp it.")] = False,
    agent: _Agent = "",
    as_json: _Json = False,
) -> None:
    """Set values of an agent's mind: dopamine, serotonin, noradrenaline, acetylcholine. What is not given stays.

    With --json: the message soma.cognitive.v1.UpdateNeuromodulatorsResponse.

    Examples:  somastack mind set dopamine=0.6  ·  somastack mind set --relative serotonin=-0.1 dopamine=0.1  ·
    somastack mind set --strict noradrenaline=0.05
    """
    from cli.doors import reach
    from cli.render import Progress, print_line
    from cli.views.words import to_json

    given = dict(map(_value, values))
    whose = _checked(agent)
    after = reach(lambda doors: _update(doors, whose, given, (relative, strict)))
    for name in after.clamped:
        Progress().note(f"! {name} was clamped to its range.")
    if as_json:
        print_line(to_json(after))
    else:
        show_mind(*reach(lambda doors: look(doors, whose)))


@app.command("reset")
def reset(
    agent: _Agent = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Set all values to the agent's baselines. Says what it will change and asks first.

    With --json: the message soma.cognitive.v1.ResetNeuromodulatorsResponse.

    Examples:  somastack mind reset  ·  somastack mind reset --yes --json
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.render import print_line
    from cli.views.words import to_json

    whose = _checked(agent)
    state, _ = reach(lambda doors: look(doors, whose))
    ask(_touched(state.states), "Reset them?", yes=yes, terminal=sys.stdin.isatty())
    after = reach(lambda doors: _reset(doors, whose))
    if as_json:
        print_line(to_json(after))
    else:
        show_mind(*reach(lambda doors: look(doors, whose)))


async def look(
    doors: "Doors", agent: str = ""
) -> "tuple[mind_pb.GetNeuromodulatorsResponse, modulation_pb.ExplainStateResponse]":
    """The values and what they change. Raises SomaError."""
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb

    state = await _mind(doors).GetNeuromodulators(mind_pb.GetNeuromodulatorsRequest(agent_id=agent))
    return state, await _explain(doors, agent, 1)


def show_mind(state: "mind_pb.GetNeuromodulatorsResponse", explained: "modulation_pb.ExplainStateResponse") -> None:
    """Print gauges and effects for people."""
    from cli.render import print_line, print_table
    from cli.views.mind import GAUGE_HEADINGS, effects, gauge_row

    print_table(GAUGE_HEADINGS, [gauge_row(each) for each in state.states])
    print_line("")
    for sentence in effects(explained.effects):
        print_line(sentence)


def _checked(agent: str) -> str:
    from cli.doors import checked_id

    return checked_id(agent, "agent") if agent else ""


def _value(word: str) -> tuple[str, float]:
    """A name and its number. Raises CommandError for what is none."""
    name, equals, number = word.partition("=")
    if name not in _NAMES or not equals:
        sentence = f"“{word[:80]}” is no value to set. Write it like dopamine=0.6; the names are {', '.join(_NAMES)}."
        raise CommandError(sentence, Exit.WRONG_USE)
    try:
        return name, float(number)
    except ValueError:
        raise CommandError(f"“{number[:80]}” is no number for {name}.", Exit.WRONG_USE) from None


def _touched(states: "Sequence[mind_pb.NeuromodulatorState]") -> str:
    moves = ", ".join(f"{state.name} {state.value:.3f} → {state.baseline:.3f}" for state in states)
    return f"This sets all values to their baselines: {moves}."


def _mind(doors: "Doors") -> "mind_grpc.NeuromodulatorServiceStub":
    from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as mind_grpc

    return doors.stub("cognitive", mind_grpc.NeuromodulatorServiceStub)


async def _explain(doors: "Doors", agent: str, changes: int) -> "modulation_pb.ExplainStateResponse":
    from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
    from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc

    stub = doors.stub("cognitive", modulation_grpc.ModulationServiceStub)
    return await stub.ExplainState(modulation_pb.ExplainStateRequest(agent_id=agent, page_size=changes))


async def _update(
    doors: "Doors", agent: str, given: dict[str, float], manner: tuple[bool, bool]
) -> "mind_pb.UpdateNeuromodulatorsResponse":
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb

    relative, strict = manner
    request = mind_pb.UpdateNeuromodulatorsRequest(
        agent_id=agent, relative=relative, refuse_out_of_range=strict, request_id=doors.request_id()
    )
    for name, value in given.items():
        setattr(request, name, value)
    return await _mind(doors).UpdateNeuromodulators(request)


async def _reset(doors: "Doors", agent: str) -> "mind_pb.ResetNeuromodulatorsResponse":
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb

    request = mind_pb.ResetNeuromodulatorsRequest(agent_id=agent, request_id=doors.request_id())
    return await _mind(doors).ResetNeuromodulators(request)
