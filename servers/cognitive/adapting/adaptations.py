"""Use cases on what an agent learned from feedback: read it, judge a turn, reset, look back, go back.

By which laws weights move stands in `domain/adaptation.py`; protos are made by `rpc/adaptation.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.cognitive.adapting.rows import AdaptationStore, UsedTurn
from servers.cognitive.domain import lessons
from servers.cognitive.domain.adaptation import (
    FIRST,
    Adaptation,
    Feedback,
    Line,
    judged_at,
    learn,
    reset,
    rolled_back,
    utility,
)
from servers.cognitive.domain.effects import Bases
from servers.cognitive.encoding.adaptation import retrieval_message
from servers.cognitive.keeping.minds import Minds
from servers.cognitive.keeping.states import NEWEST, States
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

TURNS_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody says of a turn: of this one, else of the newest of the conversation, else of the agent.

    `signal` is -1 to 1, `characters` the length of the answer, 0 where it is not known. A `session` may be any word.
    One that is `withdrawn` says that nothing is said any more, with a signal of 0. `time` is when it was said, None for
    now.
    """

    signal: float
    turn_id: UUID | None = None
    session: str = ""
    agent_id: UUID | None = None
    characters: int = 0
    withdrawn: bool = False
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of a judgement; `line` is the version that holds now, `expected` the utility before it."""

    accepted: bool
    agent_id: UUID
    line: Line
    sentence: str
    expected: float = 0.0


Reply = TypeVar("Reply", bound=Message)


class Adaptations:
    """What all agents of all tenants learned; the tenant is handed in with each call."""

    def __init__(
        self,
        database: Database,
        store: AdaptationStore,
        states: States,
        minds: Minds,
        events: EventStore,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._states = states
        self._minds = minds
        self._events = events
        self._clock = clock

    async def read(self, tenant_id: TenantId, agent_id: UUID) -> Line:
        """The version that holds now and what made it."""
        async with self._database.transaction(tenant_id) as connection:
            return await self._now(connection, tenant_id, agent_id)

    async def judge(self, tenant_id: TenantId, judgement: Judgement, reply: Callable[[Lesson], Reply]) -> Reply:
        """Learn from what is said of a turn; `reply` makes the answer.

        A turn that is not known is answered and not recorded: the same request is tried again once it was observed.
        """
        async with self._database.transaction(tenant_id) as connection:
            turn = await self._find(connection, tenant_id, judgement)
            if turn is None:
                return reply(await self._unknown(connection, tenant_id, judgement))
        turn_id, agent_id = turn.turn_id, turn.agent_id
        factor = await self._factor(tenant_id, agent_id)

        async def work(connection: Connection) -> Reply:
            now = await self._store.lock(connection, tenant_id, agent_id, self._clock.now())
            # Read again: nobody else judges turns of this agent meanwhile.
            known = await self._store.turn(connection, tenant_id, turn_id)
            if known is None:
                return reply(await self._unknown(connection, tenant_id, judgement))
            answer = reply(await self._judge(connection, tenant_id, now, known, judgement, factor))
            await Once.current().record(connection, answer)
            return answer

        return await self._database.run(tenant_id, work)

    async def reset(
        self,
        tenant_id: TenantId,
        agent_id: UUID,
        learning_rate: float,
        forget_history: bool,
        reply: Callable[[Line], Reply],
    ) -> Reply:
        """The defaults again, with this learning rate; what was said of turns before counts no more."""

        async def work(connection: Connection) -> Reply:
            now = await self._store.lock(connection, tenant_id, agent_id, self._clock.now())
            line = self._line("reset", reset(now, learning_rate), lessons.BACK_TO_DEFAULTS)
            await self._store.unjudge(connection, tenant_id, agent_id, 0)
            await self._write(connection, tenant_id, agent_id, line)
            if forget_history:
                await self._store.forget(connection, tenant_id, agent_id, line.after.version)
            return await self._told(connection, reply(line))

        return await self._database.run(tenant_id, work)

    async def roll_back(
        self,
        tenant_id: TenantId,
        agent_id: UUID,
        version: int,
        expected_version: int | None,
        reply: Callable[[Line], Reply],
    ) -> Reply:
        """All that a version was, as a new one; what was said of turns after it counts no more.

        Raises CONFLICT where another version holds than the caller saw, RESOURCE_NOT_FOUND for one that is not kept.
        """

        async def work(connection: Connection) -> Reply:
            now = await self._store.lock(connection, tenant_id, agent_id, self._clock.now())
            if expected_version is not None and expected_version != now.version:
                raise SomaError(Reason.CONFLICT)
            earlier = await self._store.line(connection, tenant_id, agent_id, version) if version <= NEWEST else None
            if earlier is None:
                raise not_found("kept adaptation version", version)
            line = self._line("rollback", rolled_back(now, earlier.after), lessons.cause_of_rollback(version))
            await self._store.unjudge(connection, tenant_id, agent_id, version)
            await self._write(connection, tenant_id, agent_id, line)
            return await self._told(connection, reply(line))

        return await self._database.run(tenant_id, work)

    async def history(
        self, tenant_id: TenantId, agent_id: UUID, limit: int, before_version: int | None
    ) -> tuple[list[Line], bool]:
        """The versions before one, newest first, and whether there are more."""
        async with self._database.transaction(tenant_id) as connection:
            lines = await self._store.lines(connection, tenant_id, agent_id, before_version or NEWEST, limit + 1)
        return lines[:limit], len(lines) > limit

    async def forget_turns(self) -> None:
        """What turns had used goes after 30 days: none of them is judged any more. Raises DATABASE_UNAVAILABLE."""
        await self._store.forget_turns(self._clock.now() - TURNS_KEPT)

    async def _now(self, connection: Connection, tenant_id: TenantId, agent_id: UUID) -> Line:
        lines = await self._store.lines(connection, tenant_id, agent_id, NEWEST, 1)
        return lines[0] if lines else Line("first", FIRST, lessons.NOTHING_YET, "", self._clock.now())

    async def _find(self, connection: Connection, tenant_id: TenantId, judgement: Judgement) -> UsedTurn | None:
        agent_id = judgement.agent_id
        if judgement.turn_id is not None:
            return await self._store.turn(connection, tenant_id, judgement.turn_id, agent_id)
        if not judgement.session:
            wanted = agent_id or default_agent_id(tenant_id)
            return await self._store.newest_turn(connection, tenant_id, wanted)
        try:
            conversation_id = UUID(judgement.session)
        except ValueError:
            return None
        return await self._store.newest_turn_of(connection, tenant_id, conversation_id, agent_id)

    async def _unknown(self, connection: Connection, tenant_id: TenantId, judgement: Judgement) -> Lesson:
        agent_id = judgement.agent_id or default_agent_id(tenant_id)
        line = await self._now(connection, tenant_id, agent_id)
        return Lesson(False, agent_id, line, lessons.NOT_OBSERVED)

    async def _factor(self, tenant_id: TenantId, agent_id: UUID) -> float:
        """What the agent's mood and its sleep make of its learning rate."""
        now = await self._minds.read(tenant_id, agent_id)
        return now.modulation(Bases()).knobs.learning_rate_factor

    async def _judge(
        self,
        connection: Connection,
        tenant_id: TenantId,
        now: Adaptation,
        turn: UsedTurn,
        judgement: Judgement,
        factor: float,
    ) -> Lesson:
        """Learn and keep what is said; not where something later is kept, or there is nothing to take back."""
        moment = judged_at(judgement.time, self._clock.now(), turn.judged_time)
        overtaken = turn.judged_time is not None and moment < turn.judged_time
        feedback = _feedback(judgement, turn, now, factor)
        if not overtaken and not (judgement.withdrawn and turn.signal is None):
            lesson = await self._learn(connection, tenant_id, now, turn, feedback)
            said = judgement.signal, lesson.line.after.version
            await self._store.judge(connection, tenant_id, turn.turn_id, moment, said)
            return lesson
        if not overtaken:
            # Known as the last word, so that an earlier one that is still on its way does not count.
            await self._store.judge(connection, tenant_id, turn.turn_id, moment, None)
        line = await self._now(connection, tenant_id, turn.agent_id)
        sentence = lessons.OVERTAKEN if overtaken else lessons.NOTHING_TO_TAKE_BACK
        return Lesson(not overtaken, turn.agent_id, line, sentence, _expected(now, feedback))

    async def _learn(
        self, connection: Connection, tenant_id: TenantId, now: Adaptation, turn: UsedTurn, feedback: Feedback
    ) -> Lesson:
        agent_id, said_before = turn.agent_id, feedback.again and feedback.signal == 0.0
        expected = _expected(now, feedback)
        if turn.shares.of_nothing or said_before:
            line = await self._now(connection, tenant_id, agent_id)
            sentence = lessons.SAID_BEFORE if said_before else lessons.USED_NOTHING
            lesson = Lesson(not turn.shares.of_nothing, agent_id, line, sentence, expected)
        else:
            after = learn(now, feedback)
            line = self._line("feedback", after, lessons.cause_of(feedback), turn.turn_id, feedback)
            await self._write(connection, tenant_id, agent_id, line)
            lesson = Lesson(True, agent_id, line, lessons.sentence_of(now, after, feedback), expected)
        mood = min(max(feedback.signal, -1.0), 1.0)
        await self._states.observe_feedback(connection, tenant_id, agent_id, turn.turn_id, mood)
        return lesson

    def _line(
        self,
        kind: str,
        after: Adaptation,
        cause: str,
        turn_id: UUID | None = None,
        feedback: Feedback | None = None,
    ) -> Line:
        return Line(kind, after, cause, current_call().caller.sub, self._clock.now(), turn_id, feedback)

    async def _write(self, connection: Connection, tenant_id: TenantId, agent_id: UUID, line: Line) -> None:
        await self._store.write(connection, tenant_id, agent_id, line)
        payload = payloads_pb2.CognitiveAdaptationChanged(
            agent_id=str(agent_id),
            adaptation_version=line.after.version,
            turn_id=str(line.turn_id or ""),
            retrieval=retrieval_message(line.after.weights),
        )
        stream = f"adaptation/{agent_id}"
        draft = EventDraft("cognitive.adaptation.changed", stream, payload, current_call().correlation_id)
        await self._events.append(connection, tenant_id, [draft])

    @staticmethod
    async def _told(connection: Connection, answer: Reply) -> Reply:
        await Once.current().record(connection, answer)
        return answer


def _expected(now: Adaptation, feedback: Feedback) -> float:
    return utility(now.weights, feedback.shares, feedback.characters, feedback.memories_used)


def _feedback(judgement: Judgement, turn: UsedTurn, now: Adaptation, factor: float) -> Feedback:
    """The judgement as the law takes it: of a turn that was judged before, what it differs."""
    return Feedback(
        signal=judgement.signal - (turn.signal or 0.0),
        rate=now.learning_rate * factor,
        shares=turn.shares,
        characters=judgement.characters,
        memories_used=turn.memories_used,
        again=turn.signal is not None,
    )
