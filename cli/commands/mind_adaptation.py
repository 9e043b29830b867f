"""`somastack mind adaptation` and `mind feedback`: what recall learned, judging a turn, going back.

Nothing here moves a weight; the cognitive service does.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import conversation_ids, receipt_ids
from cli.commands.mind_options import Agent, Json, Most, Yes
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb

_WORDS = {"good": 1.0, "bad": -1.0, "neutral": 0.0}
app = typer.Typer(help="Show, list, roll back and reset what recall learned.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Show, list, roll back and reset what recall learned."""


def add_to(parent: typer.Typer) -> None:
    """Hang the commands into their group."""
    parent.add_typer(app, name="adaptation")
    parent.command("feedback", context_settings={"ignore_unknown_options": True})(feedback)


@app.command("show")
def show(agent: Agent = "", as_json: Json = False) -> None:
    """Show the weights that recall uses, each with its default and its range.

    With --json: the message soma.cognitive.v1.GetAdaptationStateResponse as REST answers it at
    /context/adaptation/state.

    Examples:  somastack mind adaptation show  ·  somastack mind adaptation show --agent support --json
    """
    from cli.doors import reach
    from cli.mind_calls import adapted, agent_of
    from cli.render import print_line, print_table
    from cli.views.mind_adaptation import WEIGHT_HEADINGS, state_lines, weight_rows
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "adaptation_pb.GetAdaptationStateResponse":
        return await adapted(doors, await agent_of(doors, agent))

    found = reach(work)
    if as_json:
        print_line(to_json(found))
        return
    print_table(WEIGHT_HEADINGS, list(weight_rows(found)))
    print_line("")
    for line in state_lines(found.state):
        print_line(line)


@app.command("history")
def history(most: Most = 20, agent: Agent = "", as_json: Json = False) -> None:
    """List the versions that the weights went through, the newest first; 1000 are kept.

    With --json: the message soma.cognitive.v1.ListAdaptationHistoryResponse.

    Examples:  somastack mind adaptation history  ·  somastack mind adaptation history -n 200 --json
    """
    from cli.doors import reach
    from cli.mind_calls import adaptation, agent_of
    from cli.render import print_line, print_table
    from cli.views.mind_adaptation import HISTORY_HEADINGS, history_row
    from cli.views.words import to_json
    from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb

    async def work(doors: "Doors") -> "adaptation_pb.ListAdaptationHistoryResponse":
        request = adaptation_pb.ListAdaptationHistoryRequest(agent_id=await agent_of(doors, agent), page_size=most)
        return await adaptation(doors).ListAdaptationHistory(request)

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    elif found.states:
        print_table(HISTORY_HEADINGS, [history_row(each) for each in found.states])
    else:
        print_line("The weights are as they came; no feedback has moved them.")


