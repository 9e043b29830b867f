"""What each failure of the driver means to us: one table over asyncpg's classes, and the edge that translates them.

Nothing here opens a connection. A test walks the driver's classes and proves that each has a row.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from typing import Final

import asyncpg

from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason

RETRY_AFTER_SECONDS: Final = 1.0


class Failure(Enum):
    """The ways in which a statement can fail."""

    LOST = auto()  # the connection broke or cannot be had: nothing is committed unless COMMIT was under way
    UNAVAILABLE = auto()  # the server answers but cannot serve: full, timed out, no memory
    SERIALIZATION = auto()  # a concurrent transaction won: the whole transaction may be repeated
    CONFLICT = auto()  # a lock was not to be had in time
    TEXT = auto()  # text that PostgreSQL cannot hold (the NUL character)
    RANGE = auto()  # a number larger than its column
    STORE = auto()  # a constraint: the store that wrote the row knows what it means
    FAULT = auto()  # a mistake of ours: stays as it is, becomes INTERNAL with an error id


FAILURES: Final[Mapping[type[BaseException], Failure]] = {
    ConnectionError: Failure.LOST,
    TimeoutError: Failure.UNAVAILABLE,
    asyncpg.PostgresConnectionError: Failure.LOST,
    asyncpg.ConnectionDoesNotExistError: Failure.LOST,
    asyncpg.AdminShutdownError: Failure.LOST,
    asyncpg.CrashShutdownError: Failure.LOST,
    asyncpg.CannotConnectNowError: Failure.LOST,
    asyncpg.IdleSessionTimeoutError: Failure.LOST,
    asyncpg.TooManyConnectionsError: Failure.LOST,
    asyncpg.InternalClientError: Failure.LOST,
    asyncpg.OperatorInterventionError: Failure.UNAVAILABLE,
    asyncpg.InsufficientResourcesError: Failure.UNAVAILABLE,
    asyncpg.PostgresSystemError: Failure.UNAVAILABLE,
    asyncpg.IdleInTransactionSessionTimeoutError: Failure.UNAVAILABLE,
    asyncpg.TransactionTimeoutError: Failure.UNAVAILABLE,
    asyncpg.InvalidAuthorizationSpecificationError: Failure.UNAVAILABLE,
    asyncpg.InvalidCatalogNameError: Failure.UNAVAILABLE,
    asyncpg.ConfigFileError: Failure.UNAVAILABLE,
    asyncpg.TransactionRollbackError: Failure.SERIALIZATION,
    asyncpg.LockNotAvailableError: Failure.CONFLICT,
    asyncpg.ObjectInUseError: Failure.CONFLICT,
    asyncpg.CharacterNotInRepertoireError: Failure.TEXT,
    asyncpg.UntranslatableCharacterError: Failure.TEXT,
    asyncpg.NumericValueOutOfRangeError: Failure.RANGE,
    asyncpg.IntegrityConstraintViolationError: Failure.STORE,
    asyncpg.PostgresError: Failure.FAULT,
    asyncpg.InterfaceError: Failure.FAULT,
    asyncpg.InterfaceWarning: Failure.FAULT,
    asyncpg.PostgresWarning: Failure.FAULT,
}

# Everything a call on a connection can raise. Making one raises more: see `connecting`.
DRIVER_EXCEPTIONS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)

# The client notices a dead connection in words only, with the class of its usage errors.
_LOST_WORDS: Final = ("connection is closed", "connection was closed", "connection has been released", "pool is closed")
# An argument that its column cannot hold never reaches the server; the class is that of any argument of a wrong type.
_RANGE_WORDS: Final = re.compile(r"value out of u?int\d+ range")


class OutcomeUnknownError(SomaError):
    """DATABASE_UNAVAILABLE after the statement or the COMMIT was sent: it may be done, or may yet be."""


def failure_of(problem: BaseException) -> Failure | None:
    """What the driver's exception means, or None for an exception that is not of the driver."""
    if isinstance(problem, asyncpg.InterfaceError) and any(words in str(problem) for words in _LOST_WORDS):
        return Failure.LOST
    if type(problem) is asyncpg.DataError and _RANGE_WORDS.search(str(problem)):
        return Failure.RANGE
    return failure_class(type(problem))


def failure_class(kind: type[BaseException]) -> Failure | None:
    """The row of the nearest class in the table."""
    return next((FAILURES[parent] for parent in kind.__mro__ if parent in FAILURES), None)


def translate(problem: BaseException) -> SomaError | None:
    """The error of the contract for a driver's exception; None when it must stay as it is."""
    match failure_of(problem):
        case Failure.LOST | Failure.UNAVAILABLE:
            return SomaError(Reason.DATABASE_UNAVAILABLE, retry_after_seconds=RETRY_AFTER_SECONDS)
        case Failure.SERIALIZATION | Failure.CONFLICT:
            return SomaError(Reason.CONFLICT, retry_after_seconds=RETRY_AFTER_SECONDS)
        case Failure.TEXT:
            return invalid_field("text", "it must not contain the character U+0000")
        case Failure.RANGE:
            return invalid_field("number", "it is larger than can be counted here")
        case _:
            return None


@contextmanager
def translated() -> Iterator[None]:
    """The edge of the driver: its exceptions leave as errors of the contract, where they have a meaning there."""
    try:
        yield
    except DRIVER_EXCEPTIONS as problem:
        error = translate(problem)
        if error is None:
            raise
        raise error from problem


@contextmanager
def connecting() -> Iterator[None]:
    """Around the making of a connection only: there any error of the system (a missing socket) means a lost server.

    So does a database that takes no connections, which otherwise would be a mistake of ours.
    """
    try:
        yield
    except (TimeoutError, ConnectionError):
        raise
    except asyncpg.ObjectNotInPrerequisiteStateError as problem:
        raise asyncpg.CannotConnectNowError(str(problem)) from problem
    except OSError as problem:
        raise asyncpg.ConnectionDoesNotExistError(str(problem)) from problem
