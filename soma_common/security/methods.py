"""The one table of who may call what; also the source for policies outside the process.

Nothing here decides: `soma_common/rpc/interceptors/auth.py` does, and refuses a method that has no row.
"""

from collections.abc import Mapping
from typing import Final

from soma_common.security.rules import MethodRule

_DOORS: Final = frozenset(("edge", "cli"))


def _user(scope: str, role: str = "viewer", *services: str) -> MethodRule:
    return MethodRule(scope=scope, callers=_DOORS | set(services), role=role)


def _makes_a_key(scope: str, role: str) -> MethodRule:
    """Its answer has the text of a key, which is stored nowhere: the servicer puts it back into that of a repeat."""
    return MethodRule(scope=scope, callers=_DOORS, role=role, finds_repeats=True)


def _internal(*services: str, finds_repeats: bool = False) -> MethodRule:
    return MethodRule(scope=None, callers=frozenset(services), finds_repeats=finds_repeats)


METHODS: Final[Mapping[str, MethodRule]] = {
    "/soma.chat.v1.AgentService/CreateAgent": _user("chat:write", "member", "control"),
    "/soma.chat.v1.AgentService/GetAgent": _user("chat:read", "viewer", "control"),
    "/soma.chat.v1.AgentService/ListAgents": _user("chat:read"),
    "/soma.chat.v1.AgentService/UpdateAgent": _user("chat:write", "member"),
    "/soma.chat.v1.AgentService/ArchiveAgent": _user("chat:write", "member", "control"),
    "/soma.chat.v1.ConversationService/CreateConversation": _user("chat:write", "member"),
    "/soma.chat.v1.ConversationService/GetConversation": _user("chat:read"),
    "/soma.chat.v1.ConversationService/ListConversations": _user("chat:read"),
    "/soma.chat.v1.ConversationService/UpdateConversation": _user("chat:write", "member"),
    "/soma.chat.v1.ConversationService/DeleteConversation": _user("chat:write", "member"),
    "/soma.chat.v1.ConversationService/ListMessages": _user("chat:read"),
    "/soma.chat.v1.ConversationService/SearchMessages": _user("chat:read"),
    "/soma.chat.v1.ConversationService/ExportConversation": _user("chat:read"),
    "/soma.chat.v1.ConversationService/ImportConversation": _user("chat:write", "member"),
    "/soma.chat.v1.ConversationService/WatchConversation": _user("chat:read"),
    "/soma.chat.v1.TurnService/SendMessage": _user("chat:write", "member"),
    "/soma.chat.v1.TurnService/ResumeTurn": _user("chat:read"),
    "/soma.chat.v1.TurnService/CancelTurn": _user("chat:write", "member"),
    "/soma.chat.v1.TurnService/GetTurn": _user("chat:read"),
    "/soma.chat.v1.TurnService/ListTurns": _user("chat:read"),
    "/soma.chat.v1.TurnService/RebuildPrompt": _user("chat:read"),
    "/soma.chat.v1.TurnService/RegenerateMessage": _user("chat:write", "member"),
    "/soma.chat.v1.TurnService/EditMessage": _user("chat:write", "member"),
    "/soma.chat.v1.TurnService/SubmitToolResult": _user("chat:write", "member"),
    "/soma.chat.v1.TurnService/ResolveApproval": _user("chat:write", "member"),
    "/soma.chat.v1.TurnService/ListApprovals": _user("chat:read"),
    "/soma.chat.v1.TurnService/RateTurn": _user("chat:write", "member"),
    "/soma.chat.v1.ModelService/ListModels": _user("models:read"),
    "/soma.chat.v1.ModelService/GetModel": _user("models:read"),
    "/soma.chat.v1.ModelService/CreateModel": _user("models:write", "operator"),
    "/soma.chat.v1.ModelService/UpdateModel": _user("models:write", "operator"),
    "/soma.chat.v1.ModelService/DeleteModel": _user("models:write", "operator"),
    "/soma.chat.v1.ModelService/SetDefaultModel": _user("models:write", "operator"),
    "/soma.chat.v1.ModelService/GenerateText": _internal("cognitive", "memory", "control"),
    "/soma.chat.v1.ModelService/ProbeModel": _user("chat:write", "member", "control"),
    "/soma.governor.v1.GovernorService/PlanTurn": _internal("chat", finds_repeats=True),
    "/soma.governor.v1.GovernorService/HoldLeg": _internal("chat", "cognitive", "memory", finds_repeats=True),
    "/soma.governor.v1.GovernorService/ReleaseReservation": _internal(
        "chat", "cognitive", "memory", finds_repeats=True
    ),
    "/soma.governor.v1.GovernorService/SettleTurn": _internal("chat", "cognitive", "memory", finds_repeats=True),
    "/soma.governor.v1.GovernorService/GetReceipt": _user("governor:read", "viewer", "chat", "cognitive"),
    "/soma.governor.v1.GovernorService/GetBudget": _user("governor:read", "viewer", "chat", "control"),
    "/soma.governor.v1.GovernorService/ListReceipts": _user("governor:read"),
    "/soma.governor.v1.GovernorService/DiffReceipts": _user("governor:read"),
    "/soma.governor.v1.GovernorService/ListBudgets": _user("governor:read", "operator"),
    "/soma.governor.v1.GovernorService/SetBudget": _user("governor:write", "admin", "control"),
    "/soma.governor.v1.GovernorService/GetConfig": _user("governor:read"),
    "/soma.governor.v1.GovernorService/ListConfigVersions": _user("governor:read"),
    "/soma.governor.v1.GovernorService/UpdateConfig": _user("governor:write", "admin"),
    "/soma.governor.v1.GovernorService/GetLevel": _user("governor:read"),
    "/soma.governor.v1.GovernorService/WatchLevel": _user("governor:read", "viewer", "edge"),
    "/soma.governor.v1.GovernorService/ReportHealth": _internal("chat", "edge", "memory", "cognitive", "control"),
    "/soma.memory.v1.MemoryService/StoreMemory": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/GetMemory": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/DeleteMemory": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/DeleteBySource": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/RecallMemories": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/BatchStoreMemories": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/ListMemories": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/UpdateMemory": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/CorrectMemory": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/GetLineage": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/StreamRecall": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/LinkMemories": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/UnlinkMemories": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/ListNeighbors": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/FindPath": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/SweepMemories": _user("memory:write", "operator", "cognitive"),
    "/soma.memory.v1.MemoryService/RestoreSweep": _user("memory:write", "operator", "cognitive"),
    "/soma.memory.v1.MemoryService/Consolidate": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/GetConsolidation": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/ListConsolidations": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/RollbackConsolidation": _user("memory:write", "member", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/QuarantineSource": _user("memory:write", "operator"),
    "/soma.memory.v1.MemoryService/RestoreSource": _user("memory:write", "operator"),
    "/soma.memory.v1.MemoryService/ListQuarantines": _user("memory:read", "operator"),
    "/soma.memory.v1.MemoryService/ForgetSubject": MethodRule(
        scope="memory:write", callers=_DOORS, role="member", finds_repeats=True
    ),
    "/soma.memory.v1.MemoryService/GetErasure": _user("memory:read"),
    "/soma.memory.v1.MemoryService/ExportMemories": _user("memory:read"),
    "/soma.memory.v1.MemoryService/ImportMemories": _user("memory:write", "member"),
    "/soma.memory.v1.MemoryService/GetMemoryStats": _user("memory:read", "viewer", "chat", "cognitive"),
    "/soma.memory.v1.MemoryService/RebuildIndex": _user("memory:write", "operator"),
    "/soma.cognitive.v1.NeuromodulatorService/GetNeuromodulators": _user("cognitive:read"),
    "/soma.cognitive.v1.NeuromodulatorService/UpdateNeuromodulators": _user("cognitive:write", "operator"),
    "/soma.cognitive.v1.NeuromodulatorService/ResetNeuromodulators": _user("cognitive:write", "operator"),
    "/soma.cognitive.v1.ModulationService/GetModulation": _internal("chat"),
    "/soma.cognitive.v1.ModulationService/ObserveTurn": _internal("chat", finds_repeats=True),
    "/soma.cognitive.v1.ModulationService/ExplainState": _user("cognitive:read"),
    "/soma.control.v1.AdminService/ListServices": _user("control:read"),
    "/soma.control.v1.AdminService/GetServiceStatus": _user("control:read"),
    "/soma.control.v1.AdminService/StartService": _user("control:write", "operator"),
    "/soma.control.v1.AdminService/StopService": _user("control:write", "operator"),
    "/soma.control.v1.AdminService/RestartService": _user("control:write", "operator"),
    "/soma.control.v1.AdminService/GetDiagnostics": _user("control:read", "operator"),
    "/soma.control.v1.FeatureService/GetFeatures": _user(
        "control:read", "viewer", "chat", "cognitive", "memory", "governor"
    ),
    "/soma.control.v1.FeatureService/UpdateFeatures": _user("control:write", "operator"),
    "/soma.control.v1.EventService/ListEvents": _user("control:read", "operator"),
    "/soma.control.v1.EventService/WatchEvents": _user("control:read", "operator"),
    "/soma.control.v1.EventService/ReplayEvents": _user("control:write", "operator"),
    "/soma.control.v1.UsageService/GetUsage": _user("control:read", "operator"),
    "/soma.control.v1.TenantService/CreateTenant": _makes_a_key("tenants:write", "admin"),
    "/soma.control.v1.TenantService/GetTenant": _user("tenants:read", "admin"),
    "/soma.control.v1.TenantService/ListTenants": _user("tenants:read", "admin"),
    "/soma.control.v1.TenantService/UpdateTenant": _user("tenants:write", "admin"),
    "/soma.control.v1.ApiKeyService/CreateApiKey": _makes_a_key("keys:write", "operator"),
    "/soma.control.v1.ApiKeyService/ListApiKeys": _user("keys:read", "operator"),
    "/soma.control.v1.ApiKeyService/RevokeApiKey": _user("keys:write", "operator"),
    "/soma.control.v1.ApiKeyService/RotateApiKey": _makes_a_key("keys:write", "operator"),
    "/soma.control.v1.ApiKeyService/ExchangeApiKey": _internal(
        "edge", "chat", "governor", "memory", "cognitive", "control"
    ),
    "/soma.control.v1.SessionService/ClaimTicket": _internal("edge", finds_repeats=True),
    "/soma.control.v1.SessionService/EndSession": _internal("edge", finds_repeats=True),
    "/soma.control.v1.SessionService/ListEndedSessions": _internal("edge"),
    "/soma.control.v1.FeatureService/WatchFeatures": _internal("chat", "edge", "cognitive", "memory", "governor"),
    "/soma.control.v1.SagaService/ListSagas": _user("control:read", "operator"),
    "/soma.control.v1.SagaService/GetSaga": _user("control:read", "operator"),
    "/soma.control.v1.SagaService/ResumeSaga": _user("control:write", "operator"),
    "/soma.control.v1.SagaService/CompensateSaga": _user("control:write", "operator"),
    "/soma.control.v1.DlqService/ListDeadLetters": _user("control:read", "operator"),
    "/soma.control.v1.DlqService/GetDeadLetter": _user("control:read", "operator"),
    "/soma.control.v1.DlqService/RetryDeadLetter": _user("control:write", "operator"),
    "/soma.control.v1.DlqService/RetryDeadLetters": _user("control:write", "operator"),
    "/soma.control.v1.DlqService/DiscardDeadLetter": _user("control:write", "operator"),
    "/soma.events.v1.HouseOperationsService/ListSagas": _internal("control"),
    "/soma.events.v1.HouseOperationsService/GetSaga": _internal("control"),
    "/soma.events.v1.HouseOperationsService/ResumeSaga": _internal("control"),
    "/soma.events.v1.HouseOperationsService/CompensateSaga": _internal("control"),
    "/soma.events.v1.HouseOperationsService/ListDeadLetters": _internal("control"),
    "/soma.events.v1.HouseOperationsService/GetDeadLetter": _internal("control"),
    "/soma.events.v1.HouseOperationsService/RetryDeadLetter": _internal("control"),
    "/soma.events.v1.HouseOperationsService/RetryDeadLetters": _internal("control"),
    "/soma.events.v1.HouseOperationsService/DiscardDeadLetter": _internal("control"),
    "/soma.events.v1.HouseOperationsService/EraseSubject": _internal("memory"),
}
