"""Asking a person whether a tool may run, and telling chat what was decided.

Nothing here prints what came of it; the turn tells.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from cli.approval_calls import APPROVE, DENY, pending, resolve
from cli.doors import Doors
from cli.talk.prompt import Prompt
from cli.talk.terminal import aside
from cli.views.words import moment, visible
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb

Visit = Callable[[Callable[[Doors], Coroutine[Any, Any, Any]]], Any]
_QUESTION: Final = "[a]pprove, [d]eny, Enter to leave it; words after it go to the model › "
_WORDS: Final = {"a": APPROVE, "approve": APPROVE, "d": DENY, "deny": DENY}


def decide(prompt: Prompt, visit: Visit, turn_id: str, wanted: event_pb.ApprovalRequested) -> bool:
    """Ask and tell chat; False where the person leaves it for later. Raises SomaError."""
    aside(visible(f"  {wanted.call.name} with {wanted.call.arguments_json}"))
    aside(f"  It lapses at {moment(wanted, 'expire_time')}.")
    answer = prompt.ask(_QUESTION)
    decision, note = read(answer or "")
    if decision is None:
        return False
    waiting = turn_pb.PendingApproval(turn_id=turn_id, request=wanted)
    visit(lambda doors: resolve(doors, waiting, decision, note))
    return True


def read(answer: str) -> tuple["event_pb.ApprovalDecision.ValueType | None", str]:
    """What an answer means, and the words for the model; None for anything that is neither of the two."""
    word, _, note = answer.strip().partition(" ")
    return _WORDS.get(word.lower()), note.strip()


async def waiting_in(doors: Doors, conversation_id: str) -> list[turn_pb.PendingApproval]:
    """What waits for consent in a conversation, oldest first; nothing before there is one. Raises SomaError."""
    return await pending(doors, conversation_id) if conversation_id else []
