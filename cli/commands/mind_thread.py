"""`somastack mind thread`: options under one goal, taken one after another.

Nothing here orders options; the cognitive service does.
"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.completing import thread_ids
from cli.commands.mind_options import Agent, Json, Most, Yes
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors, Work
    from soma.cognitive.v1 import thread_service_pb2 as thread_pb

_ThreadId = Annotated[
    str, typer.Argument(metavar="[ID]", help="The thread; without it the current one.", autocompletion=thread_ids)
]
_Thread = Annotated[
    str,
    typer.Option("--thread", metavar="ID", help="The thread; else the current one.", autocompletion=thread_ids),
]
_Expect = Annotated[
    int | None, typer.Option("--expect", min=1, metavar="VERSION", help="Only if the thread has still this version.")
]
app = typer.Typer(help="Make, show, follow and reset an agent's threads of thought.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make, show, follow and reset an agent's threads of thought."""


@app.command("new")
def new(
    options: Annotated[list[str] | None, typer.Argument(metavar="[OPTION]…", help="Options, the best first.")] = None,
    goal: Annotated[str, typer.Option(help="What it is for; without options they are thought of.")] = "",
    most: Annotated[int, typer.Option("--most", "-n", min=1, max=16, help="Most options to think of.")] = 5,
    model: Annotated[bool, typer.Option("--model", help="A model may be asked; else rules make the options.")] = False,
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Make a thread of options, or of a goal for which options are thought of; it becomes the agent's current one.

    With --json: the message soma.cognitive.v1.Thread.

    Examples:  somastack mind thread new "Ask the supplier" "Look in the folder" --goal "Find the invoice"  ·
    somastack mind thread new --goal "Find the missing invoice" --model
    """
    from cli.mind_calls import WAITING_SECONDS, agent_of, threads
    from soma.cognitive.v1 import thread_service_pb2 as thread_pb

    if not goal and not options:
        raise CommandError("Give options, or what they are for: --goal 'Find the invoice'.", Exit.WRONG_USE)
    request = thread_pb.CreateThreadRequest(goal=goal, options=options or [], max_options=most, use_model=model)

    async def work(doors: "Doors") -> "thread_pb.Thread":
        request.agent_id, request.request_id = await agent_of(doors, agent), doors.request_id()
        return (await threads(doors).CreateThread(request, timeout=WAITING_SECONDS)).thread

    _show(work, as_json=as_json)


@app.command("show")
def show(thread_id: _ThreadId = "", agent: Agent = "", as_json: Json = False) -> None:
    """Show a thread with its options; ▸ is the one that comes next.

    With --json: the message soma.cognitive.v1.Thread.

    Examples:  somastack mind thread show  ·  somastack mind thread show 0197a0c2-7777-7000-8000-000000000001 --json
    """
    from cli.mind_calls import agent_of, thread

    wanted = _checked(thread_id)

    async def work(doors: "Doors") -> "thread_pb.Thread":
        return await thread(doors, await agent_of(doors, agent), wanted)

    _show(work, as_json=as_json)


@app.command("next")
def next_option(
    thread_id: _ThreadId = "",
    peek: Annotated[bool, typer.Option("--peek", help="Only look; take nothing.")] = False,
    expect: _Expect = None,
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Take the next option of a thread and print it; --peek only looks. A thread without one says so, and ends with 0.

    With --json: the message soma.cognitive.v1.TakeNextOptionResponse, with --peek GetNextOptionResponse.

    Examples:  somastack mind thread next  ·  somastack mind thread next --peek  ·
    somastack mind thread next --expect 3
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, threads
    from cli.render import Progress, print_line
    from cli.views.mind_thread import option_line
    from cli.views.words import to_json
    from soma.cognitive.v1 import thread_service_pb2 as thread_pb

    wanted = _checked(thread_id)
    if peek and expect is not None:
        raise CommandError("--peek takes nothing, so it needs no --expect.", Exit.WRONG_USE)

    async def work(doors: "Doors") -> "thread_pb.GetNextOptionResponse | thread_pb.TakeNextOptionResponse":
        whose = await agent_of(doors, agent)
        if peek:
            return await threads(doors).GetNextOption(thread_pb.GetNextOptionRequest(thread_id=wanted, agent_id=whose))
        return await threads(doors).TakeNextOption(
            thread_pb.TakeNextOptionRequest(
                thread_id=wanted, agent_id=whose, expected_version=expect, request_id=doors.request_id()
            )
        )

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    elif found.HasField("option"):
        print_line(option_line(found.option))
    else:
        Progress().note("No option is left. `somastack mind thread reset` begins the thread again.")


@app.command("choose")
def choose(
    option: Annotated[str, typer.Argument(metavar="OPTION", help="Its number in `mind thread show`, or its id.")],
    thread_id: _Thread = "",
    expect: _Expect = None,
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Take a certain option of a thread, whether it is the next or not.

    With --json: the message soma.cognitive.v1.Thread.

    Examples:  somastack mind thread choose 2  ·  somastack mind thread choose 2 --expect 3 --json
    """
    from cli.doors import checked_id
    from cli.mind_calls import agent_of, thread, threads
    from soma.cognitive.v1 import thread_service_pb2 as thread_pb

    number = int(option) if option.isdecimal() else 0
    given = "" if number else checked_id(option, "option")
    wanted = _checked(thread_id)

    async def work(doors: "Doors") -> "thread_pb.Thread":
        whose = await agent_of(doors, agent)
        seen = await thread(doors, whose, wanted)
        if number > len(seen.options):
            raise CommandError(f"The thread has {len(seen.options)} options, so none is number {number}.")
        request = thread_pb.ChooseOptionRequest(
            thread_id=seen.thread_id,
            agent_id=whose,
            option_id=given or seen.options[number - 1].option_id,
            expected_version=expect,
            request_id=doors.request_id(),
        )
        return (await threads(doors).ChooseOption(request)).thread

    _show(work, as_json=as_json)


@app.command("reset")
def reset(
    thread_id: _ThreadId = "",
    clear: Annotated[bool, typer.Option("--clear", help="Take all options out of it, for good.")] = False,
    expect: _Expect = None,
    agent: Agent = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Go back to the first option of a thread, so that all may be taken again; --clear empties it and asks first.

    With --json: the message soma.cognitive.v1.Thread.

    Examples:  somastack mind thread reset  ·  somastack mind thread reset --clear --yes
    """
    from cli.consent import ask
    from cli.doors import reach
    from cli.mind_calls import agent_of, thread, threads
    from soma.cognitive.v1 import thread_service_pb2 as thread_pb

    wanted = _checked(thread_id)

    async def look(doors: "Doors") -> "thread_pb.Thread":
        return await thread(doors, await agent_of(doors, agent), wanted)

    if clear:
        what = f"This takes {len(reach(look).options)} options out of the thread for good."
        ask(what, "Take them out?", yes=yes, terminal=sys.stdin.isatty())
    mode = thread_pb.THREAD_RESET_MODE_CLEAR if clear else thread_pb.THREAD_RESET_MODE_REWIND
    request = thread_pb.ResetThreadRequest(thread_id=wanted, mode=mode, expected_version=expect)

    async def work(doors: "Doors") -> "thread_pb.Thread":
        request.agent_id, request.request_id = await agent_of(doors, agent), doors.request_id()
        return (await threads(doors).ResetThread(request)).thread

    _show(work, as_json=as_json)


@app.command("list")
def list_threads(most: Most = 20, agent: Agent = "", as_json: Json = False) -> None:
    """List an agent's threads, the newest first; ● is the current one.

    With --json: the message soma.cognitive.v1.ListThreadsResponse as REST answers it at /cognitive/threads.

    Examples:  somastack mind thread list  ·  somastack mind thread list -n 100 --json
    """
    from cli.doors import reach
    from cli.mind_calls import agent_of, thread_list
    from cli.render import print_line, print_table
    from cli.views.mind_thread import THREAD_HEADINGS, thread_row
    from cli.views.words import to_json

    async def work(doors: "Doors") -> "thread_pb.ListThreadsResponse":
        return await thread_list(doors, await agent_of(doors, agent), most)

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    elif found.threads:
        print_table(THREAD_HEADINGS, [thread_row(each) for each in found.threads])
    else:
        print_line("There is no thread yet. `somastack mind thread new --goal …` makes one.")


def _checked(thread_id: str) -> str:
    from cli.doors import checked_id

    return checked_id(thread_id, "thread") if thread_id else ""


def _show(work: "Work[thread_pb.Thread]", *, as_json: bool) -> None:
    from cli.doors import reach
    from cli.render import print_line, print_table
    from cli.views.mind_thread import OPTION_HEADINGS, headline, option_rows
    from cli.views.words import to_json

    thread = reach(work)
    if as_json:
        print_line(to_json(thread))
        return
    print_line(headline(thread))
    if thread.options:
        print_table(OPTION_HEADINGS, list(option_rows(thread)))
