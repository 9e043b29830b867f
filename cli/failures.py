"""Failures that carry their own sentence, with what can be done about them; the details of those that do not.

Nothing here prints.
"""

import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cli.exits import CommandError, Exit
from cli.render import duration
from config import SettingsError
from config.rules import not_started
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind, Reason

_CODES = {
    Kind.UNAVAILABLE: Exit.CANNOT_REACH,
    Kind.DEADLINE_EXCEEDED: Exit.CANNOT_REACH,
    Kind.UNAUTHENTICATED: Exit.NOT_ALLOWED,
    Kind.PERMISSION_DENIED: Exit.NOT_ALLOWED,
    Kind.INVALID_ARGUMENT: Exit.WRONG_USE,
}


def code_of(failure: Exception) -> Exit:
    """The exit code of a failure with a sentence."""
    if isinstance(failure, SettingsError):
        return Exit.CANNOT_REACH if failure.problems == (not_started(),) else Exit.WRONG_USE
    if isinstance(failure, SomaError):
        return _CODES.get(failure.kind, Exit.FAILED)
    return Exit.FAILED


@contextmanager
def by_option(options: Mapping[str, str]) -> Iterator[None]:
    """While inside, what is refused for a field that an option gave is refused by the name of the option."""
    try:
        yield
    except SomaError as refused:
        option = options.get(refused.metadata.get("field", "")) if refused.reason is Reason.INVALID_FIELD else None
        if option is None:
            raise
        raise CommandError(f"{option} is not acceptable: {refused.metadata['rule']}.", Exit.WRONG_USE) from None


def explained(failure: SomaError | CommandError) -> str:
    """What happened, with every mistake where there are several, and what can be done where a command helps."""
    if isinstance(failure, CommandError):
        return failure.sentence
    others = "".join(f"\n  {each.field}: {each.description}" for each in failure.violations[1:])
    advised = advice(failure.reason.value, failure.retry_after_seconds)
    return "\n".join(part for part in (failure.sentence, advised) if part) + others


def advice(reason: str, retry_after_seconds: float | None) -> str:
    """What a person can do about a turn that was refused, and when; empty where its sentence says all."""
    when = duration(max(math.ceil(retry_after_seconds), 1)) if retry_after_seconds else ""
    if reason == Reason.RATE_LIMITED.value:
        return f"There is room again in {when}." if when else ""
    if reason == Reason.BUDGET_EXHAUSTED.value:
        told = f"There may be room again in {when}. " if when else ""
        return f"{told}`somastack budget show` shows every budget that applies, `somastack budget set` raises one."
    if reason == Reason.LEVEL_TOO_LOW.value:
        return "`somastack level` says why it is so low, `somastack level watch` when it is better."
    return ""


def keep_details(text: str) -> str | None:
    """Put the details into a file that only this account can read; its path, or None where no file can be made."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="somastack-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return path
