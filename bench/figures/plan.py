"""How long the governor takes for a plan and for its settlement."""

import asyncio
from typing import Final
from uuid import UUID, uuid4

from bench.arms.mesh import MeshArm
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.load.calls import Caller
from bench.load.schedule import questions
from bench.numbers import percentile
from bench.rows import Row, Target
from soma.common.v1 import usage_pb2
from soma.governor.v1 import governor_service_pb2, governor_service_pb2_grpc, plan_pb2, receipt_pb2
from soma_common.kernel import tenancy
from soma_common.security.tokens import ServiceSigner

_TOOLS: Final = 100
_HISTORY: Final = 200
_OFFERED: Final = 5
_TEN: Final = Target(10.0, of_ratio=False)


def _measure(run: Run) -> list[Row]:
    return [] if run.mesh is None else asyncio.run(_plan(run, run.mesh))


async def _plan(run: Run, arm: MeshArm) -> list[Row]:
    times = 1000 if run.full else 200
    run.note(f"{times} plans")
    signer = ServiceSigner("chat", arm.mesh.home / "keys" / "chat.json")
    tenant = tenancy.TenantId(UUID(arm.mesh.identity["SOMA_TENANT_ID"]))
    token = signer.token_for(tenancy.Caller(tenant, "bench-plan", frozenset({"member"})))
    caller = Caller(arm.mesh.target("governor"), token)
    stub = governor_service_pb2_grpc.GovernorServiceStub(caller.channel)
    requests = _requests(times + 20)
    seen = await caller.in_turn(stub.PlanTurn, requests)
    settled = await caller.in_turn(stub.SettleTurn, [_settlement(request) for request in requests])
    await caller.channel.close()
    items = f"SettleTurn with {_HISTORY + _OFFERED} items"
    of = f"PlanTurn with {_TOOLS} tools and {_HISTORY} items of history"
    return [
        Row(f"{of}, p50", percentile(seen, 50), "ms"),
        Row(f"{of}, p95", percentile(seen, 95), "ms", target=_TEN),
        Row(f"{items}, p50", percentile(settled, 50), "ms"),
        Row(f"{items}, p95", percentile(settled, 95), "ms", target=_TEN),
    ]


def _requests(count: int) -> list[governor_service_pb2.PlanTurnRequest]:
    said = questions(words=6, seed=3)
    tools = [
        plan_pb2.ToolCandidate(
            name=f"tool_{number}", description=next(said), parameter_names=["first", "second"], schema_tokens=60
        )
        for number in range(_TOOLS)
    ]
    candidates = plan_pb2.Candidates(
        system_prompt_tokens=200,
        history_tokens=[40 + number % 50 for number in range(_HISTORY)],
        tools=tools,
        user_message_tokens=20,
    )
    price = usage_pb2.Price(input_micros_per_million=1_000_000, output_micros_per_million=4_000_000)
    model = plan_pb2.ModelSnapshot(model="scripted", window_tokens=200_000, max_output_tokens=4096, price=price)
    subject = plan_pb2.TurnSubject(agent_id=str(uuid4()), conversation_id=str(uuid4()))
    return [
        governor_service_pb2.PlanTurnRequest(
            turn_id=str(uuid4()),
            request_id=str(uuid4()),
            subject=subject,
            model=model,
            candidates=candidates,
            query=next(said),
            turn_timeout_seconds=300,
        )
        for _ in range(count)
    ]


def _settlement(planned: governor_service_pb2.PlanTurnRequest) -> governor_service_pb2.SettleTurnRequest:
    """One call that used what was planned."""
    items = [
        receipt_pb2.ManifestItem(lane="history", item_id=str(uuid4()), tokens=tokens, kept=True, reason="it fits")
        for tokens in planned.candidates.history_tokens
    ]
    items += [
        receipt_pb2.ManifestItem(lane="tools", item_id=f"tool_{number}", tokens=60, kept=True, reason="it fits")
        for number in range(_OFFERED)
    ]
    usage = usage_pb2.TokenUsage(input_tokens=sum(item.tokens for item in items), output_tokens=200)
    leg = receipt_pb2.ModelLeg(leg=1, model="scripted", usage=usage, cost_micros=9_000, finish_reason="stop")
    return governor_service_pb2.SettleTurnRequest(
        turn_id=planned.turn_id,
        request_id=planned.turn_id,
        legs=[leg],
        lanes_used=plan_pb2.LaneTokens(system_policy=200, history=usage.input_tokens - 300, tools=300),
        items=items,
        outcome=receipt_pb2.TurnOutcome(finish_reason="stop"),
    )


FIGURE: Final = Figure(
    "plan",
    "Plan of a turn",
    f"PlanTurn over gRPC as chat calls it, with {_TOOLS} tools and {_HISTORY} items of history, one call after the "
    "other. Each plan takes a hold on the budget and opens a receipt in one transaction. Then each is settled.",
    ("mesh",),
    _measure,
)
