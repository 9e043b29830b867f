"""Servicers of the cognitive service: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from servers.cognitive.domain.effects import Bases, Effect, Knobs, knobs_of
from servers.cognitive.domain.neuromodulators import BOUNDS, NAMES, Values, clamp
from servers.cognitive.domain.signals import Facts
from servers.cognitive.domain.state import changes_of
from servers.cognitive.states import NEWEST, Moment, States, Update
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.paging import Page, next_page_token, page_of, unreadable_token
from soma_common.kernel.tenancy import TenantId, default_agent_id
from soma_common.rpc.call import current_call


def _tenant() -> TenantId:
    return current_call().caller.tenant_id


def _agent(agent_id: str) -> UUID:
    return UUID(agent_id) if agent_id else default_agent_id(_tenant())


def _values(message: common_pb.Neuromodulators) -> Values:
    return clamp(Values(*(getattr(message, name) for name in NAMES)))


def _baseline(request: Any) -> Values | None:
    return _values(request.baseline) if request.HasField("baseline") else None


def _named(values: Values) -> dict[str, float]:
    return {name: values.get(name) for name in NAMES}


def _time(moment: Moment) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment.time)
    return stamp


def _effect(effect: Effect) -> common_pb.ModulationEffect:
    return common_pb.ModulationEffect(
        name=effect.name,
        before=effect.before,
        after=effect.after,
        sentence=effect.sentence,
        switched_off=effect.switched_off,
    )


def _states(moment: Moment) -> list[neuromodulator_pb.NeuromodulatorState]:
    return [
        neuromodulator_pb.NeuromodulatorState(
            name=name,
            value=moment.values.get(name),
            baseline=moment.state.baseline.get(name),
            minimum=BOUNDS[name].minimum,
            maximum=BOUNDS[name].maximum,
        )
        for name in NAMES
    ]


def modulation_message(moment: Moment, knobs: Knobs) -> common_pb.Modulation:
    """The knobs of a turn as the contract has them; the retrieval weights are the defaults as yet."""
    return common_pb.Modulation(
        neuromodulators=common_pb.Neuromodulators(**_named(moment.values)),
        state_version=moment.state.version,
        temperature=knobs.temperature,
        top_p=knobs.top_p,
        tool_k_delta=knobs.tool_k_delta,
        max_tool_rounds=knobs.max_tool_rounds,
        max_retries=knobs.max_retries,
        warm_style=knobs.warm_style,
        history_share_delta=knobs.history_share_delta,
        recall_limit=knobs.recall_limit,
        learning_rate_factor=knobs.learning_rate_factor,
        store_threshold=knobs.store_threshold,
        retrieval_weights=common_pb.RetrievalWeights(vector=1.0, graph=0.2, recency=0.1, lexical=1.0, temperature=0.7),
        effects=[_effect(effect) for effect in knobs.effects],
    )


class ModulationServicer(modulation_grpc.ModulationServiceServicer):
    """`soma.cognitive.v1.ModulationService`."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def GetModulation(  # noqa: N802 - the contract's name
        self, request: modulation_pb.GetModulationRequest, _: Any
    ) -> modulation_pb.GetModulationResponse:
        """The knobs for one turn."""
        moment = await self._states.read(_tenant(), UUID(request.agent_id), _baseline(request))
        bases = Bases(
            temperature=request.bases.temperature,
            top_p=request.bases.top_p,
            max_tool_rounds=request.bases.max_tool_rounds,
            max_retries=request.bases.max_retries,
            recall_limit=request.bases.recall_limit,
        )
        knobs = knobs_of(moment.values, bases, frozenset(request.effects_off))
        return modulation_pb.GetModulationResponse(modulation=modulation_message(moment, knobs))

    async def ObserveTurn(  # noqa: N802 - the contract's name
        self, request: modulation_pb.ObserveTurnRequest, _: Any
    ) -> modulation_pb.ObserveTurnResponse:
        """Apply a turn's outcome, once."""
        version, values = await self._states.observe_turn(
            _tenant(), UUID(request.agent_id), UUID(request.turn_id), _facts(request.facts), _baseline(request)
        )
        neuromodulators = common_pb.Neuromodulators(**_named(values))
        return modulation_pb.ObserveTurnResponse(neuromodulators=neuromodulators, state_version=version)

    async def ExplainState(  # noqa: N802 - the contract's name
        self, request: modulation_pb.ExplainStateRequest, _: Any
    ) -> modulation_pb.ExplainStateResponse:
        """What moved the values and what they change."""
        agent_id = _agent(request.agent_id)
        filter_words = {"agent_id": str(agent_id)}
        page = page_of(request.page_size, request.page_token, filter_words)
        before = _version_before(page)
        explanation = await self._states.explain(_tenant(), agent_id, page.size, before)
        answer = modulation_pb.ExplainStateResponse(
            neuromodulators=common_pb.Neuromodulators(**_named(explanation.moment.values)),
            state_version=explanation.moment.state.version,
            effects=[_effect(effect) for effect in knobs_of(explanation.moment.values, Bases()).effects],
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


def _version_before(page: Page) -> int | None:
    match page.after:
        case None:
            return None
        case (int(version),) if 0 < version <= NEWEST:
            return version
    raise unreadable_token()


def _facts(facts: modulation_pb.TurnFacts) -> Facts:
    return Facts(
        finish_reason=facts.finish_reason,
        error_reason=facts.error_reason,
        interrupted=facts.interrupted,
        tool_attempts=facts.tool_attempts,
        tool_successes=facts.tool_successes,
        memories_used=facts.memories_used,
        novelty=facts.novelty,
        urgency=facts.urgency,
        correction=facts.correction,
        failed_dependencies=tuple(facts.failed_dependencies),
        aiq_observed=facts.aiq_observed,
        aiq_predicted=facts.aiq_predicted,
    )


class NeuromodulatorServicer(neuromodulator_grpc.NeuromodulatorServiceServicer):
    """`soma.cognitive.v1.NeuromodulatorService`."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def GetNeuromodulators(  # noqa: N802 - the contract's name
        self, request: neuromodulator_pb.GetNeuromodulatorsRequest, _: Any
    ) -> neuromodulator_pb.GetNeuromodulatorsResponse:
        """The values now."""
        agent_id = _agent(request.agent_id)
        moment = await self._states.read(_tenant(), agent_id)
        return neuromodulator_pb.GetNeuromodulatorsResponse(
            **_named(moment.values),
            timestamp=_time(moment),
            state_version=moment.state.version,
            states=_states(moment),
            agent_id=str(agent_id),
        )

    async def UpdateNeuromodulators(  # noqa: N802 - the contract's name
        self, request: neuromodulator_pb.UpdateNeuromodulatorsRequest, _: Any
    ) -> neuromodulator_pb.UpdateNeuromodulatorsResponse:
        """Set values by hand."""
        wanted = {name: getattr(request, name) for name in NAMES if _is_set(request, name)}
        update = Update(wanted, request.relative, request.refuse_out_of_range)
        return await self._states.update(_tenant(), _agent(request.agent_id), update, _updated)

    async def ResetNeuromodulators(  # noqa: N802 - the contract's name
        self, request: neuromodulator_pb.ResetNeuromodulatorsRequest, _: Any
    ) -> neuromodulator_pb.ResetNeuromodulatorsResponse:
        """Set all values to their baselines."""
        return await self._states.reset(_tenant(), _agent(request.agent_id), _reset)


def _is_set(request: Any, name: str) -> bool:
    return bool(request.HasField(name))


def _updated(moment: Moment, clamped: tuple[str, ...]) -> neuromodulator_pb.UpdateNeuromodulatorsResponse:
    return neuromodulator_pb.UpdateNeuromodulatorsResponse(
        **_named(moment.values), timestamp=_time(moment), state_version=moment.state.version, clamped=clamped
    )


def _reset(moment: Moment) -> neuromodulator_pb.ResetNeuromodulatorsResponse:
    return neuromodulator_pb.ResetNeuromodulatorsResponse(states=_states(moment), state_version=moment.state.version)
