"""What a call to recall says, as values."""

from typing import Final
from uuid import UUID

from servers.memory.domain.memory import Kind, RecallFilter
from servers.memory.domain.namespaces import readable
from servers.memory.domain.ranking import Weights
from servers.memory.recalling.recaller import Recall
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.tenancy import Caller

_TOP_K: Final = 10
_TIME_BUDGET_MILLISECONDS: Final = 250


def recall_of(request: service_pb.RecallMemoriesRequest, caller: Caller) -> Recall:
    """What to recall, as far as the caller may read."""
    return Recall(
        query=request.query,
        wanted=_filter(request, caller),
        top_k=request.top_k or _TOP_K,
        token_budget=request.token_budget,
        weights=_weights(request),
        time_budget_seconds=(request.time_budget_milliseconds or _TIME_BUDGET_MILLISECONDS) / 1000,
    )


def _filter(request: service_pb.RecallMemoriesRequest, caller: Caller) -> RecallFilter:
    return RecallFilter(
        namespaces=readable(caller, tuple(request.namespaces), request.agent_id),
        kinds=tuple(Kind(kind) for kind in request.kinds if kind),
        tags=tuple(request.tags),
        conversation_id=UUID(request.conversation_id) if request.conversation_id else None,
        min_importance=request.min_importance,
    )


def _weights(request: service_pb.RecallMemoriesRequest) -> Weights:
    if not request.HasField("weights"):
        return Weights()
    usual = Weights()
    return Weights(
        vector=min(5.0, max(0.1, request.weights.vector or usual.vector)),
        lexical=min(5.0, max(0.1, request.weights.lexical or usual.lexical)),
        recency=min(1.0, max(0.0, request.weights.recency)),
    )
