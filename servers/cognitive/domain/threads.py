"""A thread of thought: options under one goal, a cursor before the first that is not taken, and what moves it. Pure.

Nothing here knows who may see a thread, or which one is current.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from soma_common.kernel.errors import invalid_field, not_found


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `taken_time` is None until it is taken."""

    option_id: UUID
    text: str
    score: float
    reason: str = ""
    taken_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What of a thread never changes."""

    thread_id: UUID
    agent_id: UUID
    owner_sub: str
    goal: str
    method: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread with its options, best first. The version counts from 1; each change makes it one more."""

    heading: Heading
    options: tuple[Option, ...]
    version: int
    update_time: datetime

    @property
    def cursor(self) -> int:
        """How many options from the beginning are taken: the place of the next one."""
        places = (place for place, option in enumerate(self.options) if option.taken_time is None)
        return next(places, len(self.options))

    @property
    def exhausted(self) -> bool:
        """Whether no option is left."""
        return self.cursor == len(self.options)

    @property
    def next_option(self) -> Option | None:
        """What is taken next; None where the thread is exhausted."""
        return None if self.exhausted else self.options[self.cursor]


def take(thread: Thread, now: datetime) -> Thread:
    """The next option is taken. A thread that is exhausted stays the same."""
    return thread if thread.exhausted else _taken(thread, thread.cursor, now)


def choose(thread: Thread, option_id: UUID, now: datetime) -> Thread:
    """A certain option is taken; those before it are not passed over.

    Raises RESOURCE_NOT_FOUND for one that the thread has not, INVALID_FIELD for one that was taken before.
    """
    for place, option in enumerate(thread.options):
        if option.option_id == option_id:
            if option.taken_time is not None:
                raise invalid_field("option_id", "it was taken before; choose another, or reset the thread")
            return _taken(thread, place, now)
    raise not_found("option", option_id)


def rewind(thread: Thread, now: datetime) -> Thread:
    """All options may be taken again. A thread of which none was taken stays the same."""
    if all(option.taken_time is None for option in thread.options):
        return thread
    return _moved(thread, tuple(replace(option, taken_time=None) for option in thread.options), now)


def clear(thread: Thread, now: datetime) -> Thread:
    """No option is left in it. A thread that has none stays the same."""
    return _moved(thread, (), now) if thread.options else thread


def _taken(thread: Thread, place: int, now: datetime) -> Thread:
    taken = replace(thread.options[place], taken_time=now)
    return _moved(thread, (*thread.options[:place], taken, *thread.options[place + 1 :]), now)


def _moved(thread: Thread, options: tuple[Option, ...], now: datetime) -> Thread:
    return replace(thread, options=options, version=thread.version + 1, update_time=now)
