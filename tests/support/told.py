"""Which events each mutating method leads to, and why some have none of their own: data for the tests that prove it."""

from collections.abc import Mapping
from typing import Final

# Written in the transaction of the change, by the house of the method.
TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "/soma.chat.v1.AgentService/CreateAgent": ("agent.created",),
    "/soma.chat.v1.AgentService/UpdateAgent": ("agent.updated",),
    "/soma.chat.v1.AgentService/ArchiveAgent": ("agent.archived",),
    "/soma.chat.v1.ConversationService/CreateConversation": ("conversation.created",),
    "/soma.chat.v1.ConversationService/UpdateConversation": ("conversation.updated",),
    "/soma.chat.v1.ConversationService/DeleteConversation": (
        "conversation.deleted",
        "saga.started",
        "conversation.erased",
        "saga.completed",
    ),
    "/soma.chat.v1.ConversationService/ImportConversation": ("conversation.imported",),
    "/soma.chat.v1.TurnService/SendMessage": ("turn.started", "turn.completed"),
    "/soma.chat.v1.TurnService/CancelTurn": ("turn.cancelled",),
    "/soma.chat.v1.TurnService/RegenerateMessage": ("turn.started", "turn.completed"),
    "/soma.chat.v1.TurnService/EditMessage": ("turn.started", "turn.completed"),
    "/soma.chat.v1.TurnService/RateTurn": ("turn.rated",),
    "/soma.chat.v1.TurnService/SubmitToolResult": ("turn.tool_result", "turn.started"),
    "/soma.chat.v1.TurnService/ResolveApproval": ("approval.resolved",),
    "/soma.chat.v1.ModelService/CreateModel": ("model.created",),
    "/soma.chat.v1.ModelService/UpdateModel": ("model.updated",),
    "/soma.chat.v1.ModelService/DeleteModel": ("model.deleted",),
    "/soma.chat.v1.ModelService/SetDefaultModel": ("model.default_set",),
    "/soma.governor.v1.GovernorService/SettleTurn": ("governor.settled",),
    "/soma.governor.v1.GovernorService/SetBudget": ("governor.budget.changed",),
    "/soma.governor.v1.GovernorService/UpdateConfig": ("governor.config.changed",),
    "/soma.memory.v1.MemoryService/StoreMemory": ("memory.stored",),
    "/soma.memory.v1.MemoryService/DeleteMemory": ("memory.forgotten",),
    "/soma.memory.v1.MemoryService/DeleteBySource": ("memory.forgotten", "memory.updated"),
    "/soma.memory.v1.MemoryService/BatchStoreMemories": ("memory.stored",),
    "/soma.memory.v1.MemoryService/UpdateMemory": ("memory.updated",),
    "/soma.memory.v1.MemoryService/CorrectMemory": ("memory.stored", "memory.superseded"),
    "/soma.memory.v1.MemoryService/LinkMemories": ("memory.linked",),
    "/soma.memory.v1.MemoryService/UnlinkMemories": ("memory.unlinked",),
    "/soma.memory.v1.MemoryService/SweepMemories": ("memory.swept",),
    "/soma.memory.v1.MemoryService/RestoreSweep": ("memory.sweep.restored",),
    "/soma.memory.v1.MemoryService/Consolidate": ("memory.consolidated",),
    "/soma.memory.v1.MemoryService/RollbackConsolidation": ("memory.consolidation.rolled_back",),
    "/soma.memory.v1.MemoryService/QuarantineSource": ("memory.quarantined",),
    "/soma.memory.v1.MemoryService/RestoreSource": ("memory.quarantine.lifted",),
    "/soma.memory.v1.MemoryService/ForgetSubject": ("memory.erasure.ended",),
    "/soma.cognitive.v1.NeuromodulatorService/UpdateNeuromodulators": ("cognitive.state.changed",),
    "/soma.cognitive.v1.NeuromodulatorService/ResetNeuromodulators": ("cognitive.state.changed",),
    "/soma.cognitive.v1.ModulationService/ObserveTurn": ("cognitive.state.changed",),
    "/soma.cognitive.v1.AdaptationService/RecordFeedback": ("cognitive.adaptation.changed",),
    "/soma.cognitive.v1.AdaptationService/ResetAdaptation": ("cognitive.adaptation.changed",),
    "/soma.cognitive.v1.AdaptationService/RollbackAdaptation": ("cognitive.adaptation.changed",),
    "/soma.cognitive.v1.SleepService/TransitionSleep": ("cognitive.sleep.changed",),
    "/soma.cognitive.v1.SleepService/RunSleepCycle": ("cognitive.cycle.ended",),
    "/soma.cognitive.v1.SleepService/CancelSleepCycle": ("cognitive.cycle.ended",),
    "/soma.cognitive.v1.ThreadService/CreateThread": ("cognitive.thread.changed",),
    "/soma.cognitive.v1.ThreadService/TakeNextOption": ("cognitive.thread.changed",),
    "/soma.cognitive.v1.ThreadService/ChooseOption": ("cognitive.thread.changed",),
    "/soma.cognitive.v1.ThreadService/ResetThread": ("cognitive.thread.changed",),
    "/soma.cognitive.v1.ActService/Act": ("memory.stored",),
    "/soma.cognitive.v1.ActService/StreamAct": ("memory.stored",),
    "/soma.control.v1.AdminService/StartService": ("control.service.commanded",),
    "/soma.control.v1.AdminService/StopService": ("control.service.commanded",),
    "/soma.control.v1.AdminService/RestartService": ("control.service.commanded",),
    "/soma.control.v1.FeatureService/UpdateFeatures": ("control.feature.changed",),
    "/soma.control.v1.TenantService/CreateTenant": ("saga.started", "control.tenant.created"),
    "/soma.control.v1.TenantService/UpdateTenant": ("control.tenant.updated",),
    "/soma.control.v1.ApiKeyService/CreateApiKey": ("control.api_key.created",),
    "/soma.control.v1.ApiKeyService/RevokeApiKey": ("control.api_key.revoked",),
    "/soma.control.v1.ApiKeyService/RotateApiKey": ("control.api_key.rotated",),
    "/soma.events.v1.HouseOperationsService/ResumeSaga": ("saga.resumed",),
    "/soma.events.v1.HouseOperationsService/CompensateSaga": ("saga.compensating",),
    "/soma.events.v1.HouseOperationsService/RetryDeadLetter": ("dead_letter.retried",),
    "/soma.events.v1.HouseOperationsService/RetryDeadLetters": ("dead_letter.retried",),
    "/soma.events.v1.HouseOperationsService/DiscardDeadLetter": ("dead_letter.discarded",),
}
_LEASE: Final = "a hold is a lease that ends by itself: it is told when it is settled"
_ONLY_ASKS: Final = "it changes nothing of its own; the model call it makes is held and settled by the governor"
_PASSES_ON: Final = "it asks the house that has it, which tells"
_USED_UP: Final = "it remembers what was used up at one edge for the others until it expires; nobody else acts on it"

