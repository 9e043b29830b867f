"""How long the mind of an agent takes for a turn, what ten thousand take, and how soon their logs are replayed."""

import asyncio
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID, uuid4

from bench.arms.arm import LegError
from bench.arms.mesh import MeshArm
from bench.cognition import minds
from bench.cognition.lives import Life, out_of_range
from bench.durable.programs import play
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.calls import Caller
from bench.numbers import percentile
from bench.processes import proportional_mib
from bench.rows import Row, Target
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import modulation_service_pb2_grpc as modulation_grpc
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel import tenancy
from soma_common.security.tokens import ServiceSigner

_TARGET_AGENTS: Final = 10_000
_AT_ONCE: Final = 8
_MILLION: Final = 1_000_000
_LINES: Final = 20_000
_OF_A_LIFE: Final = 500
_BASES: Final = common_pb.KnobBases(temperature=0.7, top_p=1.0, max_tool_rounds=2, max_retries=2, recall_limit=15)


def _measure(run: Run) -> list[Row]:
    agents = _TARGET_AGENTS if run.full else 1_000
    rows = [] if run.mesh is None else asyncio.run(_served(run, run.mesh, agents))
    return [*rows, *_stored(run, agents), _replayed(run), _lived(run)]


async def _served(run: Run, arm: MeshArm, count: int) -> list[Row]:
    signer = ServiceSigner("chat", arm.mesh.home / "keys" / "chat.json")
    tenant = tenancy.TenantId(UUID(arm.mesh.identity["SOMA_TENANT_ID"]))
    caller = Caller(
        arm.mesh.target("cognitive"), signer.token_for(tenancy.Caller(tenant, "bench-minds", frozenset({"member"})))
    )
    stub = modulation_grpc.ModulationServiceStub(caller.channel)
    agents = [str(uuid4()) for _ in range(count)]
    times = 1000 if run.full else 300
    seen = await _in_turn(caller, stub, agents[:times])
    before = proportional_mib([arm.mesh.pid("cognitive")])
    run.note(f"{count:,} agents, a modulation and a turn each")
    await caller.at_once(stub.GetModulation, map(_asked, agents), _AT_ONCE)
    await caller.at_once(stub.ObserveTurn, map(_turn, agents), _AT_ONCE)
    held = proportional_mib([arm.mesh.pid("cognitive")])
    seen_late = await _in_turn(caller, stub, agents[-times:])
    await caller.channel.close()
    return [
        *_waits("", seen),
        *_waits(f", {count:,} agents later", seen_late),
        Row(f"process of cognitive after {count:,} agents", held, "MiB", target=_room(count)),
        Row("by how much it grew meanwhile", held - before, "MiB"),
    ]


async def _in_turn(
    caller: Caller, stub: modulation_grpc.ModulationServiceStub, agents: list[str]
) -> tuple[list[float], list[float]]:
    asked = await caller.in_turn(stub.GetModulation, [_asked(agent) for agent in agents])
    told = await caller.in_turn(stub.ObserveTurn, [_turn(agent) for agent in agents])
    return asked, told


def _waits(when: str, seen: tuple[list[float], list[float]]) -> list[Row]:
    rows = []
    for name, waits, most in (("GetModulation", seen[0], 5.0), ("ObserveTurn", seen[1], 10.0)):
        rows += [
            Row(f"{name}{when}, p50", percentile(waits, 50), "ms"),
            Row(f"{name}{when}, p95", percentile(waits, 95), "ms", target=Target(most, of_ratio=False)),
        ]
    return rows


def _asked(agent_id: str) -> modulation_pb.GetModulationRequest:
    return modulation_pb.GetModulationRequest(agent_id=agent_id, conversation_id=str(uuid4()), bases=_BASES)


def _turn(agent_id: str) -> modulation_pb.ObserveTurnRequest:
    turn_id = str(uuid4())
    facts = modulation_pb.TurnFacts(
        finish_reason="stop",
        memories_used=4,
        novelty=0.5,
        aiq_observed=80.0,
        aiq_predicted=60.0,
        retriever_shares=common_pb.RetrieverShares(vector=0.5, graph=0.3, lexical=0.2),
        context_fill=0.5,
        open_turns=0.1,
    )
    return modulation_pb.ObserveTurnRequest(
        agent_id=agent_id,
        turn_id=turn_id,
        request_id=turn_id,
        facts=facts,
        conversation_id=str(uuid4()),
        memory_namespace="user:somebody",
        bases=_BASES,
    )


def _program(run: Run, **job: Any) -> dict[str, Any]:
    urls = asdict(run.servers.house("cognitive"))
    return play(minds.__name__, {"urls": urls, **job})


def _room(agents: int) -> Target | None:
    return Target(200.0, of_ratio=False) if agents == _TARGET_AGENTS else None


def _stored(run: Run, count: int) -> list[Row]:
    run.note(f"rows of {count:,} agents")
    seen = _program(run, way="rows", agents=count)
    return [
        Row(f"rows of {count:,} minds with their indexes", seen["states"] / 2**20, "MiB", target=_room(count)),
        Row("lines of their logs, a turn each, with indexes", seen["logs"] / 2**20, "MiB"),
    ]


def _replayed(run: Run) -> Row:
    agents = (_MILLION if run.full else _MILLION // 10) // _LINES
    run.note(f"replay of {agents * _LINES:,} changes")
    seen = _program(run, way="replay", agents=agents, lines=_LINES)
    if seen["wrong"] or seen["lines"] != agents * _LINES:
        raise LegError(f"{seen['wrong']} of {agents} logs do not lead to the stored state")
    a_million = seen["seconds"] * _MILLION / seen["lines"]
    return Row("replay of a million changes to identical states", a_million, "s", target=Target(60.0, of_ratio=False))


def _lived(run: Run) -> Row:
    lives = (_MILLION if run.full else _MILLION // 20) // _OF_A_LIFE
    run.note(f"{lives * _OF_A_LIFE:,} random operations")
    wrong = 0
    for number in range(lives):
        life = Life(number)
        for _ in range(_OF_A_LIFE):
            life.goes_on()
            wrong += bool(out_of_range(life.state.values))
    what = f"states out of range in {lives * _OF_A_LIFE:,} random operations"
    return Row(what, wrong, "", target=Target(0.0, of_ratio=False))


FIGURE: Final = Figure(
    "minds",
    "Minds of agents",
    "GetModulation and ObserveTurn over gRPC as chat calls them, one call after the other, each for another agent, "
    "with identity, tenancy, durable commits and events on; first for agents that are new, then after many more agents "
    "had a modulation and a turn each. What an agent is stands in PostgreSQL and the process holds none of it: "
    "told are its proportional memory, and apart from it the rows of as many agents. Logs are read back from "
    "PostgreSQL, folded from the first line and compared bit by bit with the stored states; logs of several agents are "
    f"copies of one life. Short mode has 1,000 agents, full mode {_TARGET_AGENTS:,}; short mode replays 100,000 "
    "changes and tells the time of a million.",
    ("mesh",),
    _measure,
)
