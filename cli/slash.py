"""Commands inside a conversation: /receipt, /mind, /memory, /model, /help, /quit.

Nothing here draws anything; the commands of the same names do.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from cli.commands import memory, mind, model, receipt
from cli.doors import Doors, checked_id, visit
from cli.exits import CommandError, Exit
from cli.model_calls import every
from cli.render import print_line, print_table
from config import Settings
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc

_COMMAND: Final = re.compile(r"/[a-z]+$")
_HELP: Final = (
    ("/receipt [ID]", "what the last answer was allowed, what it used, and why"),
    ("/mind", "the agent's mind as gauges, and what it changes"),
    ("/memory QUERY", "what is remembered that fits"),
    ("/model", "the models that can answer"),
    ("/help", "this list"),
    ("/quit", "end the conversation, as Ctrl-D does"),
)
_MEMORIES: Final = 10


class SlashCommands:
    """Runs what begins with a slash in the session of a conversation."""

    def __init__(self, runner: asyncio.Runner, settings: Settings) -> None:
        self._runner = runner
        self._settings = settings
        self.ended = False
        self._rules: dict[str, Callable[[str, str], None]] = {
            "/receipt": self._receipt,
            "/mind": self._mind,
            "/memory": self._memory,
            "/model": self._model,
            "/help": self._help,
            "/quit": self._quit,
        }

    def take(self, line: str, conversation_id: str) -> bool:
        """Run the line if it is a command; says whether it was. Raises SomaError and CommandError.

        A path like /etc/hosts at the begin of a question is none.
        """
        word, _, rest = line.partition(" ")
        rule = self._rules.get(word)
        if rule is None and _COMMAND.match(word):
            raise CommandError(f"There is no command {word}. /help lists them.", Exit.WRONG_USE)
        if rule is not None:
            rule(rest.strip(), conversation_id)
        return rule is not None

    def _visit(self, work: Callable[[Doors], Coroutine[Any, Any, Any]]) -> Any:
        return self._runner.run(visit(self._settings, work))

    def _receipt(self, rest: str, conversation_id: str) -> None:
        wanted = checked_id(rest, "receipt") if rest else ""

        async def work(doors: Doors) -> Any:
            return await receipt.fetch(doors, wanted or await receipt.last_id(doors, conversation_id))

        receipt.show(self._visit(work))

    def _mind(self, _rest: str, conversation_id: str) -> None:
        async def work(doors: Doors) -> Any:
            return await mind.look(doors, await _agent_of(doors, conversation_id))

        mind.show_mind(*self._visit(work))

    def _memory(self, rest: str, _conversation_id: str) -> None:
        if not rest:
            raise CommandError("What shall be looked for? Write it like /memory favourite tea.", Exit.WRONG_USE)
        memory.show_hits(self._visit(lambda doors: memory.recall(doors, rest, _MEMORIES)))

    def _model(self, _rest: str, _conversation_id: str) -> None:
        model.show_models(self._visit(every))

    def _help(self, _rest: str, _conversation_id: str) -> None:
        print_table(("COMMAND", "SHOWS"), _HELP)
        print_line("Everything else is a question.")

    def _quit(self, _rest: str, _conversation_id: str) -> None:
        self.ended = True


async def _agent_of(doors: Doors, conversation_id: str) -> str:
    """The agent of a conversation; empty, which means the default one, before there is a conversation."""
    if not conversation_id:
        return ""
    chat = doors.stub("chat", conversation_grpc.ConversationServiceStub)
    request = conversation_pb.GetConversationRequest(conversation_id=conversation_id)
    return (await chat.GetConversation(request)).conversation.agent_id
