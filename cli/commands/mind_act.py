"""`somastack mind act` and `mind working-memory`: looking at a task with what is remembered, and what a session holds.

Nothing here decides what is kept; the cognitive service does.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.memory_options import place
from cli.commands.mind_options import Agent, Json
from cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from cli.doors import Doors
    from soma.cognitive.v1 import act_service_pb2 as act_pb


def add_to(app: typer.Typer) -> None:
    """Hang the commands into their group."""
    app.command("act")(act)
    app.command("working-memory")(working_memory)


def act(
    task: Annotated[list[str], typer.Argument(metavar="TASK…", help="What is to be done, in your own words.")],
    session: Annotated[
        str, typer.Option(metavar="NAME", help="Whose working memory counts; without it a new one's.")
    ] = "",
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="user:NAME, agent:ID or shared; else yours.", callback=place)
    ] = "",
    top: Annotated[int, typer.Option("--top", "-n", min=1, max=50, help="Memories to look at.")] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; only say what would be.")] = False,
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Look at a task step by step: what is new in it, what is worth keeping, what to do next. Ctrl-C ends it.

    With --json: one message soma.cognitive.v1.StreamActResponse a line, the last one with the whole action.

    Examples:  somastack mind act call the supplier about the invoice  ·
    somastack mind act --session books --dry-run "Order the missing volume" --json
    """
    from cli.doors import reach
    from cli.mind_calls import acting, agent_of
    from cli.render import print_line
    from cli.views.mind_thread import action_lines, step_lines
    from cli.views.words import to_json
    from soma.cognitive.v1 import act_service_pb2 as act_pb
    from soma_common.rpc.replies import following

    words = " ".join(task).strip()
    if not words:
        raise CommandError("There is nothing to do. Give some words.", Exit.WRONG_USE)
    wanted = act_pb.ActRequest(task=words, universe=namespace, session_id=session, top_k=top, dry_run=dry_run)

    def tell(event: "act_pb.StreamActResponse") -> None:
        if as_json:
            print_line(to_json(event))
            return
        for line in step_lines(event.step) if event.HasField("step") else action_lines(event.done):
            print_line(line)

    async def work(doors: "Doors") -> None:
        wanted.agent_id, wanted.request_id = await agent_of(doors, agent), doors.request_id()
        async with following(acting(doors).StreamAct(act_pb.StreamActRequest(act=wanted))) as events:
            async for event in events:
                tell(event)

    reach(work)


def working_memory(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session, as `mind act` names it.")],
    agent: Agent = "",
    as_json: Json = False,
) -> None:
    """Show what the working memory of a session holds, the most salient first.

    With --json: the message soma.cognitive.v1.GetWorkingMemoryResponse.

    Examples:  somastack mind working-memory books  ·  somastack mind working-memory books --json
    """
    from cli.doors import reach
    from cli.mind_calls import acting, agent_of
    from cli.render import print_line, print_table
    from cli.views.mind_thread import ITEM_HEADINGS, item_row
    from cli.views.words import to_json
    from soma.cognitive.v1 import act_service_pb2 as act_pb

    async def work(doors: "Doors") -> "act_pb.GetWorkingMemoryResponse":
        request = act_pb.GetWorkingMemoryRequest(session_id=session, agent_id=await agent_of(doors, agent))
        return await acting(doors).GetWorkingMemory(request)

    found = reach(work)
    if as_json:
        print_line(to_json(found))
    elif found.items:
        print_table(ITEM_HEADINGS, [item_row(each) for each in found.items])
    else:
        print_line("The working memory of this session is empty.")
