"""The models of this process: the port every model is called through, and how a turn comes to its own.

What a provider's wire looks like stands in `adapters/`.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from servers.chat.domain.model import ModelProfile, ModelRequest, StreamItem
from servers.chat.models.catalogues import Catalogues
from soma_common.kernel.errors import not_found
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Connection


class ChatModel(Protocol):
    """Streams the answer of one model call.

    The first item may be a `StreamBegin`: from then on somebody outside counts what is used. The last one is a
    `StreamEnd`. A request with a text so far is answered with the rest of it, which may begin by repeating some of it.
    Closing the iterator, or cancelling the task that reads it, ends the call at the provider at once. Raises
    `SomaError` with a MODEL_ reason, or SECRETS_UNAVAILABLE where its key cannot be read.
    """

    def stream(self, request: ModelRequest) -> AsyncIterator[StreamItem]:
        """Start the call and yield what comes, in order."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class Models:
    """Profiles by tenant and id, and the client of each protocol."""

    def __init__(self, catalogues: Catalogues, clients: Mapping[str, ChatModel]) -> None:
        self.catalogues = catalogues
        self._clients = clients

    def known(self, tenant: TenantId, profile_id: str) -> ModelProfile | None:
        """The profile as far as this process knows the tenant's models, without asking anybody."""
        catalogue = self.catalogues.known(tenant)
        found = None if catalogue is None else catalogue.find(profile_id)
        return None if found is None else found.profile

    async def profile(self, connection: Connection, tenant: TenantId, profile_id: str) -> ModelProfile:
        """The profile, or the default one for an empty id. Raises RESOURCE_NOT_FOUND."""
        found = await self.look(connection, tenant, profile_id)
        if found is None:
            raise not_found("model", profile_id)
        return found

    async def look(self, connection: Connection, tenant: TenantId, profile_id: str) -> ModelProfile | None:
        """The profile, or None; one that is not known here may be new, so the tables are asked before that is said."""
        known = (await self.catalogues.of(connection, tenant)).find(profile_id)
        if known is None:
            known = (await self.catalogues.read(connection, tenant)).find(profile_id)
        return None if known is None else known.profile

    def client(self, profile: ModelProfile) -> ChatModel:
        """The client that speaks this profile's protocol."""
        return self._clients[profile.protocol]

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            await client.close()
