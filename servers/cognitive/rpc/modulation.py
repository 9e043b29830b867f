"""Servicer of modulation: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from typing import Any
from uuid import UUID

from servers.cognitive.decoding.states import baseline_of, turn_of, wanted_of
from servers.cognitive.domain.effects import Bases
from servers.cognitive.domain.state import changes_of
from servers.cognitive.encoding.states import change_message, effect_message, modulation_message, named
from servers.cognitive.keeping.diagnosing import Diagnostics
from servers.cognitive.keeping.minds import Minds
from servers.cognitive.keeping.states import States
from servers.cognitive.rpc.pages import version_before
from servers.cognitive.rpc.whose import agent_of, tenant
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.paging import next_page_token, page_of


class ModulationServicer(modulation_grpc.ModulationServiceServicer):
    """`soma.cognitive.v1.ModulationService`."""

    def __init__(self, minds: Minds, states: States, diagnostics: Diagnostics) -> None:
        self._minds = minds
        self._states = states
        self._diagnostics = diagnostics

    async def GetModulation(  # noqa: N802 - the contract's name
        self, request: modulation_pb.GetModulationRequest, _: Any
    ) -> modulation_pb.GetModulationResponse:
        """The knobs for one turn."""
        now = await self._minds.read(tenant(), UUID(request.agent_id), baseline_of(request))
        modulation = now.modulation(*wanted_of(request))
        return modulation_pb.GetModulationResponse(modulation=modulation_message(modulation))

    async def ObserveTurn(  # noqa: N802 - the contract's name
        self, request: modulation_pb.ObserveTurnRequest, _: Any
    ) -> modulation_pb.ObserveTurnResponse:
        """Apply a turn's outcome, once."""
        agent_id, turn = UUID(request.agent_id), turn_of(request)
        now = await self._minds.observe_turn(tenant(), agent_id, turn, baseline_of(request))
        following = now.modulation(*wanted_of(request))
        return modulation_pb.ObserveTurnResponse(
            neuromodulators=common_pb.Neuromodulators(**named(now.values)),
            state_version=now.mind.state.version,
            next=modulation_message(following),
        )

    async def ExplainState(  # noqa: N802 - the contract's name
        self, request: modulation_pb.ExplainStateRequest, _: Any
    ) -> modulation_pb.ExplainStateResponse:
        """What moved the values, and what they and sleep change."""
        agent_id = agent_of(request.agent_id)
        filter_words = {"agent_id": str(agent_id)}
        page = page_of(request.page_size, request.page_token, filter_words)
        before = version_before(page)
        now = await self._minds.read(tenant(), agent_id)
        lines, more = await self._states.changes(tenant(), agent_id, page.size, before)
        knobs = now.modulation(Bases()).knobs
        return modulation_pb.ExplainStateResponse(
            neuromodulators=common_pb.Neuromodulators(**named(now.values)),
            state_version=now.mind.state.version,
            effects=[effect_message(effect) for effect in knobs.effects],
            changes=[change_message(change) for line in lines for change in changes_of(line)],
            next_page_token=next_page_token((lines[-1].version,), filter_words) if more else "",
            agent_id=str(agent_id),
        )

    async def GetDiagnostics(  # noqa: N802 - the contract's name
        self, request: modulation_pb.GetDiagnosticsRequest, _: Any
    ) -> modulation_pb.GetDiagnosticsResponse:
        """What a mind consists of and whether it is sound."""
        agent_id = agent_of(request.agent_id)
        found = await self._diagnostics.examine(tenant(), agent_id)
        return modulation_pb.GetDiagnosticsResponse(
            agent_id=str(agent_id),
            state_version=found.mind.state.version,
            adaptation_version=found.mind.adaptation.version,
            sleep_version=found.mind.sleep.version,
            log_length=found.log_length,
            findings=[
                modulation_pb.Finding(name=finding.name, sound=finding.sound, sentence=finding.sentence)
                for finding in found.findings
            ],
        )
