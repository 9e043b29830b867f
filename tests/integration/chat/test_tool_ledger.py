"""The ledger of calls on real tables: each effect is sent once, whoever asks, however the tool behaves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from servers.chat.conversations.watching import Watchers
from servers.chat.domain.agent import Agent
from servers.chat.domain.model import ModelProfile, ToolCallPart
from servers.chat.domain.rounds import CallResult, CallStatus
from servers.chat.means import Means
from servers.chat.metrics import TurnMetrics
from servers.chat.tools.effects import Effects, LedgerCall, LostTurnError, read_calls
from servers.chat.tools.registry import Invocation, Tool
from servers.chat.tools.running import ToolRunning
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.instance import Instance
from servers.chat.turns.order import read_order
from servers.chat.turns.progress import Progress
from servers.chat.turns.running import RunningTurn
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.events.store import EventStore
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Database
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase

TURN = (
    "insert into turns (tenant_id, turn_id, owner_sub, request_id, body_hash, correlation_id, caller_roles, "
    "caller_scopes, agent_id, agent_version, assistant_message_id, status, instance, lease_epoch, create_time) "
    "values ($1, $2, 'ada', $3, '', '', '{}', '{}', $3, 1, $3, 'running', 'chat-0', 7, now())"
)


class Bell:
    """A tool that counts how often it was rung, and behaves as it is told."""

    def __init__(self, *, repeatable: bool, lasting: bool, behave: Callable[[], Awaitable[str]] | None = None) -> None:
        self.keys: list[UUID] = []
        self._behave = behave
        self.tool = Tool("bell.ring", "Ring.", {"type": "object"}, self._ring, "", repeatable, lasting)

    async def _ring(self, call: Invocation) -> str:
        self.keys.append(call.effect_key)
        return "rang" if self._behave is None else await self._behave()


class House:
    """A turn that runs here, and what runs its calls."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock()
        ids, instance = Ids(), Instance(database, "chat-0")
        instance.epoch = 7
        metrics = TurnMetrics(CollectorRegistry())
        means = Means(database, EventStore("chat"), instance, metrics, self.clock, ids, cast("Watchers", None))
        self.running = ToolRunning(Effects(means), means, seconds=0.05)
        self.effects = Effects(means)
        request = turn_pb.SendMessageRequest(content=[message_pb.ContentPart(text="ring")], request_id=str(uuid4()))
        self.order = read_order(request, user("ada", TENANT))
        self.turn = RunningTurn(uuid4(), self.order, 0.0)
        self.turn.lease_epoch = 7

    async def begin(self) -> "House":
        async with self.database.transaction(TENANT) as connection:
            await connection.execute(TURN, TENANT, self.turn.turn_id, uuid4())
        return self

    def progress(self, bell: Bell) -> Progress:
        profile = ModelProfile("m", "custom", "m", None, 8192, 1024)
        accepted = Accepted(self.turn.turn_id, self.order, Agent(uuid4()), profile, uuid4())
        progress = Progress(accepted, self.clock, 0.0)
        progress.offered = {bell.tool.name: bell.tool}
        return progress

    async def run(self, bell: Bell, *names: str) -> list[CallResult]:
        calls = [LedgerCall.of(ToolCallPart(name, "bell.ring", "{}"), 1, place) for place, name in enumerate(names)]
        told: list[CallResult] = []
        await self.running.run(self.turn, self.progress(bell), calls, told.append)
        return told

    async def states(self) -> dict[str, str]:
        async with self.database.transaction(TENANT) as connection:
            return {
                each.call.call.call_id: each.state.value for each in await read_calls(connection, self.turn.turn_id)
            }


@pytest.fixture
async def house(house_database: HouseDatabases, open_database: OpenDatabase) -> House:
    return await House(await open_database(house_database("chat", "servers.chat"))).begin()


async def test_a_call_that_was_made_is_told_and_not_made_again(house: House) -> None:
    bell = Bell(repeatable=False, lasting=True)
    first = await house.run(bell, "c1", "c2")
    assert [(result.call_id, result.status, result.content) for result in first] == [
        ("c1", CallStatus.DONE, "rang"),
        ("c2", CallStatus.DONE, "rang"),
    ]
    again = await house.run(bell, "c1", "c2", "c3")
    assert [result.call_id for result in again] == ["c1", "c2", "c3"]
    assert len(bell.keys) == len(set(bell.keys)) == 3
    assert set((await house.states()).values()) == {"done"}


