"""What an agent learned as messages. Nothing is decided here."""

from uuid import UUID

from servers.cognitive.domain.adaptation import BOUNDS, RETRIEVERS, Line, Weights
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma.common.v1 import modulation_pb2 as common_pb

_RETRIEVAL = (*RETRIEVERS, "temperature")


def retrieval_message(weights: Weights) -> common_pb.RetrievalWeights:
    """The weights that recall uses."""
    return common_pb.RetrievalWeights(**{name: weights.get(name) for name in _RETRIEVAL})


def adaptation_message(line: Line, agent_id: UUID) -> adaptation_pb.AdaptationState:
    """One version and what made it."""
    after, weights = line.after, line.after.weights
    message = adaptation_pb.AdaptationState(
        version=after.version,
        retrieval=retrieval_message(weights),
        utility=adaptation_pb.UtilityWeights(benefit=weights.benefit, mu=weights.mu, nu=weights.nu),
        learning_rate=after.learning_rate,
        feedback_count=after.feedback_count,
        mean_shares=common_pb.RetrieverShares(**{name: after.mean_shares.get(name) for name in RETRIEVERS}),
        cause=line.cause,
        turn_id=str(line.turn_id or ""),
        agent_id=str(agent_id),
    )
    message.time.FromDatetime(line.time)
    return message


def minimum_message() -> common_pb.RetrievalWeights:
    """The least of each weight."""
    return common_pb.RetrievalWeights(**{name: BOUNDS[name].minimum for name in _RETRIEVAL})


def maximum_message() -> common_pb.RetrievalWeights:
    """The most of each weight."""
    return common_pb.RetrievalWeights(**{name: BOUNDS[name].maximum for name in _RETRIEVAL})
