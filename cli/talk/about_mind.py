"""Commands of a conversation about what stands behind it: mind, memory, model.

Nothing here draws anything; the commands of the same names do.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cli.commands import memory, mind, model
from cli.doors import Doors
from cli.exits import CommandError, Exit
from cli.mind_calls import Mind, whole_mind
from cli.model_calls import every, find
from cli.render import print_line
from cli.talk import conversations
from cli.talk.session import Session
from cli.talk.terminal import aside

_MEMORIES: Final = 10
HELP: Final = (
    ("/mind", "the agent's mind: gauges, what they change, sleep, load, weights of recall"),
    ("/memory QUERY", "what is remembered that fits"),
    ("/model [ID]", "the models that can answer; with an id, that one answers from now on"),
)


def _mind(_rest: str, session: Session) -> None:
    async def work(doors: Doors) -> Mind:
        return await whole_mind(doors, await _agent_of(doors, session.talk.conversation_id))

    mind.show_mind(session.visit(work))


def _memory(rest: str, session: Session) -> None:
    if not rest:
        raise CommandError("What shall be looked for? Write it like /memory favourite tea.", Exit.WRONG_USE)
    memory.show_hits(session.visit(lambda doors: memory.recall(doors, rest, _MEMORIES)))


def _model(rest: str, session: Session) -> None:
    talk = session.talk
    if not rest:
        model.show_models(session.visit(every))
        if talk.model_id:
            print_line(f"{talk.model_id} answers here.")
        return
    talk.model_id = session.visit(lambda doors: find(doors, rest)).model_profile_id
    aside(f"{talk.model_id} answers from now on.")


async def _agent_of(doors: Doors, conversation_id: str) -> str:
    """The agent of a conversation; empty, which means the default one, before there is a conversation."""
    return (await conversations.one(doors, conversation_id)).agent_id if conversation_id else ""


RULES: Final[Mapping[str, Callable[[str, Session], None]]] = {
    "/mind": _mind,
    "/memory": _memory,
    "/model": _model,
}
