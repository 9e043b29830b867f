"""Use cases on a tenant's models: add, change, delete, choose the default one. Each raises the catalogue's version.

How a model is called is not known here; a key only passes through to the store of secrets.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from google.protobuf.message import Message

from servers.chat.domain.catalogue import OFFLINE, Catalogue, KnownModel, OwnProfile
from servers.chat.models.catalogues import Catalogues, own_of, stored
from servers.chat.models.drafts import Changes, Draft, Drafts
from servers.chat.models.fallbacks import forget_as_fallback, set_fallbacks
from servers.chat.models.profiles import key_name_of
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError, invalid_field, not_found
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller, TenantId
from soma_common.logging import get_logger
from soma_common.postgres.pool import Connection, Database
from soma_common.postgres.queries import Queries
from soma_common.rpc.call import current_call
from soma_common.rpc.idempotency import DuplicateRequest, Once
from soma_common.security.secrets import Secrets

_SQL: Final = Queries.of("servers.chat", "sql/models.sql")
_LOG: Final = get_logger("soma.chat.models")
Answer = TypeVar("Answer", bound=Message)
Tell = Callable[[KnownModel, Catalogue], Answer]


class ModelEditing:
    """The models of all tenants; the tenant comes with the caller."""

    def __init__(
        self,
        database: Database,
        events: EventStore,
        catalogues: Catalogues,
        drafts: Drafts,
        secrets: Secrets,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._events = events
        self._catalogues = catalogues
        self._drafts = drafts
        self._secrets = secrets
        self._clock = clock
        self._ids = ids

    async def read(self, tenant: TenantId) -> Catalogue:
        """All models of a tenant, as they stand in the database."""
        return await self._database.run(tenant, lambda it: self._catalogues.read(it, tenant))

    async def create(self, caller: Caller, draft: Draft, make_default: bool | None, tell: Tell[Answer]) -> Answer:
        """Add a profile. Raises INVALID_FIELD, SECRETS_UNAVAILABLE."""
        own = await self._drafts.made(draft)
        tenant, key_id = caller.tenant_id, self._ids.uuid7() if draft.api_key else None
        own = replace(own, key_id=key_id)

        async def work(connection: Connection) -> Answer:
            chosen = await self._raise_version(connection, tenant)
            row = await connection.fetchrow(_SQL.insert_profile, tenant, *_columns(own), self._clock.now())
            if row is None:
                raise invalid_field("model.model_profile_id", f"there is a model {own.profile_id} already")
            before = await stored(connection, tenant, self._catalogues.installation)
            await set_fallbacks(connection, tenant, own.profile_id, draft.fallback_ids, before)
            wanted = before.default_id == OFFLINE if make_default is None else make_default
            if wanted and chosen != own.profile_id:
                await connection.execute(_SQL.set_default, tenant, own.profile_id)
            return await self._told(connection, caller, own.profile_id, "model.created", (), tell)

        return await self._with_key(tenant, _key_name(tenant, own), draft.api_key, work)

    async def change(
        self,
        caller: Caller,
        profile_id: str,
        etag: str,
        changes: Changes,
        tell: Tell[Answer],
    ) -> Answer:
        """Change a profile; of one of the settings its fallbacks.

        Raises RESOURCE_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD, SECRETS_UNAVAILABLE.
        """
        api_key = changes.api_key
        tenant, new_key = caller.tenant_id, self._ids.uuid7() if api_key else None
        replaced: list[str] = []

        async def work(connection: Connection) -> Answer:
            await self._raise_version(connection, tenant)
            fields: list[str] = []
            if not (changes.of_fallbacks_alone and profile_id in self._catalogues.installation.models):
                before = await self._locked(connection, tenant, profile_id, etag)
                after = self._drafts.changed(before, changes.profile(before), new_key=bool(api_key))
                after = replace(after, key_id=new_key or before.key_id, version=before.version + 1)
                await connection.execute(_SQL.change_profile, tenant, *_columns(after), self._clock.now())
                replaced[:] = [_key_name(tenant, before)] if new_key and before.key_id else []
                fields += [name for name in OwnProfile.__slots__ if getattr(before, name) != getattr(after, name)]
            if changes.fallback_ids is not None:
                known = await stored(connection, tenant, self._catalogues.installation)
                if await set_fallbacks(connection, tenant, profile_id, changes.fallback_ids, known):
                    fields.append("fallback_profile_ids")
            return await self._told(connection, caller, profile_id, "model.updated", tuple(fields), tell)

        name = key_name_of(tenant, profile_id, new_key) if new_key else ""
        answer = await self._with_key(tenant, name, api_key, work)
        for old_name in replaced:
            await self._forget_key(old_name)
        return answer

    async def delete(self, caller: Caller, profile_id: str, etag: str, tell: Callable[[str], Answer]) -> Answer:
        """Delete a profile and its key; answers with the default one that is left.

        Raises RESOURCE_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD, SECRETS_UNAVAILABLE: then nothing has changed.
        """
        tenant = caller.tenant_id

        async def work(connection: Connection) -> Answer:
            chosen = await self._raise_version(connection, tenant)
            before = await self._locked(connection, tenant, profile_id, etag)
            await connection.execute(_SQL.delete_profile, tenant, profile_id)
            await forget_as_fallback(connection, tenant, profile_id)
            if chosen == profile_id:
                await connection.execute(_SQL.set_default, tenant, None)
            await self._append(connection, caller, profile_id, "model.deleted", ())
            left = await stored(connection, tenant, self._catalogues.installation)
            answer = tell(left.default_id)
            await Once.current().record(connection, answer)
            if before.key_id is not None:
                # Whoever is told that it is gone may rely on it.
                await self._secrets.delete(_key_name(tenant, before))
            return answer

        return await self._changing(tenant, work)

    async def set_default(self, caller: Caller, profile_id: str, tell: Tell[Answer]) -> Answer:
        """Choose the model that answers where none is named. Raises RESOURCE_NOT_FOUND."""
        tenant = caller.tenant_id

        async def work(connection: Connection) -> Answer:
            await self._raise_version(connection, tenant)
            if profile_id not in (await stored(connection, tenant, self._catalogues.installation)).models:
                raise not_found("model", profile_id)
            await connection.execute(_SQL.set_default, tenant, profile_id)
            return await self._told(connection, caller, profile_id, "model.default_set", (), tell)

        return await self._changing(tenant, work)

    async def _raise_version(self, connection: Connection, tenant: TenantId) -> str | None:
        """Begin a change: nobody else changes this tenant's models until it is over. Gives the chosen default."""
        chosen: str | None = await connection.fetchval(_SQL.raise_version, tenant, self._clock.now())
        return chosen

    async def _locked(self, connection: Connection, tenant: TenantId, profile_id: str, etag: str) -> OwnProfile:
        row = await connection.fetchrow(_SQL.lock_profile, tenant, profile_id)
        if row is None:
            if profile_id in self._catalogues.installation.models:
                raise invalid_field("model_profile_id", f"{profile_id} comes from the settings and is only read")
            raise not_found("model", profile_id)
        own = own_of(row)
        if etag and etag != own.etag:
            raise SomaError(Reason.ETAG_MISMATCH, {"resource": "model"})
        return own

    async def _told(
        self,
        connection: Connection,
        caller: Caller,
        profile_id: str,
        event_type: str,
        fields: tuple[str, ...],
        tell: Tell[Answer],
    ) -> Answer:
        """Write the event and the answer for repeats."""
        await self._append(connection, caller, profile_id, event_type, fields)
        now = await stored(connection, caller.tenant_id, self._catalogues.installation)
        answer = tell(now.models[profile_id], now)
        await Once.current().record(connection, answer)
        return answer

    async def _append(
        self, connection: Connection, caller: Caller, profile_id: str, event_type: str, fields: tuple[str, ...]
    ) -> None:
        payload = payloads_pb2.ResourceChanged(
            resource="model", resource_id=profile_id, fields=fields, changed_by=caller.sub
        )
        draft = EventDraft(event_type, f"model/{profile_id}", payload, current_call().correlation_id)
        await self._events.append(connection, caller.tenant_id, [draft])

    async def _with_key(
        self, tenant: TenantId, name: str, api_key: str, work: Callable[[Connection], Awaitable[Answer]]
    ) -> Answer:
        """Keep the key, if there is one, then change the tables; a key whose change was refused is forgotten."""
        if not name:
            return await self._changing(tenant, work)
        await self._secrets.write(name, api_key)
        try:
            return await self._changing(tenant, work)
        except (SomaError, DuplicateRequest) as refusal:
            # A database that went away may have committed: then the profile needs its key.
            if not (isinstance(refusal, SomaError) and refusal.reason is Reason.DATABASE_UNAVAILABLE):
                await self._forget_key(name)
            raise

    async def _changing(self, tenant: TenantId, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        try:
            return await self._database.run(tenant, work)
        finally:
            self._catalogues.forget(tenant)

    async def _forget_key(self, name: str) -> None:
        """Forget a key that no profile has; nobody reads one that stays."""
        with suppress(SomaError):
            await self._secrets.delete(name)
            return
        _LOG.warning("a key that nothing uses could not be removed", key=name)


def _key_name(tenant: TenantId, own: OwnProfile) -> str:
    """Where the profile's own key is kept; empty where it has none."""
    return "" if own.key_id is None else key_name_of(tenant, own.profile_id, own.key_id)


def _columns(own: OwnProfile) -> tuple[object, ...]:
    """The columns of a profile between its tenant and its times, as the statements have them."""
    return (
        own.profile_id,
        own.provider,
        own.model,
        own.base_url,
        own.window_tokens,
        own.max_output_tokens,
        own.price.input,
        own.price.cached_input,
        own.price.output,
        own.price.reasoning,
        own.tools,
        own.tokenizer,
        own.key_id,
        own.version,
    )
