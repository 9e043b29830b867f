"""Answering a turn: gather, plan, fill the window, stream the model, each step told as an event.

How events become durable and how a turn ends is not known here.
"""

from collections.abc import Iterator
from typing import Final

from servers.chat.answering.bases import Bases
from servers.chat.answering.basis import Basis
from servers.chat.answering.candidates import gather_sources
from servers.chat.answering.gathering import Gathered, Gatherer
from servers.chat.answering.planning import Planner, offer_of
from servers.chat.answering.rounds import Rounds, bounds_of
from servers.chat.aside import aside
from servers.chat.domain.agent import DEFAULT_CANNED_ANSWER, Agent, resting_answer
from servers.chat.domain.composing import first_call
from servers.chat.domain.context import unsent
from servers.chat.domain.model import ModelRequest
from servers.chat.domain.turn import Step
from servers.chat.models.bodies import sealed
from servers.chat.tools.registry import Tools
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.ending import Outcome
from servers.chat.turns.journal import Journal
from servers.chat.turns.progress import Before, Progress
from servers.chat.turns.running import RunningTurn
from servers.chat.turns.settled import settled_outcome
from servers.chat.turns.settlement import settlement_draft
from soma.chat.v1 import turn_event_pb2
from soma.common.v1 import level_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.kernel.errors import SomaError
from soma_common.tokens import tokenizer_for

# What a notice is called by who demands the level.
_CODES: Final = {"health": "dependency_down", "sleep": "agent_resting"}


class Refusal(Exception):  # noqa: N818 - it carries the error, it is none of its own
    """The turn is refused before its first event."""

    def __init__(self, error: SomaError) -> None:
        super().__init__(error.reason.value)
        self.error = error


class Answering:
    """Answers turns, one call of `answer` each."""

    def __init__(
        self,
        gatherer: Gatherer,
        planner: Planner,
        rounds: Rounds,
        tools: Tools,
        bases: Bases,
        journal: Journal,
    ) -> None:
        self._gatherer = gatherer
        self._planner = planner
        self._rounds = rounds
        self._tools = tools
        self._bases = bases
        self._journal = journal

    async def answer(self, turn: RunningTurn, progress: Progress) -> None:
        """Fills the progress to its end; a turn that another process began goes on after what it told.

        Raises Refusal before the first event, SomaError after it.
        """
        try:
            request = await self._prepare(turn, progress)
        except SomaError as error:
            if turn.begun:
                raise
            raise Refusal(error) from error
        if not turn.begun:
            self._begin(turn, progress)
        elif progress.before is not None and progress.before.from_status == "running":
            turn.add(Step.NOTICE, _taken_over(progress.before))
            self._journal.wants(turn)
        if request is None:
            self._say_canned(turn, progress)
        else:
            await self._rounds.lead(turn, progress, request)

    async def settled(self, turn: RunningTurn, progress: Progress) -> Outcome | None:
        """How a turn that another process began was settled; None where it was not. Raises DEPENDENCY_DOWN."""
        return await settled_outcome(self._planner, turn, progress) if turn.begun else None

    async def _prepare(self, turn: RunningTurn, progress: Progress) -> ModelRequest | None:
        """The call that the plan allows; None at L4."""
        accepted = progress.accepted
        begin = progress.clock.monotonic()
        gathered = progress.gathered = await self._gatherer.gather(accepted, begun=turn.begun)
        progress.measured("recall", begin)
        tokenizer = tokenizer_for(accepted.profile.tokenizer)
        size = _size_of(accepted, gathered)
        offered = self._tools.offered(accepted)
        basis = Basis.of(accepted, bounds_of(progress), [each.tool.prompt for each in offered])
        items = tuple(self._tools.item(each, tokenizer, tokenizer.name) for each in offered)
        sources = await aside(size, gather_sources, accepted, gathered, tokenizer, tokenizer.name, items)
        with progress.phase("plan"):
            plan = progress.plan = await self._planner.plan(accepted, gathered, sources, progress.patience_seconds)
        with progress.phase("context"):
            offer = offer_of(plan, gathered.modulation.recall_limit or gathered.knobs.recall_limit)
            terms = _terms(accepted, gathered, basis, plan.max_output_tokens)
            context, request = await aside(size, first_call, sources, offer, terms, tokenizer)
        called = plan.level != level_pb2.DEGRADATION_LEVEL_L4
        progress.context = context if called else unsent(context)
        sent = {tool.name for tool in context.tools}
        progress.offered = {each.tool.name: each.tool for each in offered if each.tool.name in sent}
        if called and accepted.conversation_id is not None:
            # The words of a transcript are not kept, so nothing can be made again from its basis.
            progress.basis = self._bases.keep(accepted.tenant, basis)
        following = sealed(request) if called else None
        if not turn.begun:
            turn.settlement = settlement_draft(progress, following).SerializeToString()
        return following

    def _begin(self, turn: RunningTurn, progress: Progress) -> None:
        accepted, plan = progress.accepted, progress.plan
        assert plan is not None
        started = turn_event_pb2.TurnStarted(
            conversation_id=str(accepted.conversation_id or ""),
            user_message_id="" if accepted.continues else str(accepted.user_message_id or ""),
            assistant_message_id=str(accepted.assistant_message_id),
            receipt_id=plan.receipt_id,
            model=accepted.profile.profile_id,
            lanes=plan.lanes,
            level=plan.level,
            level_reasons=plan.level_reasons,
            agent_id=str(accepted.agent.agent_id),
            parent_message_id=str(accepted.parent_message_id or ""),
            untitled=accepted.untitled,
        )
        turn.add(Step.STARTED, started)
        for notice in _notices(progress, plan):
            turn.add(Step.NOTICE, notice)
        self._journal.wants(turn)

    def _say_canned(self, turn: RunningTurn, progress: Progress) -> None:
        progress.finish_reason = "stop"
        if progress.answer:
            return
        text = canned_answer(progress.accepted.agent, rested=progress.rested)
        progress.text.append(text)
        turn.add(Step.TEXT, turn_event_pb2.TextDelta(text=text))
        self._journal.wants(turn)


