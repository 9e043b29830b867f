"""A memory as tests of rules need it."""

from datetime import datetime
from uuid import uuid4

from servers.memory.domain.memory import Kind, Memory, Source


def memory(text: str, learned: datetime, owner_sub: str = "ada") -> Memory:
    return Memory(
        memory_id=uuid4(),
        namespace="shared",
        owner_sub=owner_sub,
        kind=Kind.EPISODIC,
        text=text,
        payload=None,
        subject="",
        speaker="",
        source=Source.USER_SAID,
        source_id="",
        conversation_id=None,
        trust=0.9,
        importance=0.5,
        tags=(),
        token_count=9,
        learn_time=learned,
        valid_from=learned,
    )
