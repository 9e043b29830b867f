"""What a receipt says of one model call: what went into it beside what the turn began with, by lane, and its digest.

Names, sizes and reasons only, never a text. Making messages only.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from servers.chat.answering.planning import lanes_message
from servers.chat.domain.continuing import instruction
from servers.chat.domain.model import ModelRequest
from servers.chat.domain.request_body import parameters
from servers.chat.domain.rounds import ToolRound
from servers.chat.domain.sizes import MESSAGE_TOKENS, Tokenizer, calls_tokens
from servers.chat.domain.sources import Lanes, Placed
from servers.chat.turns.progress import Progress
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.tokens import tokenizer_for

# What a settlement takes of each call.
MOST_ADDED: Final = 1_024
ROUND: Final = "round/"
ANSWER: Final = "answer"
USED_UP: Final = "the rounds of tools are used up"
TAKES_NO_TOOLS: Final = "this model takes no tools"
_GONE: Final = "it was not found again when another process went on with the turn"


def call_record(progress: Progress, call: ModelRequest) -> receipt_pb.ModelLeg:
    """The call that is made next; made once for each."""
    if progress.recorded is None or progress.recorded[0] is not call:
        progress.recorded = (call, _record(progress, call))
    return progress.recorded[1]


def _record(progress: Progress, call: ModelRequest) -> receipt_pb.ModelLeg:
    tokenizer = tokenizer_for(progress.accepted.profile.tokenizer)
    added = [*_rounds(progress, tokenizer), *_continued(call.so_far, tokenizer), *_without_tools(progress, call)]
    lines = [*refilled(progress), *map(item_message, added)]
    record = receipt_pb.ModelLeg(
        leg=progress.next_leg,
        model=call.profile.profile_id,
        lanes_used=lanes_message(_lanes(progress, added)),
        items=lines[:MOST_ADDED],
        request_sha256=hashlib.sha256(call.body).digest(),
        rounds_before=len(progress.rounds),
        continued_characters=len(call.so_far),
        basis_sha256=progress.basis,
    )
    record.parameters.update(parameters(call))
    return record


def _lanes(progress: Progress, added: Sequence[Placed]) -> Lanes:
    """What the window held at first, with what came to it and without what was left out since."""
    used = Lanes() if progress.context is None else progress.context.used
    sums = {lane: sum(line.tokens for line in added if line.kept and line.lane == lane) for lane in _GROWING}
    left_out = sum(line.tokens for line in added if not line.kept)
    return replace(
        used,
        history=used.history + sums["history"],
        tool_results=used.tool_results + sums["tool_results"],
        tools=max(0, used.tools - left_out),
    )


_GROWING: Final = ("history", "tool_results")


def _rounds(progress: Progress, tokenizer: Tokenizer) -> Iterator[Placed]:
    for whole, sent in zip(progress.rounds, progress.fitted, strict=False):
        name = f"{ROUND}{whole.number}"
        said = MESSAGE_TOKENS + tokenizer.count(sent.text) + calls_tokens(sent.calls, tokenizer)
        yield Placed("history", name, said, True, f"said in round {whole.number}, with its calls of tools")
        yield from _results(name, whole, sent, tokenizer)


def _results(name: str, whole: ToolRound, sent: ToolRound, tokenizer: Tokenizer) -> Iterator[Placed]:
    for full, result in zip(whole.results, sent.results, strict=True):
        tokens, cut, reason = MESSAGE_TOKENS + tokenizer.count(result.content), 0, f"a result of {result.name}"
        if result.content != full.content:
            cut = max(0, MESSAGE_TOKENS + tokenizer.count(full.content) - tokens)
            reason = "cut to what the window left for results"
        yield Placed("tool_results", f"{name}/{result.call_id}", tokens, True, reason, truncated_tokens=cut)


def _continued(so_far: str, tokenizer: Tokenizer) -> Iterator[Placed]:
    if so_far:
        tokens = 2 * MESSAGE_TOKENS + tokenizer.count(so_far) + tokenizer.count(instruction(so_far))
        yield Placed("history", ANSWER, tokens, True, "the answer so far, to be gone on with")


def _without_tools(progress: Progress, call: ModelRequest) -> Iterator[Placed]:
    """Tools that were offered at first and are not any more."""
    sent = {tool.name for tool in call.tools}
    manifest = () if progress.context is None else progress.context.manifest
    reason = TAKES_NO_TOOLS if not call.profile.tools else USED_UP
    for line in manifest:
        if line.lane == "tools" and line.kept and line.item_id not in sent:
            yield replace(line, kept=False, reason=reason)


def refilled(progress: Progress) -> list[receipt_pb.ManifestItem]:
    """The lanes that hold other things than when the turn began, for another process gathered anew: each as a whole."""
    draft = None if progress.before is None else progress.before.draft
    if draft is None or progress.context is None or not draft.items:
        return []
    before, now = list(draft.items), [item_message(line) for line in progress.context.manifest]
    lines: list[receipt_pb.ManifestItem] = []
    for lane in dict.fromkeys(item.lane for item in (*before, *now)):
        earlier, later = ([item for item in items if item.lane == lane] for items in (before, now))
        if earlier != later:
            there = {item.item_id for item in later}
            lines += [*later, *(_gone(item) for item in earlier if item.item_id not in there)]
    return lines


def _gone(item: receipt_pb.ManifestItem) -> receipt_pb.ManifestItem:
    gone = receipt_pb.ManifestItem()
    gone.CopyFrom(item)
    gone.kept, gone.reason, gone.truncated_tokens = False, _GONE, 0
    return gone


def items_of(
    receipt_items: Iterable[receipt_pb.ManifestItem], leg: receipt_pb.ModelLeg
) -> list[receipt_pb.ManifestItem]:
    """What was kept and dropped of a call's candidates: the receipt's lanes, or its own where it filled them anew."""
    own = [item for item in leg.items if not _was_added(item)]
    lanes = {item.lane for item in own}
    return [*(item for item in receipt_items if item.lane not in lanes), *own]


def _was_added(item: receipt_pb.ManifestItem) -> bool:
    return item.item_id.startswith(ROUND) or item.item_id == ANSWER or item.reason in (USED_UP, TAKES_NO_TOOLS)


def item_message(line: Placed) -> receipt_pb.ManifestItem:
    """A line of the manifest as a message."""
    return receipt_pb.ManifestItem(
        lane=line.lane,
        item_id=line.item_id,
        tokens=line.tokens,
        kept=line.kept,
        reason=line.reason,
        version=line.version,
        truncated_tokens=line.truncated_tokens,
    )
