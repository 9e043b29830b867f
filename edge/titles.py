"""The title that a conversation gets after its first exchange: waited for, for a bounded time and by a bounded number.

Nothing here knows sockets; identity comes from `acting_as` around the call.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from edge.bridge import Mesh
from soma.chat.v1 import conversation_service_pb2
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger

_LOG: Final = get_logger("soma.edge.titles")
_WATCH: Final = "/soma.chat.v1.ConversationService/WatchConversation"


@dataclass(frozen=True, slots=True)
class TitlePatience:
    """How long a title is waited for, and how many are at once in this process."""

    seconds: float = 60.0
    at_once: int = 256


class Titles:
    """Watches conversations for their titles."""

    def __init__(self, mesh: Mesh, patience: TitlePatience | None = None) -> None:
        self._mesh = mesh
        self._patience = patience or TitlePatience()
        self._awaited = 0

    async def wait_for(self, conversation_id: str) -> str:
        """The title; empty when none came in time, or when too many are waited for already."""
        if self._awaited >= self._patience.at_once:
            return ""
        self._awaited += 1
        try:
            async with asyncio.timeout(self._patience.seconds):
                return await self._first(conversation_id)
        except TimeoutError:
            return ""
        except SomaError as error:
            # A client that wants the title asks for the conversation; the turn itself went well.
            _LOG.info("a title could not be waited for", reason=error.reason.value)
            return ""
        finally:
            self._awaited -= 1

    async def _first(self, conversation_id: str) -> str:
        request = conversation_service_pb2.WatchConversationRequest(conversation_id=conversation_id)
        async with self._mesh.stream(_WATCH, request) as states:
            async for state in states:
                found = conversation_service_pb2.WatchConversationResponse.FromString(state).conversation.title
                if found:
                    return found
        return ""