@app.command("rollback")
def rollback(
    version: Annotated[int, typer.Argument(min=0, metavar="VERSION", help="As `mind adaptation history` shows it.")],
    expect: Annotated[
        int | None, typer.Option(min=0, metavar="VERSION", help="Only if this is still the newest.")
    ] = None,
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Make the weights of an earlier version those of a new one; nothing of the history goes.

    With --json: the message soma.cognitive.v1.RollbackAdaptationResponse.

    Examples:  somastack mind adaptation rollback 4  ·  somastack mind adaptation rollback 0 --expect 7
    """
    from cli.doors import reach
    from cli.mind_calls import adaptation, agent_of
    from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb

    async def work(doors: "Doors") -> "adaptation_pb.RollbackAdaptationResponse":
        request = adaptation_pb.RollbackAdaptationRequest(
            agent_id=await agent_of(doors, agent),
            version=version,
            expected_version=expect,
            request_id=doors.request_id(),
        )
        return await adaptation(doors).RollbackAdaptation(request)

    _tell(reach(work), f"The weights of version {version} hold again", as_json=as_json)


@app.command("reset")
def reset(
    learning_rate: Annotated[
        float | None, typer.Option(min=0, max=0.5, help="The learning rate from now on; else 0.05.")
    ] = None,
    with_history: Annotated[
        bool, typer.Option("--with-history", help="The history goes too: no rollback beyond this.")
    ] = False,
    agent: Agent = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set all weights to their defaults. Says what it will change and asks first.

    With --json: the message soma.cognitive.v1.ResetAdaptationResponse.

    Examples:  somastack mind adaptation reset  ·  somastack mind adaptation reset --with-history --yes
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.mind_calls import adaptation, adapted, agent_of
    from cli.views.mind_adaptation import weights_line
    from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb

    async def look(doors: "Doors") -> "adaptation_pb.GetAdaptationStateResponse":
        return await adapted(doors, await agent_of(doors, agent))

    now = reach(look).state
    gone = " The versions before go for good." if with_history else ""
    what = f"This sets all weights to their defaults. {weights_line(now)}.{gone}"
    ask(what, "Reset them?", yes=yes, terminal=sys.stdin.isatty())

    async def work(doors: "Doors") -> "adaptation_pb.ResetAdaptationResponse":
        request = adaptation_pb.ResetAdaptationRequest(
            agent_id=await agent_of(doors, agent),
            base_lr=learning_rate,
            reset_history=with_history,
            request_id=doors.request_id(),
        )
        return await adaptation(doors).ResetAdaptation(request)

    _tell(reach(work), "All weights are at their defaults", as_json=as_json)


def feedback(
    reward: Annotated[str, typer.Argument(metavar="REWARD", help="good, bad, neutral, or a number from -1 to 1.")],
    turn: Annotated[
        str, typer.Option(metavar="ID", help="The turn; without it the newest one.", autocompletion=receipt_ids)
    ] = "",
    conversation: Annotated[
        str, typer.Option(metavar="ID", help="The newest turn of this one.", autocompletion=conversation_ids)
    ] = "",
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Say how good an answer was: what found the memories that it used is weighed more, or less, from now on.

    With --json: the message soma.cognitive.v1.RecordFeedbackResponse.

    Examples:  somastack mind feedback good  ·  somastack mind feedback -0.5 --turn 0197a0c2-1111-7000-8000-000000000001
    """
    from cli.doors import checked_id, reach
    from cli.mind_calls import adaptation, agent_of
    from cli.render import print_line
    from cli.views.mind_adaptation import weights_line
    from cli.views.words import to_json
    from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb

    request = adaptation_pb.RecordFeedbackRequest(
        reward=_reward(reward),
        turn_id=checked_id(turn, "turn") if turn else "",
        session_id=checked_id(conversation, "conversation") if conversation else "",
    )

    async def work(doors: "Doors") -> "adaptation_pb.RecordFeedbackResponse":
        request.agent_id, request.request_id = await agent_of(doors, agent), doors.request_id()
        return await adaptation(doors).RecordFeedback(request)

    done = reach(work)
    if as_json:
        print_line(to_json(done))
    else:
        print_line(done.sentence or ("It was counted." if done.accepted else "It was not counted."))
        print_line(weights_line(done.state))


def _reward(word: str) -> float:
    """How good it was. Raises CommandError (wrong use) for what says nothing of it."""
    try:
        found = _WORDS[word] if word in _WORDS else float(word)
    except ValueError:
        found = 2.0
    if not -1 <= found <= 1:
        raise CommandError(
            f"“{word[:80]}” does not say how good it was. Give good, bad, neutral, or a number from -1 to 1.",
            Exit.WRONG_USE,
        )
    return found


def _tell(
    after: "adaptation_pb.RollbackAdaptationResponse | adaptation_pb.ResetAdaptationResponse",
    sentence: str,
    *,
    as_json: bool,
) -> None:
    from cli.render import print_line
    from cli.views.mind_adaptation import weights_line
    from cli.views.words import to_json

    if as_json:
        print_line(to_json(after))
    else:
        print_line(f"{sentence}, as version {after.state.version}.")
        print_line(weights_line(after.state))
