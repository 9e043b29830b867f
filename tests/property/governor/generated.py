"""Turns as chat would ask for them, drawn from a seed, with the snapshots that they are planned from; and their plans.

As a program, `python -m tests.property.governor.generated`, it plans what it is given on standard input, each turn from
the snapshot in its receipt: pairs of messages, a request and a receipt, each after its length.
"""

import random
import sys
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from google.protobuf import json_format

from bench.ranking.labels import labelled_queries, labelled_tools, plain_sayings
from servers.governor.decoding.plans import plan_order
from servers.governor.domain.ledger import Amount, BudgetState
from servers.governor.domain.levels import Health, LevelState, Observation
from servers.governor.domain.periods import Period
from servers.governor.domain.plan import plan_turn
from servers.governor.domain.request import CallCounts, OutputCounts, Snapshot
from servers.governor.domain.rules import Level
from servers.governor.domain.snapshot import snapshot_of_values
from servers.governor.encoding.plans import plan_messages
from servers.governor.ledger.store import Hold
from servers.governor.planning.similarity import ToolSimilarity
from servers.governor.planning.turns import PlanMessages, Planned
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.kernel.errors import SomaError
from tests.property.governor.strategies import NOW

ID: Final = UUID("0198c0de-0000-7000-8000-000000000001")
_NAMES: Final = ("model", "memory", "memory_index", "cognitive", "database", "signals", "events")


def turns(count: int, seed: int) -> Iterator[tuple[governor_pb.PlanTurnRequest, Snapshot]]:
    """So many turns, the same for the same seed."""
    chance = random.Random(seed)
    said = [asked.said for half in labelled_queries() for asked in half] + plain_sayings()
    for _ in range(count):
        yield _request(chance, said), _snapshot(chance)


def messages_of(
    request: governor_pb.PlanTurnRequest, snapshot: Snapshot, similarity: ToolSimilarity
) -> PlanMessages | None:
    """The plan of a turn as it is answered and kept, ids and moments apart; None for one that is refused."""
    order = plan_order(request)
    try:
        plan = plan_turn(similarity.added_to(order.request), snapshot)
    except SomaError:
        return None
    planned = Planned(ID, NOW, "ada", plan, snapshot, Hold(ID, 1, plan.need, NOW))
    return plan_messages(request, planned)


def packed(messages: Iterable[bytes]) -> bytes:
    """Messages after one another, each after its length."""
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def unpacked(stream: bytes) -> Iterator[bytes]:
    """The messages again."""
    place = 0
    while place < len(stream):
        length = int.from_bytes(stream[place : place + 4], "big")
        yield stream[place + 4 : place + 4 + length]
        place += 4 + length


def _request(chance: random.Random, said: list[str]) -> governor_pb.PlanTurnRequest:
    tools = chance.sample(labelled_tools(), chance.choice((0, 1, 7, 30, 100)))
    return governor_pb.PlanTurnRequest(
        turn_id=str(ID),
        request_id=str(ID),
        subject=plan_pb.TurnSubject(
            agent_id=str(ID),
            risk_profile=plan_pb.RiskProfile.ValueType(chance.randrange(4)),
            turn_token_limit=chance.choice((0, 0, 20_000)),
            features_off=chance.sample(("memory", "tools", "agentiq_governor"), chance.choice((0, 0, 0, 1))),
        ),
        model=plan_pb.ModelSnapshot(
            model="m",
            window_tokens=chance.choice((4096, 8192, 32_000, 128_000, 1_000_000)),
            max_output_tokens=chance.randrange(1, 8000),
            price=usage_pb.Price(input_micros_per_million=chance.randrange(10**7), output_micros_per_million=10**6),
        ),
        candidates=plan_pb.Candidates(
            system_prompt_tokens=chance.randrange(2500),
            policy_tokens=[chance.randrange(100) for _ in range(chance.randrange(4))],
            history_tokens=[chance.randrange(400) for _ in range(chance.randrange(200))],
            memories=[
                plan_pb.MemoryCandidate(
                    memory_id=str(ID),
                    tokens=chance.randrange(90),
                    score=chance.choice((None, chance.random())),
                    version=1,
                )
                for _ in range(chance.randrange(20))
            ],
            tools=[
                plan_pb.ToolCandidate(
                    name=tool.name,
                    description=tool.description,
                    parameter_names=tool.parameter_names,
                    schema_tokens=chance.randrange(200),
                    only_when_relevant=chance.random() < 0.2,
                )
                for tool in tools
            ],
            tool_result_tokens=[chance.randrange(900) for _ in range(chance.randrange(4))],
            user_message_tokens=chance.randrange(300),
            framing_tokens=3,
        ),
        query=" ".join(chance.sample(said, chance.choice((1, 1, 1, 2, 60)))),
    )


def _snapshot(chance: random.Random) -> Snapshot:
    def amount() -> Amount:
        return Amount(chance.randrange(2**60), chance.randrange(10**6))

    names = chance.sample(_NAMES, chance.randrange(4))
    return Snapshot(
        observations=tuple(Observation(name, Health(chance.choice((1, 1, 2, 3))), "seen") for name in sorted(names)),
        budgets=tuple(
            BudgetState(period, NOW, amount(), chance.random() < 0.5, amount(), Amount(), Amount())
            for period in chance.sample(tuple(Period), chance.randrange(4))
        ),
        level_state=LevelState(Level(chance.choice((0, 0, 1, 2))), chance.randrange(3), Level.L0),
        tool_calls={
            tool.name: CallCounts(attempts, chance.randrange(attempts + 1))
            for tool in chance.sample(labelled_tools(), 20)
            for attempts in (chance.randrange(2**55),)
        },
        output=OutputCounts(chance.randrange(1000), chance.randrange(2**60)),
    )


def main() -> int:
    """Plan again what stands on standard input."""
    similarity, given = ToolSimilarity(), unpacked(sys.stdin.buffer.read())
    answers: list[bytes] = []
    for request, kept in zip(given, given, strict=True):
        receipt = receipt_pb.Receipt.FromString(kept)
        snapshot = snapshot_of_values(json_format.MessageToDict(receipt.snapshot))
        planned = messages_of(governor_pb.PlanTurnRequest.FromString(request), snapshot, similarity)
        answers += (b"", b"") if planned is None else (planned.response, planned.receipt)
    sys.stdout.buffer.write(packed(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
