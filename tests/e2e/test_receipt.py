"""The receipt says what was used, what was dropped and why; the ledger equals the provider's own count."""

from uuid import uuid4

from soma.chat.v1 import message_pb2 as message_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.asking import L0, budgets_of, no_open_holds, receipt_of, say_transcript, transcript
from tests.e2e.support.grpc_door import refused, send_request
from tests.e2e.support.person import Person


async def test_a_plain_chat_is_at_level_zero(ada: Person) -> None:
    for text in ("hello", "What can you do?", "Tell me a joke about penguins."):
        heard = await ada.grpc.say(text)
        assert heard.started.level == L0, heard.started
        assert not heard.notices
        receipt = await receipt_of(ada, heard)
        assert receipt.level == L0
        assert receipt.aiq_predicted.value >= 70
        assert not receipt.aiq_predicted.HasField("tool_relevance")
        assert receipt.aiq_observed.value == heard.end.completed.aiq_observed > 0


async def test_each_drop_has_a_reason(ada: Person, model: ScriptedUpstream) -> None:
    long = "All work and no play makes Jack a dull boy. " * 60
    said = [(message_pb.ROLE_USER if n % 2 == 0 else message_pb.ROLE_ASSISTANT, f"<{n}> {long}") for n in range(40)]
    heard = await say_transcript(ada, transcript(*said, (message_pb.ROLE_USER, "And then?")))
    receipt = await receipt_of(ada, heard)
    history = [item for item in receipt.items if item.lane == "history"]
    assert len(history) == 40
    dropped = [item for item in history if not item.kept]
    assert dropped
    assert all(item.reason for item in receipt.items)
    assert not any(item.kept for item in history[: len(dropped)]), "the oldest are dropped"
    prompt = model.requests()[0].prompt
    for number, item in enumerate(history):
        assert (f"<{number}> All work" in prompt) is item.kept


async def test_a_receipt_tells_the_whole_turn_without_its_text(ada: Person, model: ScriptedUpstream) -> None:
    heard = await ada.grpc.say("The codeword is xylophone.")
    receipt = await receipt_of(ada, heard)
    [sent] = model.requests()
    assert receipt.turn_id == heard.turn_id
    assert receipt.conversation_id == heard.started.conversation_id
    assert receipt.owner_sub == ada.sub
    assert (receipt.usage.input_tokens, receipt.usage.output_tokens) == (sent.prompt_tokens, sent.completion_tokens)
    assert receipt.cost_micros == heard.end.completed.cost_micros > 0
    assert {phase.phase for phase in receipt.phases} >= {"plan", "first_token"}
    assert [leg.finish_reason for leg in receipt.legs] == ["stop"]
    assert {state.name for state in receipt.dependencies} >= {"memory", "cognitive"}
    assert "xylophone" not in str(receipt)
    assert sent.text_sent not in str(receipt)


async def test_the_ledger_equals_the_providers_count(hermit: Person, model: ScriptedUpstream) -> None:
    await no_open_holds(hermit)
    before = {budget.period: budget.used_tokens for budget in await budgets_of(hermit)}
    model.reset()
    for text in ("one", "two", "three"):
        await hermit.grpc.say(text)
    await no_open_holds(hermit)
    totals = model.totals()
    for budget in await budgets_of(hermit):
        assert budget.used_tokens - before[budget.period] == totals.prompt_tokens + totals.completion_tokens
        assert budget.debt_tokens == 0


async def test_a_receipt_is_for_its_owner_and_the_tenants_administrators(
    ada: Person, bob: Person, eve: Person, admin: Person
) -> None:
    heard = await ada.grpc.say("Whose is this?")
    request = governor_pb.GetReceiptRequest(receipt_id=heard.started.receipt_id)
    for stranger in (bob, eve):
        refusal = await refused(stranger.grpc.call(stranger.grpc.governor.GetReceipt, request))
        assert (refusal.code.name, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert (await admin.grpc.call(admin.grpc.governor.GetReceipt, request)).receipt.turn_id == heard.turn_id


async def test_a_used_up_budget_refuses_with_numbers(eve: Person) -> None:
    limit = governor_pb.SetBudgetRequest(
        period=budget_pb.BUDGET_PERIOD_DAY, limit_tokens=10, hard=True, request_id=str(uuid4())
    )
    await eve.grpc.call(eve.grpc.governor.SetBudget, limit)
    refusal = await refused(eve.grpc.stream(eve.grpc.turns.SendMessage, send_request("hello")))
    assert (refusal.code.name, refusal.reason) == ("RESOURCE_EXHAUSTED", "BUDGET_EXHAUSTED")
    assert refusal.retry_seconds
    assert refusal.metadata["limit"] == "10"
