"""Use cases on agents: make, read, list, change, archive. Every change is a new version; old ones stay for receipts.

What an agent's values mean for a turn stands in `domain/`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from servers.chat.domain.agent import Agent
from servers.chat.models.port import Models
from servers.chat.tools.rules import rules_json, rules_of
from servers.chat.turns.store import insert_default_agent, unique_name
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId, default_agent_id
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import Once

_SQL: Final = Queries.of("servers.chat", "sql/resources.sql")
Reply = TypeVar("Reply", bound=Message)
_CONTROL: Final = "control"


@dataclass(frozen=True, slots=True)
class KeptAgent:
    """An agent with the times of its row."""

    agent: Agent
    create_time: datetime
    update_time: datetime


class Agents:
    """The agents of all tenants; the tenant comes with the caller."""

    def __init__(self, database: Database, events: EventStore, models: Models, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._events = events
        self._models = models
        self._clock = clock
        self._ids = ids

    async def create(
        self, caller: Caller, wanted: Agent, reply: Callable[[KeptAgent], Reply], *, as_default: bool = False
    ) -> Reply:
        """Make an agent under a fresh id, or the default one. Raises INVALID_FIELD for an empty name or a taken one."""
        agent_id = default_agent_id(caller.tenant_id) if as_default else self._ids.uuid7()
        agent = self._named(replace(wanted, agent_id=agent_id, version=1, archived=False))

        async def work(connection: Connection) -> Reply:
            await self._check_model(connection, caller, agent)
            now = self._clock.now()
            if as_default and await connection.fetchrow(_SQL.find_agent, agent_id) is not None:
                raise invalid_field("agent.tenant_default", "the tenant has its default agent already")
            with unique_name():
                await connection.execute(_SQL.insert_agent, caller.tenant_id, agent.agent_id, agent.name, now)
            await self._write_version(connection, caller, agent, now)
            return await self._told(connection, caller, KeptAgent(agent, now, now), "agent.created", (), reply)

        return await self._database.run(caller.tenant_id, work)

    async def read(self, tenant_id: TenantId, agent_id: UUID) -> KeptAgent:
        """One agent; the default one is made when it is asked for first. Raises RESOURCE_NOT_FOUND."""

        async def work(connection: Connection) -> KeptAgent:
            return await self._found(connection, tenant_id, agent_id)

        return await self._database.run(tenant_id, work)

    async def list(self, tenant_id: TenantId, with_archived: bool, after_name: str, limit: int) -> list[KeptAgent]:
        """Agents by name, after one; the default one is always there."""

        async def work(connection: Connection) -> list[KeptAgent]:
            await self._found(connection, tenant_id, default_agent_id(tenant_id))
            return [_kept(row) for row in await connection.fetch(_SQL.list_agents, with_archived, after_name, limit)]

        return await self._database.run(tenant_id, work)

    async def change(
        self,
        caller: Caller,
        agent_id: UUID,
        etag: str,
        changed: Callable[[Agent], Agent],
        reply: Callable[[KeptAgent], Reply],
    ) -> Reply:
        """Write the next version of an agent. Raises RESOURCE_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD."""

        async def work(connection: Connection) -> Reply:
            before = await self._locked(connection, caller.tenant_id, agent_id)
            if etag and etag != etag_of(before.agent):
                raise SomaError(Reason.ETAG_MISMATCH, {"resource": "agent"})
            wanted = changed(before.agent)
            if wanted == before.agent:
                return await self._told(connection, caller, before, "", (), reply)
            after = self._named(replace(wanted, agent_id=agent_id, version=before.agent.version + 1))
            await self._check_model(connection, caller, after)
            return await self._move(connection, caller, before, after, "agent.updated", reply)

        return await self._database.run(caller.tenant_id, work)

    async def archive(self, caller: Caller, agent_id: UUID, reply: Callable[[KeptAgent], Reply]) -> Reply:
        """Take an agent out of use. Raises RESOURCE_NOT_FOUND, INVALID_FIELD for the default agent."""
        # Control archives it only when it undoes the making of the tenant.
        if agent_id == default_agent_id(caller.tenant_id) and caller.service != _CONTROL:
            raise invalid_field("agent_id", "the default agent cannot be archived")

        async def work(connection: Connection) -> Reply:
            before = await self._locked(connection, caller.tenant_id, agent_id)
            if before.agent.archived:
                return await self._told(connection, caller, before, "", (), reply)
            after = replace(before.agent, archived=True, version=before.agent.version + 1)
            return await self._move(connection, caller, before, after, "agent.archived", reply)

        return await self._database.run(caller.tenant_id, work)

    def _named(self, agent: Agent) -> Agent:
        name = agent.name.strip()
        if not name:
            raise invalid_field("agent.name", "it must contain more than white space")
        return replace(agent, name=name)

    async def _check_model(self, connection: Connection, caller: Caller, agent: Agent) -> None:
        if agent.model_profile_id:
            await self._models.profile(connection, caller.tenant_id, agent.model_profile_id)

    async def _move(
        self,
        connection: Connection,
        caller: Caller,
        before: KeptAgent,
        after: Agent,
        event_type: str,
        reply: Callable[[KeptAgent], Reply],
    ) -> Reply:
        now = self._clock.now()
        values = (after.agent_id, after.name, after.version, after.archived, now)
        with unique_name():
            await connection.execute(_SQL.change_agent, *values)
        await self._write_version(connection, caller, after, now)
        fields = [name for name in Agent.__slots__ if getattr(before.agent, name) != getattr(after, name)]
        kept = KeptAgent(after, before.create_time, now)
        return await self._told(connection, caller, kept, event_type, tuple(fields), reply)

    async def _write_version(self, connection: Connection, caller: Caller, agent: Agent, now: datetime) -> None:
        await connection.execute(
            _SQL.insert_version,
            caller.tenant_id,
            agent.agent_id,
            agent.version,
            agent.name,
            agent.system_prompt,
            agent.model_profile_id,
            agent.intelligence,
            agent.autonomy,
            agent.resource_micros_per_turn,
            agent.risk_profile,
            agent.canned_answer,
            agent.warm_style,
            agent.baseline,
            agent.memory_scope,
            agent.archived,
            rules_json(agent.tool_rules),
            caller.sub,
            now,
        )

    async def _told(
        self,
        connection: Connection,
        caller: Caller,
        kept: KeptAgent,
        event_type: str,
        fields: tuple[str, ...],
        reply: Callable[[KeptAgent], Reply],
    ) -> Reply:
        """Write the event, if there is one to tell, and the answer for repeats."""
        if event_type:
            agent_id = str(kept.agent.agent_id)
            payload = payloads_pb2.ResourceChanged(
                resource="agent", resource_id=agent_id, fields=fields, changed_by=caller.sub
            )
            draft = EventDraft(event_type, f"agent/{agent_id}", payload, current_call().correlation_id)
            await self._events.append(connection, caller.tenant_id, [draft])
        answer = reply(kept)
        await Once.current().record(connection, answer)
        return answer

    async def _found(self, connection: Connection, tenant_id: TenantId, agent_id: UUID) -> KeptAgent:
        row = await connection.fetchrow(_SQL.find_agent, agent_id)
        if row is None and agent_id == default_agent_id(tenant_id):
            await insert_default_agent(connection, self._events, tenant_id, Agent(agent_id), self._clock.now())
            row = await connection.fetchrow(_SQL.find_agent, agent_id)
        if row is None:
            raise not_found("agent", agent_id)
        return _kept(row)

    async def _locked(self, connection: Connection, tenant_id: TenantId, agent_id: UUID) -> KeptAgent:
        await self._found(connection, tenant_id, agent_id)
        await connection.fetchval(_SQL.lock_agent, agent_id)
        return await self._found(connection, tenant_id, agent_id)


def etag_of(agent: Agent) -> str:
    """What changes with every change of an agent."""
    return f'"{agent.version}"'


def _kept(row: Any) -> KeptAgent:
    values = dict(row)
    times = values.pop("create_time"), values.pop("update_time")
    baseline, rules = values.pop("baseline"), rules_of(values.pop("tool_rules"))
    return KeptAgent(Agent(**values, baseline=None if baseline is None else tuple(baseline), tool_rules=rules), *times)