def canned_answer(agent: Agent, *, rested: bool) -> str:
    """What is said at L4; `rested` is by the plan: where another process goes on, the agent may have woken since."""
    if rested:
        return resting_answer(agent.name)
    return agent.canned_answer or DEFAULT_CANNED_ANSWER


def _taken_over(before: Before) -> turn_event_pb2.Notice:
    return turn_event_pb2.Notice(
        code="turn_taken_over",
        sentence="The process that wrote this answer is gone, so another one goes on with it from here.",
        metadata={"from_instance": before.from_instance},
    )


def _terms(accepted: Accepted, gathered: Gathered, basis: Basis, max_output_tokens: int) -> ModelRequest:
    """What holds for the call beside its messages and tools: where the request says nothing, the agent's state does."""
    options, modulation = accepted.order.options, gathered.modulation
    temperature = modulation.temperature if options.temperature is None else options.temperature
    return basis.terms(temperature, modulation.top_p if options.top_p is None else options.top_p, max_output_tokens)


def _size_of(accepted: Accepted, gathered: Gathered) -> int:
    """Roughly how much text the window is chosen from."""
    recalled = sum(len(hit.memory.text) for hit in gathered.hits)
    said = sum(len(message.text) for message in gathered.branch)
    return accepted.order.size_bytes + len(accepted.agent.system_prompt) + recalled + said


def _notices(progress: Progress, plan: governor_pb.PlanTurnResponse) -> Iterator[turn_event_pb2.Notice]:
    """What the person should know before the answer: that it waited, why the level is so, and what did not fit."""
    if progress.before is not None and progress.before.from_status == "queued":
        yield turn_event_pb2.Notice(code="queued", sentence="The message waited until the turn before it had ended.")
    for reason in plan.level_reasons:
        off = "switched off" in reason.sentence
        code = "feature_off" if off else _CODES.get(reason.source, "level_changed")
        yield turn_event_pb2.Notice(code=code, sentence=reason.sentence)
    if progress.context is not None and progress.context.trimmed:
        sentence = "Not everything fits the model's window, so older parts of the conversation were left out or cut."
        yield turn_event_pb2.Notice(code="context_trimmed", sentence=sentence)
