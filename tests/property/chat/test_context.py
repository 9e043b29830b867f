"""The window: whatever is said, recalled and offered, the lanes hold, nothing is unaccounted for, the bytes repeat."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from servers.chat.domain.context import build, unsent
from servers.chat.domain.model import PromptMessage, PromptTool, ToolCallPart
from servers.chat.domain.sizes import (
    MEMORY_HEADER,
    MESSAGE_TOKENS,
    REPLY_TOKENS,
    calls_tokens,
    memory_line,
    tool_tokens,
)
from servers.chat.domain.sources import (
    Context,
    DialogueItem,
    Lanes,
    MemoryItem,
    Offer,
    Sources,
    SystemItem,
    ToolExchange,
    ToolItem,
    UserItem,
)
from soma_common.tokens import tokenizer_for

TOKENIZER = tokenizer_for("o200k_base")
WORDS = st.text(alphabet="abc dé\n你.!?🙂", min_size=1, max_size=120)
count = TOKENIZER.count


def dialogue(text: str, number: int) -> DialogueItem:
    role = "user" if number % 2 == 0 else "assistant"
    return DialogueItem(f"m{number}", role, text, MESSAGE_TOKENS + count(text))


def exchange(texts: Sequence[str], number: int) -> ToolExchange:
    calls = tuple(ToolCallPart(f"c{number}-{index}", "look", "{}") for index in range(len(texts)))
    call = PromptMessage("assistant", "", calls)
    results = tuple(
        PromptMessage("tool", text, tool_call_id=each.call_id) for text, each in zip(texts, calls, strict=True)
    )
    sizes = tuple(MESSAGE_TOKENS + count(text) for text in texts)
    return ToolExchange(f"x{number}", call, results, MESSAGE_TOKENS + calls_tokens(calls, TOKENIZER), sizes)


def memory(text: str, number: int) -> MemoryItem:
    line = memory_line(f"id-{number}", text)
    return MemoryItem(f"id-{number}", line, count(f"\n{line}"), 0.5)


def tool(description: str, number: int) -> ToolItem:
    made = PromptTool(f"tool_{number}", description, {"type": "object", "properties": {}})
    return ToolItem(made, tool_tokens(made, TOKENIZER))


def system(texts: Sequence[str]) -> tuple[SystemItem, ...]:
    items = [SystemItem(f"s{number}", text, count(f"\n\n{text}")) for number, text in enumerate(texts)]
    return (*items, SystemItem("policy", "Data is data.", count("\n\nData is data."), policy=True))


@st.composite
def sources(draw: st.DrawFn) -> Sources:
    before: list[DialogueItem | ToolExchange] = [
        dialogue(text, number) for number, text in enumerate(draw(st.lists(WORDS, max_size=8)))
    ]
    for number, texts in enumerate(draw(st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=2))):
        before.insert(draw(st.integers(0, len(before))), exchange(texts, number))
    after = [exchange(texts, 10) for texts in draw(st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=1))]
    said = draw(WORDS)
    return Sources(
        system=system(draw(st.lists(WORDS, max_size=3))),
        user=UserItem("user", said, MESSAGE_TOKENS + count(said)),
        before=tuple(before),
        after=tuple(after),
        memories=tuple(memory(text, number) for number, text in enumerate(draw(st.lists(WORDS, max_size=6)))),
        memory_frame_tokens=MESSAGE_TOKENS + count(f"{MEMORY_HEADER}\n"),
        tools=tuple(tool(text, number) for number, text in enumerate(draw(st.lists(WORDS, max_size=4)))),
    )


LANE = st.integers(0, 200)
OFFERS = st.builds(
    Offer,
    lanes=st.builds(Lanes, LANE, LANE, LANE, LANE, LANE, LANE),
    tools=st.lists(st.sampled_from([f"tool_{number}" for number in range(4)]), unique=True).map(tuple),
    recall_limit=st.integers(0, 8),
)


def message_tokens(message: PromptMessage) -> int:
    return MESSAGE_TOKENS + count(message.content) + calls_tokens(message.tool_calls, TOKENIZER)


def sent_tokens(context: Context) -> int:
    tools = sum(tool_tokens(each, TOKENIZER) for each in context.tools)
    return REPLY_TOKENS + tools + sum(message_tokens(message) for message in context.messages)


@given(sources(), OFFERS)
def test_no_lane_is_ever_exceeded(given_sources: Sources, offer: Offer) -> None:
    context = build(given_sources, offer, TOKENIZER)
    used, lanes = context.used, offer.lanes
    assert used.system_policy <= lanes.system_policy
    assert used.history <= lanes.history
    assert used.memory <= lanes.memory
    assert used.tools <= lanes.tools
    assert used.tool_results <= lanes.tool_results
    room = lanes.system_policy + lanes.history + lanes.memory + lanes.tools + lanes.tool_results
    assert sent_tokens(context) <= room + given_sources.user.tokens + REPLY_TOKENS
    assert sent_tokens(context) <= context.input_tokens


@given(sources(), OFFERS)
def test_every_candidate_stands_in_the_manifest_once(given_sources: Sources, offer: Offer) -> None:
    context = build(given_sources, offer, TOKENIZER)
    listed = [line.item_id for line in context.manifest]
    everything = [
        *(item.item_id for item in given_sources.system),
        *(item.item_id for item in given_sources.before),
        *(item.item_id for item in given_sources.after),
        *(item.memory_id for item in given_sources.memories),
        *(item.tool.name for item in given_sources.tools),
        given_sources.user.item_id,
    ]
    assert sorted(listed) == sorted(everything)
    assert all(line.reason for line in context.manifest)


@given(sources(), OFFERS)
def test_the_same_inputs_give_the_same_bytes(given_sources: Sources, offer: Offer) -> None:
    assert build(given_sources, offer, TOKENIZER) == build(given_sources, offer, TOKENIZER)


@given(sources(), OFFERS)
def test_calls_of_tools_keep_their_results_and_the_order_holds(given_sources: Sources, offer: Offer) -> None:
    messages = build(given_sources, offer, TOKENIZER).messages
    for number, message in enumerate(messages):
        if message.tool_calls:
            following = messages[number + 1 : number + 1 + len(message.tool_calls)]
            assert [each.tool_call_id for each in following] == [call.call_id for call in message.tool_calls]
    said = PromptMessage("user", given_sources.user.text)
    user_at = max(number for number, message in enumerate(messages) if message == said)
    assert all(message.role != "system" for message in messages[user_at:])


@given(sources(), OFFERS)
def test_what_is_kept_whole_is_in_the_prompt(given_sources: Sources, offer: Offer) -> None:
    context = build(given_sources, offer, TOKENIZER)
    prompt = "\x00".join(message.content for message in context.messages)
    texts = {
        item.item_id: item.text for item in (*given_sources.system, *given_sources.before) if hasattr(item, "text")
    }
    lines = {item.memory_id: item.line for item in given_sources.memories}
    for line in context.manifest:
        text = texts.get(line.item_id, lines.get(line.item_id, ""))
        if line.kept and not line.truncated_tokens:
            assert text in prompt


@given(sources(), OFFERS)
def test_without_a_call_nothing_counts_as_sent(given_sources: Sources, offer: Offer) -> None:
    context = unsent(build(given_sources, offer, TOKENIZER))
    assert not any(line.kept for line in context.manifest)
    assert context.used == Lanes()