async def test_what_was_sent_by_somebody_who_is_gone_is_unknown(house: House) -> None:
    async def died() -> str:
        raise asyncio.CancelledError

    bell = Bell(repeatable=False, lasting=True, behave=died)
    with pytest.raises(BaseException):  # noqa: B017 - whatever a process dies of
        await house.run(bell, "c1")
    assert await house.states() == {"c1": "sent"}
    healthy = Bell(repeatable=False, lasting=True)
    (result,) = await house.run(healthy, "c1")
    assert (result.status, healthy.keys) == (CallStatus.UNKNOWN, [])
    assert await house.states() == {"c1": "unknown"}
    # Nor does it become known by asking again.
    (same,) = await house.run(healthy, "c1")
    assert (same.status, healthy.keys) == (CallStatus.UNKNOWN, [])


async def test_a_repeatable_one_is_asked_again_under_its_key(house: House) -> None:
    async def died() -> str:
        raise asyncio.CancelledError

    bell = Bell(repeatable=True, lasting=True, behave=died)
    with pytest.raises(BaseException):  # noqa: B017 - whatever a process dies of
        await house.run(bell, "c1")
    healthy = Bell(repeatable=True, lasting=True)
    (result,) = await house.run(healthy, "c1")
    assert result.status is CallStatus.DONE
    assert healthy.keys == bell.keys


@pytest.mark.parametrize(
    ("repeatable", "lasting", "status", "rung"),
    [
        (False, True, CallStatus.UNKNOWN, 1),
        (True, True, CallStatus.UNKNOWN, 2),
        (True, False, CallStatus.FAILED, 1),
    ],
)
async def test_a_tool_that_does_not_answer_in_time(
    house: House, repeatable: bool, lasting: bool, status: CallStatus, rung: int
) -> None:
    async def hangs() -> str:
        await asyncio.Event().wait()
        return "never"

    bell = Bell(repeatable=repeatable, lasting=lasting, behave=hangs)
    (result,) = await house.run(bell, "c1")
    assert result.status is status
    assert result.content.startswith("bell.ring did not answer within 0.05 seconds.")
    assert len(bell.keys) == rung


async def test_a_tool_that_fails_too_often_rests(house: House) -> None:
    async def down() -> str:
        raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "bell"})

    bell = Bell(repeatable=False, lasting=False, behave=down)
    for number in range(5):
        (result,) = await house.run(bell, f"c{number}")
        assert result.content.startswith("bell.ring failed. ")
    (rests,) = await house.run(bell, "c5")
    assert rests.content == "bell.ring failed too often just now and rests for a moment. Go on without it."
    assert len(bell.keys) == 5
    house.clock.advance(30)
    await house.run(bell, "c6")
    assert len(bell.keys) == 6


async def test_a_refusal_is_no_failure_of_the_tool(house: House) -> None:
    async def refuses() -> str:
        raise invalid_field("tone", "it must be higher")

    bell = Bell(repeatable=False, lasting=True, behave=refuses)
    results = [(await house.run(bell, f"c{number}"))[0] for number in range(7)]
    assert {result.status for result in results} == {CallStatus.FAILED}
    assert len(bell.keys) == 7


async def test_a_defect_is_told_by_its_number_only(house: House) -> None:
    async def breaks() -> str:
        raise RuntimeError("the password is secret")

    (result,) = await house.run(Bell(repeatable=False, lasting=False, behave=breaks), "c1")
    assert result.status is CallStatus.FAILED
    assert "secret" not in result.content


async def test_a_result_is_kept_to_its_bound(house: House) -> None:
    async def talks() -> str:
        return "ä\x00" * 100_000

    (result,) = await house.run(Bell(repeatable=True, lasting=False, behave=talks), "c1")
    assert len(result.content.encode()) == 65_536


async def test_a_turn_that_is_somebody_elses_sends_nothing(house: House) -> None:
    bell = Bell(repeatable=True, lasting=True)
    house.turn.lease_epoch = 6
    with pytest.raises(LostTurnError):
        await house.run(bell, "c1")
    assert (bell.keys, await house.states()) == ([], {})


async def test_a_tenant_sees_its_own_calls_only(house: House, house_database: Any) -> None:
    await house.run(Bell(repeatable=True, lasting=False), "c1")
    async with house.database.transaction(OTHER_TENANT) as connection:
        assert await connection.fetchval("select count(*) from tool_calls") == 0
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with house.database.transaction(OTHER_TENANT) as connection:
            await connection.execute(
                "insert into tool_calls (tenant_id, turn_id, call_id, round, position, name, arguments_json, "
                "arguments_hash, state, create_time) values ($1, $2, 'c2', 1, 1, 'x', '', '', 'sent', now())",
                OTHER_TENANT,
                house.turn.turn_id,
            )
