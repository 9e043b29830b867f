"""Use cases on configurations: read a version, list them, make a new one or restore an old one.

What is valid stands in `domain/configuration.py`; protos are made by `rpc/`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message

from servers.governor.configuration.versions import FIRST, Version, VersionStore
from servers.governor.domain.configuration import BUILT_IN, Configuration, changed_fields, mistakes
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import FieldViolation, SomaError, not_found
from soma_common.kernel.paging import Page
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection, Database
from soma_common.rpc.call import RpcCall
from soma_common.rpc.idempotency import Once

Merge = Callable[[Configuration], Configuration]
Reply = Callable[[Version, Configuration], Message]


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked: new values upon those that hold, or a version whose values hold again.

    `based_on` is the version that must hold, None for any.
    """

    merge: Merge | None
    restores: int | None
    based_on: int | None
    comment: str
    validate_only: bool


@dataclass(frozen=True, slots=True)
class ConfigurationCodec:
    """How a configuration is kept, and made of that and its version again."""

    write: Callable[[Configuration], bytes]
    read: Callable[[bytes, int], Configuration]


@dataclass(frozen=True, slots=True)
class ConfigurationChanges:
    """Reads and changes configurations."""

    database: Database
    store: VersionStore
    events: EventStore
    codec: ConfigurationCodec
    clock: Clock

    async def get(self, tenant: TenantId, number: int | None) -> tuple[Version, Configuration]:
        """A version, or the one that holds. Raises RESOURCE_NOT_FOUND."""
        if number is None:
            version, kept = await self.store.newest(tenant)
            return version, self._read(version, kept)
        return await self.database.run(tenant, lambda connection: self._find(connection, tenant, number))

    async def list(self, tenant: TenantId, page: Page) -> tuple[Sequence[Version], bool]:
        """A page of versions, the newest first and what comes with the system last, and whether there are more."""
        below = None if page.after is None else int(page.after[0])
        found = await self.store.listed(tenant, below, page.size + 1)
        if len(found) <= page.size and below != 0:
            found.append(FIRST)
        return found[: page.size], len(found) > page.size

    async def update(self, call: RpcCall, change: Change, reply: Reply) -> Message:
        """Makes the new version; what changes nothing makes none and answers with the one that holds.

        Raises INVALID_FIELD with every mistake, ETAG_MISMATCH, RESOURCE_NOT_FOUND for a version that never was.
        """
        tenant = call.caller.tenant_id

        async def work(connection: Connection) -> Message:
            newest, kept = await self.store.locked_newest(connection, tenant)
            if change.based_on is not None and change.based_on != newest.number:
                raise SomaError(Reason.ETAG_MISMATCH, {"resource": "configuration"})
            before = self._read(newest, kept)
            after = await self._wanted(connection, tenant, before, change)
            fields = changed_fields(before, after)
            if not fields:
                return await self._answer(connection, change, reply(newest, before))
            version = Version(
                newest.number + 1, call.caller.sub, change.comment, self.clock.now(), change.restores, fields
            )
            after = replace(after, rules=replace(after.rules, version=version.number))
            response = reply(version, after)
            if not change.validate_only:
                await self.store.add(connection, tenant, version, self.codec.write(after))
            response = await self._answer(connection, change, response)
            if not change.validate_only:
                await self.events.append(connection, tenant, [_told(call, version)])
            return response

        return await self.database.run(tenant, work)

    async def _wanted(
        self, connection: Connection, tenant: TenantId, before: Configuration, change: Change
    ) -> Configuration:
        if change.merge is not None:
            after = change.merge(before)
        else:
            _, after = await self._find(connection, tenant, change.restores or 0)
        found = mistakes(after)
        if found:
            raise invalid_configuration(found)
        return after

    async def _find(self, connection: Connection, tenant: TenantId, number: int) -> tuple[Version, Configuration]:
        if number == 0:
            return FIRST, BUILT_IN
        found = await self.store.find(connection, tenant, number)
        if found is None:
            raise not_found("configuration version", number)
        return found[0], self._read(*found)

    def _read(self, version: Version, kept: bytes | None) -> Configuration:
        return BUILT_IN if kept is None else self.codec.read(kept, version.number)

    @staticmethod
    async def _answer(connection: Connection, change: Change, response: Message) -> Message:
        """What only judges is judged anew when it is repeated."""
        if not change.validate_only:
            await Once.current().record(connection, response)
        return response


def invalid_configuration(found: Sequence[FieldViolation]) -> SomaError:
    """The error for a configuration with mistakes; it lists them all."""
    first = found[0]
    return SomaError(Reason.INVALID_FIELD, {"field": first.field, "rule": first.description}, violations=tuple(found))


def _told(call: RpcCall, version: Version) -> EventDraft:
    payload = payloads_pb.ConfigChanged(
        version=version.number,
        changed_fields=version.changed_fields,
        restores_version=version.restores or 0,
        changed_by=version.changed_by,
    )
    tenant = call.caller.tenant_id
    return EventDraft("governor.config.changed", f"configuration/{tenant}", payload, call.correlation_id)
