"""Reads a file of conversations in the form of LoCoMo: turns in dated sessions, questions with the turns that answer.

The file is named on the command line: it is for evaluation only and no part of the project.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

CATEGORIES: Final = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said: its text with the caption of a picture, its place in the conversation from 1."""

    turn_id: str
    speaker: str
    text: str
    position: int
    session_time: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the ids of the turns that answer it."""

    text: str
    category: int
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One long conversation."""

    name: str
    turns: list[Turn] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def read(path: Path) -> list[Conversation]:
    """All conversations of a file. Raises OSError, ValueError, KeyError."""
    return [_conversation(one) for one in json.loads(path.read_text())]


def _conversation(data: dict[str, Any]) -> Conversation:
    turns = list(_turns(data["conversation"]))
    known = {turn.turn_id for turn in turns}
    asked = [
        Question(one["question"], one["category"], gold)
        for one in data["qa"]
        if (gold := frozenset(known.intersection(one["evidence"])))
    ]
    return Conversation(str(data["sample_id"]), turns, asked)


def _turns(conversation: dict[str, Any]) -> Iterator[Turn]:
    numbers = sorted(
        int(key.removeprefix("session_")) for key in conversation if key.removeprefix("session_").isdigit()
    )
    position = 0
    for number in numbers:
        said = conversation[f"session_{number}_date_time"]
        moment = datetime.strptime(said, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for turn in conversation[f"session_{number}"]:
            position += 1
            text = " ".join(part for part in (turn["text"], turn.get("blip_caption", "")) if part)
            yield Turn(turn["dia_id"], turn["speaker"], text, position, moment)
