"""Use cases of acting: begin an action or go on with one, and look at what a session has in mind.

What a step does stands in `running.py`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from servers.cognitive.acting.meanings import Meanings
from servers.cognitive.acting.order import Mind, Order
from servers.cognitive.acting.remembering import Place, Remembering
from servers.cognitive.acting.running import Parts, Running
from servers.cognitive.acting.store import ActStore, Session
from servers.cognitive.domain.effects import Bases
from servers.cognitive.domain.planning import MOST_SECONDS
from servers.cognitive.domain.sleeping import SleepState
from servers.cognitive.domain.working_memory import Item, most_salient
from servers.cognitive.encoding.adaptation import retrieval_message
from servers.cognitive.keeping.minds import Minds
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Database


class Acting:
    """The actions of all persons and agents."""

    def __init__(
        self,
        database: Database,
        minds: Minds,
        memory: MemoryServiceStub,
        meanings: Meanings,
        clock: Clock,
        plan_seconds: float = MOST_SECONDS,
    ) -> None:
        self._store = ActStore(database)
        self._minds, self._memory, self._clock = minds, memory, clock
        self._meanings, self._plan_seconds = meanings, plan_seconds

    async def act(self, order: Order) -> AsyncGenerator[act_pb.ActStep | act_pb.ActResponse, None]:
        """The steps as they are done, then the whole action; asked again, the same, and on from where it was cut off.

        Raises REQUEST_ID_REUSED, AGENT_FROZEN, and CONFLICT where the same action runs in another call.
        """
        so_far = await self._store.action(order.session, order.asked.request_id)
        if so_far is not None and so_far.body_hash != order.asked.body_hash:
            raise SomaError(Reason.REQUEST_ID_REUSED, {"request_id": str(order.asked.request_id)})
        if so_far is not None and so_far.done:
            answer = act_pb.ActResponse.FromString(so_far.answer)
            for step in answer.results:
                yield step
            yield answer
            return
        mind = await self._mind(order)
        place = Place(order.session.agent_id, order.universe, mind)
        remembering = Remembering(self._memory, place, self._plan_seconds)
        running = Running(Parts(self._store, self._meanings, remembering, self._clock), order, mind, so_far)
        async with aclosing(running.steps()) as steps:
            async for step in steps:
                yield step
        yield await running.end()

    async def in_mind(self, session: Session) -> list[Item]:
        """What the session has in mind, the most salient first."""
        return most_salient(await self._store.session(session))

    async def _mind(self, order: Order) -> Mind:
        """The agent's mind now. Raises AGENT_FROZEN."""
        agent_id = order.session.agent_id
        now = await self._minds.read(order.session.tenant_id, agent_id)
        modulation = now.modulation(Bases(recall_limit=order.top_k))
        if modulation.sleep_state is SleepState.FREEZE:
            raise SomaError(Reason.AGENT_FROZEN, {"agent_id": str(agent_id)})
        knobs = modulation.knobs
        return Mind(
            modulation.values,
            knobs.store_threshold,
            knobs.recall_limit,
            knobs.recall_time_factor,
            retrieval_message(modulation.adaptation.weights),
        )
