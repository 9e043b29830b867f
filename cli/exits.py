"""How a command ends: its exit codes, and failures that are one sentence for a person.

Nothing here prints.
"""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    CANNOT_REACH = 3
    NOT_ALLOWED = 4


class CommandError(Exception):
    """A command cannot do its work; the text is a sentence that says what happened and what to do next."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


def not_running() -> CommandError:
    """The failure of whatever needs a running stack."""
    return CommandError("The stack is not running. Start it with `somastack up`.", Exit.CANNOT_REACH)


def damaged_key(problem: Exception) -> CommandError:
    """The failure of whatever needs a key that cannot be read."""
    return CommandError(f"{problem} Restore it, or remove it: the next `somastack up` makes a new one.")
