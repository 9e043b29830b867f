"""A cognitive service that answers what a test sets and remembers what it was asked.

Nothing here computes a state.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from soma.cognitive.v1 import act_service_pb2 as act_pb
from soma.cognitive.v1 import act_service_pb2_grpc as act_grpc
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.cognitive.v1 import adaptation_service_pb2_grpc as adaptation_grpc
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.cognitive.v1 import neuromodulator_service_pb2_grpc as neuromodulator_grpc
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import sleep_service_pb2_grpc as sleep_grpc
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma.cognitive.v1 import thread_service_pb2_grpc as thread_grpc
from soma.common.v1 import modulation_pb2 as common_pb

AGENT: Final = "0197a0c2-aaaa-7000-8000-000000000001"
THREAD: Final = "0197a0c2-bbbb-7000-8000-000000000001"
OPTION: Final = "0197a0c2-cccc-7000-8000-000000000001"
CYCLE: Final = "0197a0c2-dddd-7000-8000-000000000001"
WEIGHTS: Final = common_pb.RetrievalWeights(vector=1.0, graph=0.3, recency=0.1, lexical=1.0, temperature=0.7)
ADAPTED: Final = adaptation_pb.AdaptationState(
    version=3,
    agent_id=AGENT,
    retrieval=WEIGHTS,
    utility=adaptation_pb.UtilityWeights(benefit=1.0, mu=0.1, nu=0.05),
    learning_rate=0.05,
    feedback_count=3,
    cause="Positive feedback on a turn whose memories links had found.",
    time=Timestamp(seconds=1_790_000_000),
)
DONE: Final = sleep_pb.SleepCycle(
    cycle_id=CYCLE,
    agent_id=AGENT,
    state=sleep_pb.SLEEP_CYCLE_STATE_COMPLETED,
    step="relieve",
    cause="by hand",
    replayed_count=32,
    group_count=2,
    fact_count=4,
    coverage=1.0,
    load_before=0.84,
    load_after=0.54,
    sentences=["32 memories were replayed in 2 groups."],
    start_time=Timestamp(seconds=1_790_000_000),
    end_time=Timestamp(seconds=1_790_000_012),
)
ASLEEP: Final = sleep_pb.SleepStatus(
    agent_id=AGENT,
    state=sleep_pb.SLEEP_STATE_LIGHT,
    since_time=Timestamp(seconds=1_790_000_000),
    until_time=Timestamp(seconds=1_790_000_600),
    returns_to=sleep_pb.SLEEP_STATE_ACTIVE,
    schedule=sleep_pb.SleepSchedule(
        scalar=0.5,
        recall_width=0.6,
        time_budget=0.75,
        temperature=0.75,
        learning_rate=0.5,
        store_barrier=0.25,
        forgetting=0.8,
    ),
    load=sleep_pb.CognitiveLoad(load=0.42, open_turns=0.1, context_fill=0.8, threshold=0.8),
    version=2,
    next_cycle="No cycle starts by itself: the load 0.42 is under 0.80.",
)
THOUGHT: Final = thread_pb.Thread(
    thread_id=THREAD,
    agent_id=AGENT,
    goal="Find the invoice",
    options=[
        thread_pb.ThreadOption(option_id=OPTION, text="Ask the supplier.", score=0.9, reason="They have it."),
        thread_pb.ThreadOption(option_id=CYCLE, text="Look in the folder.", score=0.4),
    ],
    current=True,
    version=1,
    method="rules",
)
STEP: Final = act_pb.ActStep(
    step="Call the supplier",
    novelty=0.9,
    salience=0.81,
    stored=True,
    store_threshold=0.55,
    act_threshold=0.75,
    acted=True,
    policy="Salience 0.81 is above 0.55, so it was kept.",
)
ACTED: Final = act_pb.ActResponse(task="Call the supplier", results=[STEP], plan=["Find the number"], session_id="s1")
FEATURES: Final = (
    (neuromodulator_grpc, "NeuromodulatorService"),
    (modulation_grpc, "ModulationService"),
    (adaptation_grpc, "AdaptationService"),
    (sleep_grpc, "SleepService"),
    (thread_grpc, "ThreadService"),
    (act_grpc, "ActService"),
)


class ScriptedMind:
    """All contracts of cognitive at once; `answers` says what each kind of request gets, `asked` what came."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answers: dict[str, Any] = {
            "GetNeuromodulators": neuromodulator_pb.GetNeuromodulatorsResponse(
                agent_id=AGENT,
                states=[neuromodulator_pb.NeuromodulatorState(name="dopamine", value=0.6, baseline=0.4, maximum=0.8)],
            ),
            "UpdateNeuromodulators": neuromodulator_pb.UpdateNeuromodulatorsResponse(state_version=1),
            "ResetNeuromodulators": neuromodulator_pb.ResetNeuromodulatorsResponse(state_version=2),
            "ExplainState": modulation_pb.ExplainStateResponse(
                agent_id=AGENT, effects=[common_pb.ModulationEffect(name="temperature", sentence="It was raised.")]
            ),
            "GetDiagnostics": modulation_pb.GetDiagnosticsResponse(
                agent_id=AGENT,
                findings=[modulation_pb.Finding(name="replay", sound=True, sentence="All changes lead to the values.")],
            ),
            "GetAdaptationState": adaptation_pb.GetAdaptationStateResponse(
                state=ADAPTED,
                minimum=common_pb.RetrievalWeights(vector=0.1, lexical=0.1, temperature=0.05),
                maximum=common_pb.RetrievalWeights(vector=5, graph=5, recency=1, lexical=5, temperature=1.5),
            ),
            "RecordFeedback": adaptation_pb.RecordFeedbackResponse(
                accepted=True, state=ADAPTED, sentence="Links found more than usual, so their weight rose."
            ),
            "ResetAdaptation": adaptation_pb.ResetAdaptationResponse(state=ADAPTED),
            "ListAdaptationHistory": adaptation_pb.ListAdaptationHistoryResponse(states=[ADAPTED]),
            "RollbackAdaptation": adaptation_pb.RollbackAdaptationResponse(state=ADAPTED),
            "TransitionSleep": sleep_pb.TransitionSleepResponse(
                status=ASLEEP, previous_state=sleep_pb.SLEEP_STATE_ACTIVE
            ),
            "GetSleepStatus": sleep_pb.GetSleepStatusResponse(status=ASLEEP),
            "RunSleepCycle": sleep_pb.RunSleepCycleResponse(cycle=DONE),
            "ListSleepCycles": sleep_pb.ListSleepCyclesResponse(cycles=[DONE]),
            "CancelSleepCycle": sleep_pb.CancelSleepCycleResponse(cycle=DONE),
            "WatchSleep": [sleep_pb.WatchSleepResponse(status=ASLEEP)],
            "CreateThread": thread_pb.CreateThreadResponse(thread=THOUGHT),
            "GetThread": thread_pb.GetThreadResponse(thread=THOUGHT),
            "ListThreads": thread_pb.ListThreadsResponse(threads=[THOUGHT]),
            "GetNextOption": thread_pb.GetNextOptionResponse(option=THOUGHT.options[0], version=1, thread_id=THREAD),
            "TakeNextOption": thread_pb.TakeNextOptionResponse(
                option=THOUGHT.options[0], version=2, cursor=1, thread_id=THREAD
            ),
            "ChooseOption": thread_pb.ChooseOptionResponse(thread=THOUGHT),
            "ResetThread": thread_pb.ResetThreadResponse(thread=THOUGHT),
            "Act": ACTED,
            "StreamAct": [act_pb.StreamActResponse(step=STEP), act_pb.StreamActResponse(done=ACTED)],
            "GetWorkingMemory": act_pb.GetWorkingMemoryResponse(
                items=[act_pb.WorkingItem(text="The invoice is missing.", salience=0.8, salient_count=1)]
            ),
        }

    def added(self) -> Iterator[tuple[Callable[[Any, grpc.aio.Server], None], Any, str]]:
        """What registers each servicer, the servicer, and its full name."""
        for module, name in FEATURES:
            kind = getattr(module, f"{name}Servicer")
            methods = {method: self._method(method) for method in vars(kind) if not method.startswith("_")}
            servicer = type(f"Scripted{name}", (kind,), methods)()
            yield getattr(module, f"add_{name}Servicer_to_server"), servicer, f"soma.cognitive.v1.{name}"

    def _method(self, method: str) -> Any:
        async def answer(_: Any, request: Any, _context: Any) -> Any:
            self.asked.append(request)
            if isinstance(told := self.answers[method], Exception):
                raise told
            return told

        async def stream(_: Any, request: Any, _context: Any) -> AsyncIterator[Any]:
            self.asked.append(request)
            for each in self.answers[method]:
                yield each

        return stream if isinstance(self.answers.get(method), list) else answer
