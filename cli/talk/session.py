"""One person's talk: its place in the conversation, the turn that is on the screen, those that wait behind it.

Nothing here reads commands; `conversing.py` leads the talk.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from cli.doors import Doors, visit
from cli.exits import CommandError
from cli.failures import explained
from cli.render import print_failure
from cli.talk.ahead import TypedAhead, listening
from cli.talk.asking import Asked, Following, Question
from cli.talk.consent import decide, waiting_in
from cli.talk.prompt import Prompt
from cli.talk.terminal import Curtain, Screen, aside
from cli.talk.turns import Turns
from cli.talk.watch import TurnEnd, Watch
from cli.views.words import one_line
from config import Settings
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.kernel.errors import SomaError

Result = TypeVar("Result")
_LONGEST = 60


@dataclass(slots=True)
class Talk:
    """Where the person is: the conversation, and the model that was asked for; empty for a new one, the agent's own."""

    conversation_id: str = ""
    model_id: str = ""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A question that chat has and that waits for the turns before it."""

    asked: Question
    curtain: Curtain
    screen: Screen
    watch: Watch
    task: "asyncio.Task[TurnEnd]"


class Session:
    """Hears turns at a terminal."""

    def __init__(self, runner: asyncio.Runner, client: Turns, talk: Talk, settings: Settings, prompt: Prompt) -> None:
        self.talk = talk
        self.prompt = prompt
        self._runner = runner
        self._client = client
        self._settings = settings
        self._queue: deque[_Waiting] = deque()

    def visit(self, work: Callable[[Doors], Coroutine[Any, Any, Result]]) -> Result:
        """Do some work with the services. Raises SomaError and CommandError."""
        return self._runner.run(visit(self._settings, work))

    def hear(self, asked: Asked) -> None:
        """A turn to its end, with every consent that it waits for, and then those that were typed meanwhile.

        What fails is said, and the talk goes on.
        """
        screen = Screen()
        goes_on = self._one(lambda: self._runner.run(self._listen(asked, screen)), screen)
        while self._queue:
            waiting = self._queue.popleft()
            if not goes_on:
                waiting.task.cancel()
                aside(f"“{one_line(waiting.asked.text, _LONGEST)}” waits behind it.")
                continue
            aside(f"you › {one_line(waiting.asked.text, _LONGEST)}")
            goes_on = self._one(partial(self._runner.run, self._take_up(waiting)), waiting.screen)

    def _one(self, listen: Callable[[], TurnEnd], screen: Screen) -> bool:
        """One turn; False where it was left waiting for a consent."""
        try:
            return self._settle(listen(), screen)
        except (SomaError, CommandError) as failure:
            print_failure(explained(failure))
        except KeyboardInterrupt:
            aside("Stopped.")
        return True

    def take_up(self, found: conversation_pb.Conversation) -> None:
        """Goes on with a conversation: what runs or waits in it is heard from its beginning."""
        self.talk.conversation_id = found.conversation_id
        title = one_line(found.title, _LONGEST) or "a conversation without a title"
        aside(f"Going on with “{title}”, {found.message_count} messages.")
        if found.running_turn_id:
            aside("An answer is being written; here it is from its beginning.")
            self.hear(Following(found.running_turn_id, found.conversation_id))

    async def close(self) -> None:
        """Lets go of what waits; chat goes on with it."""
        tasks = [waiting.task for waiting in self._queue]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _settle(self, end: TurnEnd, screen: Screen) -> bool:
        """What follows a turn that came to its end, or to where it waits; False where it was left waiting."""
        self.talk.conversation_id = end.conversation_id
        while end.waits_for is not None:
            screen.end(end)
            if self._is_open(end) and not decide(self.prompt, self.visit, end.turn_id, end.waits_for):
                aside("It waits. /approvals asks again, here or on another day; so does `somastack approval list`.")
                return False
            following = Following(end.turn_id, end.conversation_id, end.last_sequence)
            end = self._runner.run(self._listen(following, screen))
        screen.end(end)
        return True

    def _is_open(self, end: TurnEnd) -> bool:
        """Whether the consent is still waited for: a turn that is told from its beginning tells of decided ones too."""
        wanted = end.waits_for.call.call_id if end.waits_for is not None else ""
        waiting = self.visit(lambda doors: waiting_in(doors, end.conversation_id))
        return any((each.turn_id, each.request.call.call_id) == (end.turn_id, wanted) for each in waiting)

    async def _listen(self, asked: Asked, screen: Screen) -> TurnEnd:
        watch = self._client.watch(asked, screen)
        return await self._heard(watch, self._client.hear(asked, watch))

    async def _take_up(self, waiting: _Waiting) -> TurnEnd:
        waiting.curtain.lift()
        return await self._heard(waiting.watch, waiting.task)

    async def _heard(self, watch: Watch, hearing: "Coroutine[Any, Any, TurnEnd] | asyncio.Task[TurnEnd]") -> TurnEnd:
        """The end of what is heard; questions that are typed meanwhile are put behind it."""
        ahead = TypedAhead(lambda text: self._put_behind(watch, text))
        keyboard = listening(sys.stdin.fileno(), ahead) if sys.stdin.isatty() else nullcontext()
        try:
            with self._client.stopping(watch), keyboard:
                return await hearing
        finally:
            self.prompt.give_back(ahead.held, ended=ahead.ended)

    def _put_behind(self, watch: Watch, text: str) -> bool:
        """Gives chat a question for after this turn; False while the conversation is not known."""
        if not watch.conversation_id:
            return False
        self.prompt.remember(text)
        asked = Question(text, watch.conversation_id, self.talk.model_id, queued=True)
        screen = Screen()
        curtain = Curtain(screen)
        behind = self._client.watch(asked, curtain)
        task = asyncio.ensure_future(self._client.hear(asked, behind))
        self._queue.append(_Waiting(asked, curtain, screen, behind, task))
        aside(f"Queued: {one_line(text, _LONGEST)}")
        return True
