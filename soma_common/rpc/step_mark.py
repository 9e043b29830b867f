"""The mark that a call carries when it is part of a saga: which step it does or undoes.

It travels in metadata; nothing here knows gRPC or what a fence does with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

HEADER: Final = "x-soma-saga-step"


class Purpose(StrEnum):
    """What a call is to a step of a saga."""

    ACT = "act"
    UNDO = "undo"  # the step is known to be done
    UNDO_IF_DONE = "undo-if-done"  # nobody knows whether it is


@dataclass(frozen=True, slots=True)
class StepMark:
    """Which step a call belongs to: by the effect key of its action, for the compensation too."""

    effect_key: UUID
    purpose: Purpose

    @property
    def header(self) -> str:
        """How it travels."""
        return f"{self.purpose.value} {self.effect_key}"

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """The mark in a header; None when there is none or it is none of ours."""
        purpose, _, key = (header or "").partition(" ")
        try:
            return cls(UUID(key), Purpose(purpose))
        except ValueError:
            return None


_MARK: ContextVar[StepMark | None] = ContextVar("soma_saga_step", default=None)


@contextmanager
def marking(mark: StepMark) -> Iterator[None]:
    """Gives every call that is made inside this mark."""
    token = _MARK.set(mark)
    try:
        yield
    finally:
        _MARK.reset(token)


def current_mark() -> StepMark | None:
    """The mark of the step that is running here."""
    return _MARK.get()
