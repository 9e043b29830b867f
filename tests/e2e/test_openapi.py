"""What the whole mesh answers by REST is what its OpenAPI document says."""

from typing import Any
from uuid import uuid4

import pytest

from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person
from tests.support.openapi import conform

CALLS = (
    ("GovernorService_GetBudget", "GET", "/api/v1/budget", None),
    ("GovernorService_SetBudget", "POST", "/api/v1/budget", {"period": "BUDGET_PERIOD_TOTAL", "limit_tokens": "0"}),
    ("NeuromodulatorService_GetNeuromodulators", "GET", "/neuromodulators", None),
    ("ModulationService_ExplainState", "GET", "/api/v1/cognitive/explain", None),
    ("MemoryService_StoreMemory", "POST", "/api/v1/memories", {"text": "The green key opens the barn.", "tags": ["a"]}),
    ("MemoryService_RecallMemories", "POST", "/api/v1/memories:recall", {"query": "Which key opens the barn?"}),
    ("FeatureService_GetFeatures", "GET", "/admin/features", None),
    ("AdminService_ListServices", "GET", "/admin/services", None),
    ("AdminService_GetDiagnostics", "GET", "/micro/diag", None),
    ("AgentService_ListAgents", "GET", "/api/v1/chat/agents", None),
    ("ModelService_ListModels", "GET", "/api/v1/models", None),
)


@pytest.mark.parametrize(("operation", "verb", "path", "body"), CALLS, ids=[call[0] for call in CALLS])
async def test_an_answer_is_what_the_document_says(
    admin: Person, operation: str, verb: str, path: str, body: Any
) -> None:
    async with admin.http.request(verb, path, json=body) as response:
        assert response.status == 200, await response.text()
        conform(await response.json(), operation)


async def test_a_turn_and_what_it_leaves_are_what_the_document_says(ada: Person, model: ScriptedUpstream) -> None:
    heard = await ada.grpc.say("Which key opens the barn?")
    started = heard.started
    async with ada.http.get(f"/api/v1/receipts/{started.receipt_id}") as response:
        conform(await response.json(), "GovernorService_GetReceipt")
    async with ada.http.get(f"/api/v1/chat/conversations/{started.conversation_id}/messages") as response:
        answer = await response.json()
        assert len(answer["messages"]) == 2
        conform(answer, "ConversationService_ListMessages")
    async with ada.http.get(f"/api/v1/receipts/{uuid4()}") as response:
        assert response.status == 404
        conform(await response.json(), "GovernorService_GetReceipt", "404")
