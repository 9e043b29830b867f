"""What is asked of cognition so that each statement runs: what an agent has, then calls and works beside them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from servers.cognitive.acting.store import Action, ActStore, Asked, Session, Taken
from servers.cognitive.adapting.rows import AdaptationStore
from servers.cognitive.domain.salience import Gates
from servers.cognitive.domain.working_memory import Met, key_of, meet
from servers.cognitive.sleeping.store import SleepStore
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as mood_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.tenancy import TenantId
from tests.rpc.cognitive.conftest import Cognition
from tests.rpc.memory.twins import ONE

AGENT: Final = UUID("0198c0de-0000-7000-8000-0000000000b1")
KEY: Final = (TenantId(ONE), AGENT)
SESSION: Final = Session(*KEY, "ada", "s")
ACTION: Final = Asked(UUID("0198c0de-0000-7000-8000-0000000000b2"), b"\x01" * 32)
OTHER_ACTION: Final = Asked(UUID("0198c0de-0000-7000-8000-0000000000b6"), b"\x02" * 32)
CONVERSATION: Final = "0198c0de-0000-7000-8000-0000000000b3"
BASES: Final = common_pb.KnobBases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=10)
CYCLE: Final = UUID("0198c0de-0000-7000-8000-0000000000b4")
# Whose cycle stands still: with no saga behind it nobody may stop it.
SLEEPER: Final = UUID("0198c0de-0000-7000-8000-0000000000b7")
ENDED_CYCLE: Final = UUID("0198c0de-0000-7000-8000-0000000000b5")
# What takes 200 turns, a high load for five minutes, and a cycle that stands still.
MORE: Final = f"""
insert into state_snapshots (tenant_id, agent_id, version, state_values, baseline, as_of, recent_failures)
select tenant_id, agent_id, version, state_values, baseline, as_of, recent_failures from agent_states;
update agent_loads set above_since = time - interval '1 hour';
insert into sleep_cycles (tenant_id, cycle_id, agent_id, state, cause, nrem, rem, token_budget, max_seconds, start_time)
select tenant_id, cycle_id, '{SLEEPER}', state, 'by hand', true, true, 100, 100, as_of
from agent_states, (values ('{CYCLE}'::uuid, 1), ('{ENDED_CYCLE}', 2)) as c (cycle_id, state);
insert into sleep_cycle_groups (tenant_id, cycle_id, number, namespace, memory_ids, state)
select tenant_id, cycle_id, number, 'user:ada', array[cycle_id], 3 - number
from sleep_cycles, generate_series(1, 2) number where state = 1;
"""
STOPPED: Final = f"update sleep_cycles set stopping = true where tenant_id = '{ONE}'"
# What is changed before the same is asked again.
BEFORE: Final = {
    "diagnose a shorter log": f"""
delete from state_log l where tenant_id = '{ONE}'
    and version = (select max(version) from state_log m where m.tenant_id = '{ONE}')
