"""What a call to list says, as values."""

from uuid import UUID

from servers.memory.domain.memory import Kind
from servers.memory.domain.namespaces import readable
from servers.memory.storing.reading import Listing
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.tenancy import Caller


def listing_of(request: service_pb.ListMemoriesRequest, caller: Caller) -> Listing:
    """Which memories to list, as far as the caller may read. Raises INVALID_FIELD."""
    for name, texts in (
        ("namespaces", request.namespaces),
        ("tags", request.tags),
        ("subject", (request.subject,)),
        ("source_id", (request.source_id,)),
    ):
        if any("\0" in text for text in texts):
            raise invalid_field(name, "it must not contain the character U+0000")
    try:
        kinds = tuple(Kind(kind) for kind in request.kinds if kind)
    except ValueError:
        raise invalid_field("kinds", "they must be EPISODIC, SEMANTIC, PROCEDURAL or HYPOTHESIS") from None
    return Listing(
        namespaces=readable(caller, tuple(request.namespaces), ""),
        kinds=kinds,
        tags=tuple(request.tags),
        subject=request.subject,
        conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
        source_id=request.source_id,
        with_retired=request.include_retired,
    )
