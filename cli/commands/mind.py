"""`somastack mind`: an agent's neuromodulators, what they change, what moved them, setting them, and its other verbs.

Nothing here computes a state; the cognitive service does.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import mind_act, mind_adaptation, mind_cycle, mind_sleep, mind_thread
from cli.commands.mind_options import Agent, Json, Yes
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.doors import Doors
    from cli.mind_calls import Mind, Values
    from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb

_NAMES = ("dopamine", "serotonin", "noradrenaline", "acetylcholine")
_ABOUT = "Look at an agent's mind and change it: values, sleep, cycles, threads, what recall learned, acting."
app = typer.Typer(help=_ABOUT, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at an agent's mind and change it: values, sleep, cycles, threads, what recall learned, acting."""


@app.command("show")
def show(agent: Agent = "", as_json: Json = False) -> None:
    """Show the neuromodulators as gauges, what they change in a turn, the sleep, the load and the weights of recall.

    With --json: the message soma.cognitive.v1.GetNeuromodulatorsResponse as REST answers it at /neuromodulators, with
    "effects", a list of soma.common.v1.ModulationEffect, "sleep", a SleepStatus, and "adaptation", an AdaptationState.

    Examples:  somastack mind show  ·  somastack mind show --agent support --json
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, whole_mind
    from cli.render import print_line
    from cli.views.words import to_json, to_object

    async def work(doors: "Doors") -> "Mind":
        return await whole_mind(doors, await agent_of(doors, agent))

    mind = reach(work)
    if not as_json:
        show_mind(mind)
        return
    effects = [to_object(effect) for effect in mind.values.explained.effects]
    parts = {"effects": effects, "sleep": to_object(mind.sleep), "adaptation": to_object(mind.adaptation)}
    print_line(to_json({**to_object(mind.values.state), **parts}))


@app.command("explain")
def explain(
    agent: Agent = "",
    changes: Annotated[int, typer.Option("--changes", "-n", min=1, max=200, help="Most changes to list.")] = 20,
    as_json: Json = False,
) -> None:
    """Show what the values change in a turn and what moved them, newest first.

    With --json: the message soma.cognitive.v1.ExplainStateResponse as REST answers it at /api/v1/cognitive/explain.

    Examples:  somastack mind explain  ·  somastack mind explain -n 100 --json
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, explained
    from cli.render import print_line, print_table
    from cli.views.mind import CHANGE_HEADINGS, change_row, effects
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "modulation_pb.ExplainStateResponse":
        return await explained(doors, await agent_of(doors, agent), changes)

    found = reach(work)
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
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Set values of an agent's mind: dopamine, serotonin, noradrenaline, acetylcholine. What is not given stays.

    With --json: the message soma.cognitive.v1.UpdateNeuromodulatorsResponse.

    Examples:  somastack mind set dopamine=0.6  ·  somastack mind set --relative serotonin=-0.1 dopamine=0.1  ·
    somastack mind set --strict noradrenaline=0.05
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, neuromodulators, values_of
    from cli.render import Progress, print_line
    from cli.views.words import to_json
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb

    request = mind_pb.UpdateNeuromodulatorsRequest(relative=relative, refuse_out_of_range=strict)
    for name, value in map(_value, values):
        setattr(request, name, value)

    async def work(doors: "Doors") -> "tuple[mind_pb.UpdateNeuromodulatorsResponse, Values]":
        request.agent_id, request.request_id = await agent_of(doors, agent), doors.request_id()
        after = await neuromodulators(doors).UpdateNeuromodulators(request)
        return after, await values_of(doors, request.agent_id)

    after, seen = reach(work)
    for name in after.clamped:
        Progress().note(f"! {name} was clamped to its range.")
    if as_json:
        print_line(to_json(after))
    else:
        show_values(seen)


@app.command("reset")
def reset(agent: Agent = "", yes: Yes = False, as_json: Json = False) -> None:
    """Set all values to the agent's baselines. Says what it will change and asks first.

    With --json: the message soma.cognitive.v1.ResetNeuromodulatorsResponse.

    Examples:  somastack mind reset  ·  somastack mind reset --yes --json
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.mind_calls import agent_of, neuromodulators, values_of
    from cli.render import print_line
    from cli.views.words import to_json
    from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb

    async def look(doors: "Doors") -> "Values":
        return await values_of(doors, await agent_of(doors, agent))

    before = reach(look).state
    ask(_touched(before.states), "Reset them?", yes=yes, terminal=sys.stdin.isatty())

    async def work(doors: "Doors") -> "mind_pb.ResetNeuromodulatorsResponse":
        request = mind_pb.ResetNeuromodulatorsRequest(agent_id=before.agent_id, request_id=doors.request_id())
        return await neuromodulators(doors).ResetNeuromodulators(request)

    after = reach(work)
    if as_json:
        print_line(to_json(after))
    else:
        show_values(reach(look))


@app.command("diagnose")
def diagnose(agent: Agent = "", as_json: Json = False) -> None:
    """Examine an agent's mind: ranges, replay of its log, weights, load, cycles. Ends with 1 where something is wrong.

    With --json: the message soma.cognitive.v1.GetDiagnosticsResponse as REST has it at /api/v1/cognitive/diagnostics.

    Examples:  somastack mind diagnose  ·  somastack mind diagnose --json
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, diagnosed
    from cli.render import print_line, print_table
    from cli.views.mind import FINDING_HEADINGS, finding_row, unsound
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "modulation_pb.GetDiagnosticsResponse":
        return await diagnosed(doors, await agent_of(doors, agent))

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    else:
        print_table(FINDING_HEADINGS, [finding_row(each) for each in found.findings], state_column=0)
    if wrong := unsound(found.findings):
        raise CommandError(wrong)


mind_sleep.add_to(app)
mind_adaptation.add_to(app)
mind_act.add_to(app)
app.add_typer(mind_cycle.app, name="cycle")
app.add_typer(mind_thread.app, name="thread")


def show_mind(mind: "Mind") -> None:
    """Print everything about a mind, for people."""
    from cli.render import print_line
    from cli.views.mind_adaptation import weights_line

    show_values(mind.values)
    print_line("")
    mind_sleep.show_sleep(mind.sleep)
    print_line(weights_line(mind.adaptation))


def show_values(values: "Values") -> None:
    """Print gauges and effects, for people."""
    from cli.render import print_line, print_table
    from cli.views.mind import GAUGE_HEADINGS, effects, gauge_row

    print_table(GAUGE_HEADINGS, [gauge_row(each) for each in values.state.states])
    print_line("")
    for sentence in effects(values.explained.effects):
        print_line(sentence)


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
