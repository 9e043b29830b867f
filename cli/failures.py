"""Failures that carry their own sentence, and the exit code each has; the details of those that do not.

Nothing here prints.
"""

import os
import tempfile

from cli.exits import Exit
from config import SettingsError
from config.rules import not_started
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Kind

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


def keep_details(text: str) -> str | None:
    """Put the details into a file that only this account can read; its path, or None where no file can be made."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="somastack-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return path
