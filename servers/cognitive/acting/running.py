"""An action that runs: step after step is weighed, written and kept, then what comes next is planned.

Each step is written before anything is stored for it, and what came of storing afterwards: whoever asks again with the
same request goes on where it stopped, and nothing is decided twice. Nothing here knows how a request is read.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from servers.cognitive.acting import wording
from servers.cognitive.acting.meanings import Meanings
from servers.cognitive.acting.order import Mind, Order
from servers.cognitive.acting.remembering import Kept, Known, Remembering
from servers.cognitive.acting.store import Action, ActStore, Taken
from servers.cognitive.domain.planning import plan
from servers.cognitive.domain.salience import act_threshold, judge, salience_of, unit
from servers.cognitive.domain.tasks import MOST_STEPS, steps_of
from servers.cognitive.domain.working_memory import WorkingMemory, keep, key_of, meet, novelty_of
from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import current_call

T = TypeVar("T")

# A step is begun where so much time is left; one that is cut off would say nothing.
STEP_SECONDS: Final = 0.35
MOST_CHARACTERS: Final = 500
_STARTS: Final = 3
_SHOWN_ITEMS: Final = 3
_ALIKE: Final = 0.05
# As often as others may be quicker in the same session.
_TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Parts:
    """What an action works with."""

    store: ActStore
    meanings: Meanings
    remembering: Remembering
    clock: Clock


class Running:
    """One action, from where it stands on."""

    def __init__(self, parts: Parts, order: Order, mind: Mind, so_far: Action | None) -> None:
        self._parts, self._order, self._mind = parts, order, mind
        self._storing = so_far is not None and so_far.storing
        self._memory = WorkingMemory()
        self._starts: dict[UUID, float] = {}
        self.answer = act_pb.ActResponse(
            task=order.task, session_id=order.session.session_id, plan_universe=order.place
        )
        if so_far is not None:
            self.answer.ParseFromString(so_far.answer)

    async def steps(self) -> AsyncGenerator[act_pb.ActStep, None]:
        """The steps, those that were done before first; ends early where time does."""
        results = self.answer.results
        if self._storing:
            await _whole(self._end_storing())
        for step in results:
            self._note_starts(step)
            yield step
        self._memory = await self._parts.store.session(self._order.session)
        wanted = steps_of(self._order.task)
        for text in wanted[len(results) : MOST_STEPS]:
            if _out_of_time():
                self._partial(f"The time of the call was over after step {len(results)} of {len(wanted)}.")
                return
            yield await _whole(self._step(text))
        if len(wanted) > MOST_STEPS:
            self._partial(f"The task has {len(wanted)} steps, of which the first {MOST_STEPS} were looked at.")

    async def end(self) -> act_pb.ActResponse:
        """The plan, and the whole answer; from then on the request has this answer."""
        await self._plan()
        if self._order.dry_run:
            return self.answer
        order, steps = self._order, len(self.answer.results)
        body = self.answer.SerializeToString()
        ended = await self._parts.store.end(order.session, order.asked, steps, body, self._parts.clock.now())
        if ended is None:
            raise SomaError(Reason.CONFLICT)
        return act_pb.ActResponse.FromString(ended.answer)

    async def _step(self, text: str) -> act_pb.ActStep:
        parts = self._parts
        known = await parts.remembering.recall(text)
        direction = await parts.meanings.direction(text)
        for _ in range(_TRIES):
            step = await self._weighed(text, direction, known)
            if await self._taken(step, direction):
                break
            await self._look_again()
        else:
            raise SomaError(Reason.CONFLICT)
        if self._storing:
            await self._end_storing()
        self._note_starts(step)
        return self.answer.results[-1]

    async def _weighed(self, text: str, direction: bytes, known: Known) -> act_pb.ActStep:
        """What the step is worth, by what the session has in mind now."""
        items = self._memory.items
        alike = await self._parts.meanings.likenesses(direction, [(item.likeness, item.text) for item in items])
        novelty = novelty_of(alike)
        error = 1.0 - max((unit(hit.score) for hit in known.hits), default=0.0) if known.answered else 0.0
        nearest = sorted(zip(alike, items, strict=True), key=lambda each: (-each[0], each[1].key))[:_SHOWN_ITEMS]
        step = act_pb.ActStep(
            step=text, novelty=novelty, pred_error=error, salience=salience_of(novelty, error, self._mind.values)
        )
        for likeness, item in nearest:
            if likeness > _ALIKE:
                memory_id = str(item.memory_id or "")
                step.wm_hits.add(memory_id=memory_id, text=item.text[:MOST_CHARACTERS], score=unit(likeness))
        step.memory_hits.extend(map(_hit, known.hits))
        number = len(self.answer.results) + 1
        if known.why:
            beside = "" if known.answered else ", so it counts as expected"
            self._partial(f"Step {number} was not compared with all that is remembered{beside}: {known.why}")
        return step

    async def _taken(self, step: act_pb.ActStep, direction: bytes) -> bool:
        """Decide on the step and write it; False, and nothing done, where the session has moved meanwhile."""
        parts, order, mind, now = self._parts, self._order, self._mind, self._parts.clock.now()
        judged = judge(self._memory.gates, step.salience, mind.store_threshold, act_threshold(mind.values))
        met = meet(self._memory, step.step, step.salience, now, direction)
        step.acted, step.store_threshold, step.act_threshold = (
            judged.gates.act,
            judged.store_threshold,
            judged.act_threshold,
        )
        matters = judged.gates.store or met.promoted
        storing = matters and met.item.memory_id is None and not order.dry_run
        step.memory_id = str(met.item.memory_id or "")
        if not storing:
            step.policy = _policy(step, matters)
        answer = act_pb.ActResponse()
        answer.CopyFrom(self.answer)
        answer.results.append(step)
        steps = len(answer.results)
        taken = Taken(met, judged.gates, now, steps, answer.SerializeToString(), storing)
        if not order.dry_run and not await parts.store.take_step(order.session, order.asked, taken):
            return False
        self.answer, self._storing = answer, storing
        self._memory = WorkingMemory(self._memory.version + 1, judged.gates, met.memory.items)
        return True

    async def _look_again(self) -> None:
        """Another action was quicker in this session. Raises CONFLICT where it was this very one, asked twice."""
        order = self._order
        action = await self._parts.store.action(order.session, order.asked.request_id)
        if (0 if action is None else action.steps) != len(self.answer.results):
            raise SomaError(Reason.CONFLICT)
        self._memory = await self._parts.store.session(order.session)

    async def _end_storing(self) -> None:
        """Store the last step, and write what came of it."""
        order, number = self._order, len(self.answer.results)
        step = self.answer.results[-1]
        kept = await self._parts.remembering.keep(self._request(step, number))
        self._say(step, number, kept)
        body, key = self.answer.SerializeToString(), key_of(step.step)
        if not await self._parts.store.end_storing(order.session, order.asked, key, kept.memory_id, number, body):
            raise SomaError(Reason.CONFLICT)
        self._storing = False
        if kept.memory_id is not None:
            self._memory = keep(self._memory, key, kept.memory_id)

    def _say(self, step: act_pb.ActStep, number: int, kept: Kept) -> None:
        if kept.memory_id is not None:
            step.stored, step.memory_id, step.policy = True, str(kept.memory_id), wording.kept(step)
            return
        step.policy = wording.failed(step, kept.why)
        if not kept.refused:
            self._partial(f"Step {number} was not kept: {kept.why}")

    def _request(self, step: act_pb.ActStep, number: int) -> service_pb.StoreMemoryRequest:
        order = self._order
        return service_pb.StoreMemoryRequest(
            namespace=order.place,
            kind=memory_pb.MEMORY_KIND_EPISODIC,
            text=step.step,
            source_id=f"session:{order.session.session_id}",
            importance=step.salience,
            recalled_memory_ids=[hit.memory_id for hit in step.memory_hits],
            request_id=str(order.key_of_step(number)),
        )

    def _note_starts(self, step: act_pb.ActStep) -> None:
        """A plan begins at what fits best."""
        for hit in step.memory_hits:
            memory_id = UUID(hit.memory_id)
            self._starts[memory_id] = max(hit.score, self._starts.get(memory_id, 0.0))

    async def _plan(self) -> None:
        best = sorted(self._starts, key=lambda each: (-self._starts[each], each))[:_STARTS]
        around = await self._parts.remembering.around(best)
        # What may not be shown leads nowhere.
        links = [link for link in around.links if link.target in around.texts]
        self.answer.plan[:] = [around.texts[each][:MOST_CHARACTERS] for each in plan(best, links)]
        if around.why:
            self._partial(f"The plan may lack steps: {around.why}")

    def _partial(self, why: str) -> None:
        self.answer.partial = True
        if why not in self.answer.partial_reasons:
            self.answer.partial_reasons.append(why)


def _policy(step: act_pb.ActStep, matters: bool) -> str:
    if step.memory_id:
        return wording.kept_before(step)
    return wording.would_be_kept(step) if matters else wording.not_kept(step)


def _hit(hit: memory_pb.MemoryHit) -> act_pb.ActHit:
    text = hit.memory.text[:MOST_CHARACTERS]
    return act_pb.ActHit(memory_id=hit.memory.memory_id, text=text, score=unit(hit.score))


def _out_of_time() -> bool:
    remaining = current_call().remaining_seconds()
    return remaining is not None and remaining < STEP_SECONDS


async def _whole(work: Awaitable[T]) -> T:
    """The work, all of it: who is cancelled meanwhile leaves when it is done, so that nothing is half done."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait((task,))
        raise
