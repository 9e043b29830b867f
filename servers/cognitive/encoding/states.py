"""An agent's state, what it changes and what moved it, as messages. Nothing is decided here."""

from google.protobuf.timestamp_pb2 import Timestamp

from servers.cognitive.domain.effects import Effect
from servers.cognitive.domain.modulation import Modulation
from servers.cognitive.domain.neuromodulators import BOUNDS, NAMES, Values
from servers.cognitive.domain.state import Change
from servers.cognitive.encoding.adaptation import retrieval_message
from servers.cognitive.keeping.states import Moment
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as neuromodulator_pb
from soma.common.v1 import modulation_pb2 as common_pb


def named(values: Values) -> dict[str, float]:
    """The values by their names."""
    return {name: values.get(name) for name in NAMES}


def timestamp_of(moment: Moment) -> Timestamp:
    """The time for which the values hold."""
    stamp = Timestamp()
    stamp.FromDatetime(moment.time)
    return stamp


def effect_message(effect: Effect) -> common_pb.ModulationEffect:
    """One effect."""
    return common_pb.ModulationEffect(
        name=effect.name,
        before=effect.before,
        after=effect.after,
        sentence=effect.sentence,
        switched_off=effect.switched_off,
    )


def state_messages(moment: Moment) -> list[neuromodulator_pb.NeuromodulatorState]:
    """Each value with its baseline and range."""
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


def modulation_message(modulation: Modulation) -> common_pb.Modulation:
    """The knobs of a turn as the contract has them."""
    knobs = modulation.knobs
    return common_pb.Modulation(
        neuromodulators=common_pb.Neuromodulators(**named(modulation.values)),
        state_version=modulation.state_version,
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
        retrieval_weights=retrieval_message(modulation.adaptation.weights),
        effects=[effect_message(effect) for effect in knobs.effects],
        sleep_state=modulation.sleep_state.word,
        recall_time_factor=knobs.recall_time_factor,
        adaptation_version=modulation.adaptation.version,
    )


def change_message(change: Change) -> modulation_pb.StateChange:
    """One value that moved, and why."""
    message = modulation_pb.StateChange(
        name=change.name,
        before=change.before,
        after=change.after,
        cause=change.cause,
        turn_id=str(change.line.turn_id or ""),
        state_version=change.line.version,
    )
    message.time.FromDatetime(change.line.time)
    return message