_ONE_OF_MANY: Final = "it is a part of an erasure, which memory tells when all houses are done"
_REPAIRS_A_COPY: Final = "what is true stays as it is; only a copy for searching is made equal to it"

# No event of their own, and why.
NOT_TOLD: Final[Mapping[str, str]] = {
    "/soma.chat.v1.ModelService/GenerateText": _ONLY_ASKS,
    "/soma.chat.v1.ModelService/ProbeModel": _ONLY_ASKS,
    "/soma.governor.v1.GovernorService/PlanTurn": _LEASE,
    "/soma.governor.v1.GovernorService/HoldLeg": _LEASE,
    "/soma.governor.v1.GovernorService/ReleaseReservation": _LEASE,
    "/soma.control.v1.SessionService/ClaimTicket": _USED_UP,
    "/soma.control.v1.SessionService/EndSession": _USED_UP,
    "/soma.control.v1.SagaService/ResumeSaga": _PASSES_ON,
    "/soma.control.v1.SagaService/CompensateSaga": _PASSES_ON,
    "/soma.control.v1.DlqService/RetryDeadLetter": _PASSES_ON,
    "/soma.control.v1.DlqService/RetryDeadLetters": _PASSES_ON,
    "/soma.control.v1.DlqService/DiscardDeadLetter": _PASSES_ON,
    "/soma.memory.v1.MemoryService/RebuildIndex": _REPAIRS_A_COPY,
    "/soma.events.v1.HouseOperationsService/EraseSubject": _ONE_OF_MANY,
}
