"""Servicer of modulation: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from typing import Any
from uuid import UUID

from servers.cognitive.decoding.states import baseline_of, bases_of, facts_of
from servers.cognitive.domain.effects import Bases, knobs_of
from servers.cognitive.domain.state import changes_of
from servers.cognitive.encoding.states import effect_message, modulation_message, named
from servers.cognitive.keeping.states import States
from servers.cognitive.rpc.pages import version_before
from servers.cognitive.rpc.whose import agent_of, tenant
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.paging import next_page_token, page_of


class ModulationServicer(modulation_grpc.ModulationServiceServicer):
    """`soma.cognitive.v1.ModulationService`."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def GetModulation(  # noqa: N802 - the contract's name
        self, request: modulation_pb.GetModulationRequest, _: Any
    ) -> modulation_pb.GetModulationResponse:
        """The knobs for one turn."""
        moment = await self._states.read(tenant(), UUID(request.agent_id), baseline_of(request))
        knobs = knobs_of(moment.values, bases_of(request.bases), frozenset(request.effects_off))
        return modulation_pb.GetModulationResponse(modulation=modulation_message(moment, knobs))

    async def ObserveTurn(  # noqa: N802 - the contract's name
        self, request: modulation_pb.ObserveTurnRequest, _: Any
    ) -> modulation_pb.ObserveTurnResponse:
        """Apply a turn's outcome, once."""
        version, values = await self._states.observe_turn(
            tenant(), UUID(request.agent_id), UUID(request.turn_id), facts_of(request.facts), baseline_of(request)
        )
        neuromodulators = common_pb.Neuromodulators(**named(values))
        return modulation_pb.ObserveTurnResponse(neuromodulators=neuromodulators, state_version=version)

    async def ExplainState(  # noqa: N802 - the contract's name
        self, request: modulation_pb.ExplainStateRequest, _: Any
    ) -> modulation_pb.ExplainStateResponse:
        """What moved the values and what they change."""
        agent_id = agent_of(request.agent_id)
        filter_words = {"agent_id": str(agent_id)}
        page = page_of(request.page_size, request.page_token, filter_words)
        before = version_before(page)
        explanation = await self._states.explain(tenant(), agent_id, page.size, before)
        answer = modulation_pb.ExplainStateResponse(
            neuromodulators=common_pb.Neuromodulators(**named(explanation.moment.values)),
            state_version=explanation.moment.state.version,
            effects=[effect_message(effect) for effect in knobs_of(explanation.moment.values, Bases()).effects],
            agent_id=str(agent_id),
        )
        for line in explanation.lines:
            for change in changes_of(line):
                answer.changes.add(
                    name=change.name,
                    before=change.before,
                    after=change.after,
                    cause=change.cause,
                    turn_id=str(line.turn_id or ""),
                    state_version=line.version,
                ).time.FromDatetime(line.time)
        if explanation.more:
            answer.next_page_token = next_page_token((explanation.lines[-1].version,), filter_words)
        return answer
