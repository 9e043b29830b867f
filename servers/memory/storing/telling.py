"""The events of memories that came, changed or went, in the transaction of the change."""

from uuid import UUID

from soma.events.v1 import payloads_pb2 as payloads_pb
from soma_common.events.models import EventDraft
from soma_common.rpc.call import current_call


def told(event_type: str, memory_id: UUID, version: int, namespace: str, duplicate: bool = False) -> EventDraft:
    """What became of one memory."""
    payload = payloads_pb.MemoryChanged(
        memory_id=str(memory_id), version=version, namespace=namespace, duplicate=duplicate
    )
    return EventDraft(event_type, f"memory/{memory_id}", payload, current_call().correlation_id)
