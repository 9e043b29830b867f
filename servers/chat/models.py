"""The models of this process: the port every model is called through, and which profiles there are.

What a provider's wire looks like stands in `adapters/`.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from servers.chat.domain.model import ModelProfile, ModelRequest, StreamItem
from soma_common.kernel.errors import not_found


class ChatModel(Protocol):
    """Streams the answer of one model call.

    The last item is a `StreamEnd`. Closing the iterator, or cancelling the task that reads it, ends the call at the
    provider at once. Raises `SomaError` with a MODEL_ reason.
    """

    def stream(self, request: ModelRequest) -> AsyncIterator[StreamItem]:
        """Start the call and yield what comes, in order."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class Models:
    """Profiles by id, and the client of each provider."""

    def __init__(self, profiles: Mapping[str, ModelProfile], default_id: str, clients: Mapping[str, ChatModel]) -> None:
        self.profiles = profiles
        self.default_id = default_id
        self._clients = clients

    def profile(self, profile_id: str) -> ModelProfile:
        """The profile, or the default one for an empty id. Raises RESOURCE_NOT_FOUND."""
        profile = self.profiles.get(profile_id or self.default_id)
        if profile is None:
            raise not_found("model", profile_id)
        return profile

    def client(self, profile: ModelProfile) -> ChatModel:
        """The client that calls this profile's provider."""
        return self._clients[profile.provider]

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            await client.close()
