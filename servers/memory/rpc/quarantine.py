"""Serves quarantine: messages in, values out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from servers.memory.domain.quarantine import Quarantine, Suspect
from servers.memory.encoding.quarantines import hidden_message, quarantine_message, restored_message
from servers.memory.upkeep.quarantine import Quarantines
from soma.memory.v1 import memory_service_pb2_grpc as service_grpc
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.paging import Position, next_page_token, page_of, unreadable_token
from soma_common.rpc.call import current_call


@dataclass(frozen=True, kw_only=True)
class QuarantineServicing(service_grpc.MemoryServiceServicer):
    """The quarantines of `soma.memory.v1.MemoryService`."""

    quarantines: Quarantines
    clock: Clock
    ids: Ids

    async def QuarantineSource(  # noqa: N802 - the contract's name
        self, request: upkeep_pb.QuarantineSourceRequest, _: Any
    ) -> upkeep_pb.QuarantineSourceResponse:
        """Hide a source and everything that was made of it."""
        caller = current_call().caller
        quarantine = Quarantine(
            self.ids.uuid7(), _suspect(request.subject), request.reason, caller.sub, self.clock.now()
        )
        return await self.quarantines.hide(caller, quarantine, hidden_message)

    async def RestoreSource(  # noqa: N802 - the contract's name
        self, request: upkeep_pb.RestoreSourceRequest, _: Any
    ) -> upkeep_pb.RestoreSourceResponse:
        """Lift a quarantine."""
        caller, quarantine_id = current_call().caller, UUID(request.quarantine_id)
        return await self.quarantines.restore(caller, quarantine_id, restored_message)

    async def ListQuarantines(  # noqa: N802 - the contract's name
        self, request: upkeep_pb.ListQuarantinesRequest, _: Any
    ) -> upkeep_pb.ListQuarantinesResponse:
        """Quarantines, the newest first."""
        caller, filters = current_call().caller, {"include_lifted": request.include_lifted}
        page = page_of(request.page_size, request.page_token, filters)
        before = None if page.after is None else _before(page.after)
        found = await self.quarantines.page(caller, request.include_lifted, before, page.size + 1)
        more = len(found) > page.size
        return upkeep_pb.ListQuarantinesResponse(
            quarantines=[quarantine_message(quarantine) for quarantine in found[: page.size]],
            next_page_token=next_page_token((str(found[page.size - 1].quarantine_id),), filters) if more else "",
        )


def _suspect(subject: upkeep_pb.QuarantineSubject) -> Suspect:
    match subject.WhichOneof("subject"):
        case "memory_id":
            return Suspect(memory_id=UUID(subject.memory_id))
        case "conversation_id":
            return Suspect(conversation_id=UUID(subject.conversation_id))
    return Suspect(source_id=subject.source_id)


def _before(after: tuple[Position, ...]) -> UUID:
    try:
        [quarantine_id] = after
        return UUID(str(quarantine_id))
    except ValueError:
        raise unreadable_token() from None
