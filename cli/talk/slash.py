"""Commands inside a conversation: what begins with a slash.

Nothing here draws anything; the commands of the same names do.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from cli.commands import memory, mind, model, receipt
from cli.doors import Doors, checked_id, visit
from cli.exits import CommandError, Exit
from cli.model_calls import every
from cli.render import print_line, print_table
from cli.talk import conversations
from cli.talk.terminal import aside
from config import Settings
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc

_COMMAND: Final = re.compile(r"/[a-z]*")
_HELP: Final = (
    ("/receipt [ID]", "what the last answer was allowed, what it used, and why"),
    ("/mind", "the agent's mind as gauges, and what it changes"),
    ("/memory QUERY", "what is remembered that fits"),
    ("/model [ID]", "the models that can answer; with an id, that one answers from now on"),
    ("/new", "begin another conversation"),
    ("/list", "the conversations that changed last"),
    ("/open ID", "go on with one of them"),
    ("/help", "this list"),
    ("/quit", "end, as Ctrl-D does"),
)
_MEMORIES: Final = 10
_CONVERSATIONS: Final = 20


@dataclass(slots=True)
class Talk:
    """Where the person is: the conversation, and the model that was asked for; empty for a new one, the agent's own."""

    conversation_id: str = ""
    model_id: str = ""


class SlashCommands:
    """Runs what begins with a slash in the session of a conversation."""

    def __init__(self, runner: asyncio.Runner, settings: Settings) -> None:
        self._runner = runner
        self._settings = settings
        self.ended = False
        self._rules: dict[str, Callable[[str, Talk], None]] = {
            "/receipt": self._receipt,
            "/mind": self._mind,
            "/memory": self._memory,
            "/model": self._model,
            "/new": self._new,
            "/list": self._list,
            "/open": self._open,
            "/help": self._help,
            "/quit": self._quit,
        }

    @property
    def words(self) -> tuple[str, ...]:
        """Every command."""
        return tuple(self._rules)

    def take(self, line: str, talk: Talk) -> bool:
        """Run the line if it is a command; says whether it was. Raises SomaError and CommandError.

        A path like /etc/hosts at the begin of a question is none.
        """
        word, _, rest = line.partition(" ")
        rule = self._rules.get(word)
        if rule is None and _COMMAND.fullmatch(word):
            raise CommandError(f"There is no command {word}. /help lists them.", Exit.WRONG_USE)
        if rule is not None:
            rule(rest.strip(), talk)
        return rule is not None

    def _visit(self, work: Callable[[Doors], Coroutine[Any, Any, Any]]) -> Any:
        return self._runner.run(visit(self._settings, work))

    def _receipt(self, rest: str, talk: Talk) -> None:
        wanted = checked_id(rest, "receipt") if rest else ""

        async def work(doors: Doors) -> Any:
            return await receipt.fetch(doors, wanted or await receipt.last_id(doors, talk.conversation_id))

        receipt.show(self._visit(work))

    def _mind(self, _rest: str, talk: Talk) -> None:
        async def work(doors: Doors) -> Any:
            return await mind.look(doors, await _agent_of(doors, talk.conversation_id))

        mind.show_mind(*self._visit(work))

    def _memory(self, rest: str, _talk: Talk) -> None:
        if not rest:
            raise CommandError("What shall be looked for? Write it like /memory favourite tea.", Exit.WRONG_USE)
        memory.show_hits(self._visit(lambda doors: memory.recall(doors, rest, _MEMORIES)))

    def _model(self, rest: str, talk: Talk) -> None:
        if not rest:
            model.show_models(self._visit(every))
            if talk.model_id:
                print_line(f"{talk.model_id} answers here.")
            return

        async def work(doors: Doors) -> Any:
            models = doors.stub("chat", model_grpc.ModelServiceStub)
            return (await models.GetModel(model_pb.GetModelRequest(model_profile_id=rest))).model

        talk.model_id = self._visit(work).model_profile_id
        aside(f"{talk.model_id} answers from now on.")

    def _new(self, _rest: str, talk: Talk) -> None:
        talk.conversation_id = ""
        aside("The next question begins another conversation.")

    def _list(self, _rest: str, talk: Talk) -> None:
        found = self._visit(lambda doors: conversations.latest(doors, _CONVERSATIONS))
        if found:
            print_table(conversations.HEADINGS, [conversations.row(each, talk.conversation_id) for each in found])
        else:
            print_line("There is no conversation yet.")

    def _open(self, rest: str, talk: Talk) -> None:
        wanted = checked_id(rest, "conversation")
        found = self._visit(lambda doors: conversations.one(doors, wanted))
        talk.conversation_id = found.conversation_id
        aside(f"Going on with “{found.title}”, {found.message_count} messages.")

    def _help(self, _rest: str, _talk: Talk) -> None:
        print_table(("COMMAND", "SHOWS"), _HELP)
        print_line("Everything else is a question.")

    def _quit(self, _rest: str, _talk: Talk) -> None:
        self.ended = True


async def _agent_of(doors: Doors, conversation_id: str) -> str:
    """The agent of a conversation; empty, which means the default one, before there is a conversation."""
    return (await conversations.one(doors, conversation_id)).agent_id if conversation_id else ""