""",
}


def scenes(now: datetime) -> list[tuple[str, tuple[Any, ...], str]]:
    """Statements that no call comes by surely, what they are given, and what is changed beforehand."""
    cycle, group = (ONE, CYCLE), (ONE, CYCLE, 1)
    return [
        ("adapting.sql:forget_lines", (ONE, AGENT, 2), ""),
        ("adapting.sql:forget_turns", (now + timedelta(days=1), 1), ""),
        ("sleeping.sql:take_up_counting", (now, now, 1), ""),
        ("sleeping.sql:find_cause", (ONE, AGENT, 2), ""),
        ("cycles.sql:find", cycle, ""),
        ("cycles.sql:lock", cycle, ""),
        ("cycles.sql:running", (ONE, SLEEPER), ""),
        ("cycles.sql:list", (ONE, SLEEPER, None, None, 9), ""),
        ("cycles.sql:stop", cycle, ""),
        ("cycles.sql:enter_step", (*cycle, "prune"), ""),
        ("cycles.sql:note_problem", (*cycle, "CONFLICT"), ""),
        ("cycles.sql:lay_out", (*cycle, [CYCLE], ["A sentence."]), ""),
        ("cycles.sql:next_group", cycle, ""),
        ("cycles.sql:send_group", (ONE, CYCLE, 2, 50, True), ""),
        ("cycles.sql:send_group", (ONE, CYCLE, 2, 50, True), STOPPED),
        ("cycles.sql:resend_group", (*group, 5), ""),
        ("cycles.sql:end_group", (*group, 1, 5, 0.5, [CYCLE]), ""),
        ("cycles.sql:undo_group", (*group, 5), ""),
        ("cycles.sql:say", (*cycle, ["A sentence."], 1, 2, ENDED_CYCLE), ""),
        ("cycles.sql:end_cycle", (*cycle, 2, ["A sentence."], 0.1, now), ""),
    ]


def turn(number: int) -> str:
    return str(UUID(int=0x0198C0DE_0000_7000_8000_0000000000C0 + number))


@dataclass
class Asking:
    """Calls about one agent, and what it has."""

    cognition: Cognition
    first: thread_pb.Thread = field(default_factory=thread_pb.Thread)
    thread: thread_pb.Thread = field(default_factory=thread_pb.Thread)

    def __post_init__(self) -> None:
        cognition = self.cognition
        self.acts = ActStore(cognition.database)
        self.sleeps = SleepStore(cognition.database)
        self.now = cognition.clock.now()

    async def call(self, method: Any, request: Any) -> Any:
        """One call about the agent."""
        fields = request.DESCRIPTOR.fields_by_name
        if "request_id" in fields:
            request.request_id = str(uuid4())
        if "agent_id" in fields and not request.agent_id:
            request.agent_id = str(AGENT)
        return await method(request)

    async def observe(self, number: int) -> None:
        shares = common_pb.RetrieverShares(vector=0.2, graph=0.6, lexical=0.2)
        facts = modulation_pb.TurnFacts(
            finish_reason="stop", memories_used=3, novelty=0.3, retriever_shares=shares, open_turns=1.0
        )
        request = modulation_pb.ObserveTurnRequest(
            turn_id=turn(number), facts=facts, conversation_id=CONVERSATION, memory_namespace="user:ada"
        )
        await self.call(self.cognition.chat.ObserveTurn, request)

    async def judge(self, **which: Any) -> None:
        request = adaptation_pb.RecordFeedbackRequest(reward=0.5, **which)
        await self.call(self.cognition.adaptation.RecordFeedback, request)

    async def sleep(self, state: str, **fields: Any) -> None:
        request = sleep_pb.TransitionSleepRequest(target_state=state, **fields)
        await self.call(self.cognition.sleep.TransitionSleep, request)

    async def make(self, *options: str) -> thread_pb.Thread:
        made = await self.call(self.cognition.threads.CreateThread, thread_pb.CreateThreadRequest(options=options))
        return made.thread  # type: ignore[no-any-return]  # a call can answer anything

    async def step(self, steps: int, *, storing: bool, action: Asked = ACTION) -> None:
        memory = await self.acts.session(SESSION)
        met = meet(memory, f"step {steps}", 0.8, self.now)
        met = Met(met.memory, met.item, tuple(item.key for item in memory.items if item.text != "step 3"), met.promoted)
        taken = Taken(met, Gates(), self.now, steps, b"answer", storing)
        assert await self.acts.take_step(SESSION, action, taken)

    async def keep(self) -> None:
        steps = (await self._action()).steps
        assert await self.acts.end_storing(SESSION, ACTION, key_of(f"step {steps}"), UUID(turn(1)), steps, b"kept")

    async def end(self) -> None:
        assert await self.acts.end(SESSION, ACTION, (await self._action()).steps, b"ended", self.now)

    async def _action(self) -> Action:
        action = await self.acts.action(SESSION, ACTION.request_id)
        assert action is not None
        return action

    async def settle(self) -> None:
        """What the agent has."""
        await self.observe(1)
        await self.judge(turn_id=turn(1))
        await self.sleep("light", ttl_seconds=60)
        self.first = await self.make("walk", "ride")
        await self.take()
        await self.step(1, storing=True)

    async def settle_further(self) -> None:
        """And what it has later."""
        await self.observe(2)
        await self.judge(turn_id=turn(2))
        await self.call(self.cognition.user.ResetNeuromodulators, mood_pb.ResetNeuromodulatorsRequest())
        await self.sleep("deep", ttl_seconds=30)
        self.thread = await self.make("swim", "dive", "sail")
        await self.take()
        await self.keep()
        await self.step(2, storing=False)
        await self.step(3, storing=True)
        await self.step(1, storing=False, action=OTHER_ACTION)

    async def take(self, **which: Any) -> None:
        await self.call(self.cognition.threads.TakeNextOption, thread_pb.TakeNextOptionRequest(**which))

    async def reset(self, mode: thread_pb.ThreadResetMode.ValueType) -> None:
        await self.call(self.cognition.threads.ResetThread, thread_pb.ResetThreadRequest(mode=mode))

    async def diagnose(self) -> None:
        await self.call(self.cognition.user_modulation.GetDiagnostics, modulation_pb.GetDiagnosticsRequest())

    async def watch(self) -> None:
        async for _ in self.cognition.sleep.WatchSleep(sleep_pb.WatchSleepRequest(agent_id=str(AGENT))):
            return

    def all(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """By their names; each begins with what the agent has."""
        it, day = self.cognition, timedelta(days=1)
        choice = thread_pb.ChooseOptionRequest(option_id=self.thread.options[2].option_id)
        older = str(self.first.thread_id)
        return {
            "modulation": lambda: self.call(it.chat.GetModulation, modulation_pb.GetModulationRequest(bases=BASES)),
            "a turn": lambda: self.observe(3),
            "a turn again": lambda: self.observe(1),
            "explain": lambda: self.call(it.user_modulation.ExplainState, modulation_pb.ExplainStateRequest()),
            "diagnose": self.diagnose,
            "diagnose a shorter log": self.diagnose,
            "mood": lambda: self.call(it.user.GetNeuromodulators, mood_pb.GetNeuromodulatorsRequest()),
            "set a mood": lambda: self.call(
                it.user.UpdateNeuromodulators, mood_pb.UpdateNeuromodulatorsRequest(dopamine=0.7)
            ),
            "lessons": lambda: self.call(it.adaptation.GetAdaptationState, adaptation_pb.GetAdaptationStateRequest()),
            "history": lambda: self.call(
                it.adaptation.ListAdaptationHistory, adaptation_pb.ListAdaptationHistoryRequest()
            ),
            "judge a turn anew": lambda: self.judge(turn_id=turn(1)),
            "judge the newest": self.judge,
            "judge a conversation": lambda: self.judge(session_id=CONVERSATION),
            "unlearn": lambda: self.call(it.adaptation.ResetAdaptation, adaptation_pb.ResetAdaptationRequest()),
            "take back": lambda: self.call(
                it.adaptation.RollbackAdaptation, adaptation_pb.RollbackAdaptationRequest(version=1)
            ),
            "forget turns": lambda: AdaptationStore(it.database).forget_turns(self.now + day),
            "sleep": lambda: self.sleep("light"),
            "rest": lambda: self.call(it.sleep.GetSleepStatus, sleep_pb.GetSleepStatusRequest()),
            "watch": self.watch,
            "look": lambda: self.sleeps.find_many([KEY], self.now),
            "drowse": lambda: it.sleeps.drowse(*KEY),
            "ended": lambda: self.sleeps.ended(self.now + day, 9),
            "wake": self.wake,
            "high": lambda: self.sleeps.high(self.now, 9),
            "take up": lambda: self.sleeps.take_up_load(KEY, self.now),
            "count": lambda: self.sleeps.take_up_counting(self.now, self.now, 1),
            "namespaces": lambda: self.sleeps.namespaces(KEY),
            "counted": lambda: self.sleeps.count_unconsolidated(KEY, 12),
            "make a thread": lambda: self.make("fly"),
            "thread": lambda: self.call(it.threads.GetThread, thread_pb.GetThreadRequest()),
            "older thread": lambda: self.call(it.threads.GetThread, thread_pb.GetThreadRequest(thread_id=older)),
            "threads": lambda: self.call(it.threads.ListThreads, thread_pb.ListThreadsRequest()),
            "take": self.take,
            "take of an older thread": lambda: self.take(thread_id=older),
            "choose": lambda: self.call(it.threads.ChooseOption, choice),
            "rewind": lambda: self.reset(thread_pb.THREAD_RESET_MODE_REWIND),
            "clear": lambda: self.reset(thread_pb.THREAD_RESET_MODE_CLEAR),
            "a step is kept": self.keep,
            "a step": lambda: self.step(2, storing=False, action=OTHER_ACTION),
            "another action": lambda: self.step(1, storing=False, action=Asked(UUID(turn(9)), b"\x02" * 32)),
            "an end": self.end,
            "prune": lambda: self.acts.prune(self.now + day, self.now + day),
        }

    async def wake(self) -> None:
        self.cognition.clock.advance(45)
        try:
            assert await self.cognition.sleeps.settle(*KEY)
        finally:
            self.cognition.clock.advance(-45)
