"""Servicer of the neuromodulators: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from typing import Any

from servers.cognitive.domain.neuromodulators import NAMES
from servers.cognitive.encoding.states import named, state_messages, timestamp_of
from servers.cognitive.keeping.states import Moment, States, Update
from servers.cognitive.rpc.whose import agent_of, own_tenant, tenant
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc


class NeuromodulatorServicer(neuromodulator_grpc.NeuromodulatorServiceServicer):
    """`soma.cognitive.v1.NeuromodulatorService`."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def GetNeuromodulators(  # noqa: N802 - the contract's name
        self, request: neuromodulator_pb.GetNeuromodulatorsRequest, _: Any
    ) -> neuromodulator_pb.GetNeuromodulatorsResponse:
        """The values now."""
        own_tenant(request.tenant_id)
        agent_id = agent_of(request.agent_id)
        moment = await self._states.read(tenant(), agent_id)
        return neuromodulator_pb.GetNeuromodulatorsResponse(
            **named(moment.values),
            timestamp=timestamp_of(moment),
            state_version=moment.state.version,
            states=state_messages(moment),
            agent_id=str(agent_id),
        )

    async def UpdateNeuromodulators(  # noqa: N802 - the contract's name
        self, request: neuromodulator_pb.UpdateNeuromodulatorsRequest, _: Any
    ) -> neuromodulator_pb.UpdateNeuromodulatorsResponse:
        """Set values by hand."""
        own_tenant(request.tenant_id)
        wanted = {name: getattr(request, name) for name in NAMES if _is_set(request, name)}
        update = Update(wanted, request.relative, request.refuse_out_of_range)
        return await self._states.update(tenant(), agent_of(request.agent_id), update, _updated)

    async def ResetNeuromodulators(  # noqa: N802 - the contract's name
        self, request: neuromodulator_pb.ResetNeuromodulatorsRequest, _: Any
    ) -> neuromodulator_pb.ResetNeuromodulatorsResponse:
        """Set all values to their baselines."""
        return await self._states.reset(tenant(), agent_of(request.agent_id), _reset)


def _is_set(request: Any, name: str) -> bool:
    return bool(request.HasField(name))


def _updated(moment: Moment, clamped: tuple[str, ...]) -> neuromodulator_pb.UpdateNeuromodulatorsResponse:
    return neuromodulator_pb.UpdateNeuromodulatorsResponse(
        **named(moment.values), timestamp=timestamp_of(moment), state_version=moment.state.version, clamped=clamped
    )


def _reset(moment: Moment) -> neuromodulator_pb.ResetNeuromodulatorsResponse:
    return neuromodulator_pb.ResetNeuromodulatorsResponse(
        states=state_messages(moment), state_version=moment.state.version
    )
