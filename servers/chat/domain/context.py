"""Fills the six lanes of the window: a pure function, the same inputs give the same bytes.

Nothing here counts what is already measured, knows a plan's message or calls anybody.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from servers.chat.domain.model import PromptMessage, PromptTool
from servers.chat.domain.sizes import MEMORY_HEADER, MESSAGE_TOKENS, REPLY_TOKENS, Tokenizer, cut
from servers.chat.domain.sources import (
    Context,
    Dialogue,
    DialogueItem,
    Lanes,
    MemoryItem,
    Offer,
    Placed,
    Sources,
    SystemItem,
    ToolExchange,
    ToolItem,
)

# Less than this of a text is not worth sending.
LEAST_CUT_TOKENS: Final = 16
_WHOLE: Final = "fits"


def build(sources: Sources, offer: Offer, tokenizer: Tokenizer) -> Context:
    """The prompt for these candidates under this plan, with every candidate in the manifest exactly once."""
    lanes = offer.lanes
    system, system_lines, system_used = _fill_system(sources.system, lanes.system_policy, tokenizer)
    said, said_lines, said_used = _fill_history((*sources.before, *sources.after), lanes.history, tokenizer)
    exchanges, exchange_lines, exchange_used = _fill_exchanges(sources, lanes.tool_results, tokenizer)
    memories, memory_lines, memory_used = _fill_memory(sources, offer, tokenizer)
    tools, tool_lines, tools_used = _fill_tools(sources.tools, offer)
    user = PromptMessage("user", sources.user.text)
    kept = {**said, **exchanges}
    before = [message for item in sources.before for message in kept.get(item.item_id, ())]
    after = [message for item in sources.after for message in kept.get(item.item_id, ())]
    messages = (*system, *before, *memories, user, *after)
    used = Lanes(system_used, said_used, memory_used, tools_used, exchange_used, 0)
    user_line = Placed("user_message", sources.user.item_id, sources.user.tokens, True, "always sent")
    manifest = (*system_lines, *said_lines, *memory_lines, user_line, *exchange_lines, *tool_lines)
    total = system_used + said_used + memory_used + tools_used + exchange_used + sources.user.tokens + REPLY_TOKENS
    return Context(messages, tools, used, manifest, total)


Filled = tuple[tuple[PromptMessage, ...], list[Placed], int]


def _fill_system(items: Sequence[SystemItem], lane: int, tokenizer: Tokenizer) -> Filled:
    """One system message; the policies get their room first, then each piece in order, the last one cut."""
    room = lane - MESSAGE_TOKENS - sum(item.tokens for item in items if item.policy)
    texts: dict[str, str] = {}
    for item in items:
        if item.policy:
            texts[item.item_id] = item.text if room >= 0 else ""
        elif item.tokens <= room:
            texts[item.item_id] = item.text
            room -= item.tokens
        else:
            texts[item.item_id] = cut(item.text, room, tokenizer) if room >= LEAST_CUT_TOKENS else ""
            room = 0
    while (joined := _joined(items, texts)) and MESSAGE_TOKENS + tokenizer.count(joined) > lane:
        _shorten_last(items, texts, tokenizer)
    lines = [_system_line(item, texts[item.item_id], tokenizer) for item in items]
    if not joined:
        return (), lines, 0
    return (PromptMessage("system", joined),), lines, MESSAGE_TOKENS + tokenizer.count(joined)


def _joined(items: Sequence[SystemItem], texts: dict[str, str]) -> str:
    return "\n\n".join(texts[item.item_id] for item in items if texts[item.item_id])


def _shorten_last(items: Sequence[SystemItem], texts: dict[str, str], tokenizer: Tokenizer) -> None:
    """Takes a few tokens off the last piece that can be cut; policies go only when nothing else is left."""
    last = next((it for it in reversed(items) if texts[it.item_id] and not it.policy), None)
    if last is None:
        last = next(it for it in reversed(items) if texts[it.item_id])
        texts[last.item_id] = ""
        return
    left = tokenizer.count(texts[last.item_id]) - 2
    texts[last.item_id] = cut(texts[last.item_id], left, tokenizer) if left >= LEAST_CUT_TOKENS else ""


def _system_line(item: SystemItem, text: str, tokenizer: Tokenizer) -> Placed:
    if text == item.text:
        return Placed("system_policy", item.item_id, item.tokens, True, _WHOLE)
    if not text:
        return Placed("system_policy", item.item_id, item.tokens, False, "the system_policy lane was full")
    tokens = min(tokenizer.count(text), item.tokens)
    reason = "cut to what was left of the system_policy lane"
    return Placed("system_policy", item.item_id, tokens, True, reason, truncated_tokens=item.tokens - tokens)


def _fill_history(
    items: Sequence[Dialogue], lane: int, tokenizer: Tokenizer
) -> tuple[dict[str, tuple[PromptMessage, ...]], list[Placed], int]:
    """Newest first until the lane is full; what is older than the first that does not fit is left out too."""
    kept: dict[str, tuple[PromptMessage, ...]] = {}
    lines: list[Placed] = []
    used, full = 0, False
    for item in reversed([each for each in items if isinstance(each, DialogueItem)]):
        room = lane - used
        if not full and item.tokens <= room:
            kept[item.item_id] = (PromptMessage(item.role, item.text),)
            lines.append(Placed("history", item.item_id, item.tokens, True, _WHOLE))
            used += item.tokens
            continue
        text = "" if full or kept else _cut_message(item, room, tokenizer)
        reason = "older than what fits the history lane" if full else "the history lane was full"
        full = True
        if not text:
            reason = "the plan has no history lane" if lane == 0 else reason
            lines.append(Placed("history", item.item_id, item.tokens, False, reason))
            continue
        tokens = MESSAGE_TOKENS + tokenizer.count(text)
        kept[item.item_id] = (PromptMessage(item.role, text),)
        reason = "cut to the history lane"
        lines.append(
            Placed("history", item.item_id, tokens, True, reason, truncated_tokens=max(0, item.tokens - tokens))
        )
        used += tokens
    return kept, lines[::-1], used


def _cut_message(item: DialogueItem, room: int, tokenizer: Tokenizer) -> str:
    return cut(item.text, room - MESSAGE_TOKENS, tokenizer) if room - MESSAGE_TOKENS >= LEAST_CUT_TOKENS else ""


def _fill_exchanges(
    sources: Sources, lane: int, tokenizer: Tokenizer
) -> tuple[dict[str, tuple[PromptMessage, ...]], list[Placed], int]:
    """Tool calls with their results, newest first; the newest may have its results cut, a pair is never torn."""
    items = [item for item in (*sources.before, *sources.after) if isinstance(item, ToolExchange)]
    kept: dict[str, tuple[PromptMessage, ...]] = {}
    lines: list[Placed] = []
    used, full = 0, False
    for item in reversed(items):
        room = lane - used
        whole = not full and item.tokens <= room
        messages, tokens = ((item.call, *item.results), item.tokens) if whole else (None, item.tokens)
        if not whole and not full and not kept:
            messages, tokens = _cut_exchange(item, room, tokenizer)
        full = full or not whole
        if messages is None:
            reason = "the plan has no tool_results lane" if lane == 0 else "the tool_results lane was full"
            lines.append(Placed("tool_results", item.item_id, item.tokens, False, reason))
            continue
        kept[item.item_id] = messages
        used += tokens
        reason = _WHOLE if whole else "results cut to the tool_results lane"
        lines.append(
            Placed("tool_results", item.item_id, tokens, True, reason, truncated_tokens=max(0, item.tokens - tokens))
        )
    return kept, lines[::-1], used


def _cut_exchange(item: ToolExchange, room: int, tokenizer: Tokenizer) -> tuple[tuple[PromptMessage, ...] | None, int]:
    left = room - item.call_tokens - MESSAGE_TOKENS * len(item.results)
    if left < LEAST_CUT_TOKENS:
        return None, item.tokens
    results: list[PromptMessage] = []
    for index, result in enumerate(item.results):
        share = left // (len(item.results) - index)
        text = cut(result.content, share, tokenizer)
        left -= tokenizer.count(text)
        results.append(PromptMessage(result.role, text, tool_call_id=result.tool_call_id))
    return (item.call, *results), room - left


def _fill_memory(sources: Sources, offer: Offer, tokenizer: Tokenizer) -> Filled:
    """One message of lines, best first; a memory that is too large for the rest lets a smaller one pass."""
    lane = offer.lanes.memory
    kept: list[MemoryItem] = []
    reasons: dict[str, str] = {}
    room = lane - sources.memory_frame_tokens
    for index, item in enumerate(sources.memories):
        if index >= offer.recall_limit:
            reasons[item.memory_id] = f"beyond the recall limit of {offer.recall_limit}"
        elif item.tokens > room:
            reasons[item.memory_id] = "the plan has no memory lane" if lane == 0 else "the memory lane was full"
        else:
            kept.append(item)
            room -= item.tokens
    text = _memory_text(kept)
    while kept and MESSAGE_TOKENS + tokenizer.count(text) > lane:
        reasons[kept.pop().memory_id] = "the memory lane was full"
        text = _memory_text(kept)
    lines = [
        Placed(
            "memory",
            it.memory_id,
            it.tokens,
            it.memory_id not in reasons,
            reasons.get(it.memory_id, _WHOLE),
            it.version,
        )
        for it in sources.memories
    ]
    if not kept:
        return (), lines, 0
    return (PromptMessage("system", text),), lines, MESSAGE_TOKENS + tokenizer.count(text)


def _memory_text(items: Sequence[MemoryItem]) -> str:
    return "\n".join((MEMORY_HEADER, *(item.line for item in items)))


def _fill_tools(items: Sequence[ToolItem], offer: Offer) -> tuple[tuple[PromptTool, ...], list[Placed], int]:
    """The chosen tools in the order of their rank, as many as fit."""
    by_name = {item.tool.name: item for item in items}
    chosen = [by_name[name] for name in offer.tools if name in by_name]
    kept: dict[str, ToolItem] = {}
    used = 0
    for item in chosen:
        if used + item.tokens <= offer.lanes.tools:
            kept[item.tool.name] = item
            used += item.tokens
    lines = []
    for item in items:
        name = item.tool.name
        reason = _WHOLE if name in kept else offer.tool_reasons.get(name, "")
        missing = "the tools lane was full" if offer.lanes.tools else "the plan has no tools lane"
        lines.append(Placed("tools", name, item.tokens, name in kept, (reason or missing)[:256]))
    return tuple(item.tool for item in kept.values()), lines, used


def unsent(context: Context) -> Context:
    """The same candidates where no model was called: nothing was sent, and the manifest says so."""
    manifest = tuple(
        replace(line, kept=False, truncated_tokens=0, reason="no model was called at level L4")
        for line in context.manifest
    )
    return Context((), (), Lanes(), manifest, 0)
