"""Every exception of the driver has a meaning here."""

import inspect

import asyncpg
import pytest
from asyncpg import exceptions

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.failures import Failure, connecting, failure_class, failure_of, translate, translated

pytestmark = pytest.mark.unit

CLASSES = [
    found
    for _, found in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(found, BaseException) and found.__module__.startswith("asyncpg")
]


def test_every_class_of_the_driver_is_in_the_table() -> None:
    assert not [kind.__name__ for kind in CLASSES if failure_class(kind) is None]


def test_the_driver_has_the_classes_this_table_was_made_for() -> None:
    assert len(CLASSES) > 200
    assert all(issubclass(kind, Exception) for kind in CLASSES)


@pytest.mark.parametrize(
    ("problem", "failure", "reason"),
    [
        (ConnectionRefusedError(), Failure.LOST, Reason.DATABASE_UNAVAILABLE),
        (TimeoutError(), Failure.UNAVAILABLE, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.ConnectionDoesNotExistError(), Failure.LOST, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.InterfaceError("connection is closed"), Failure.LOST, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.TooManyConnectionsError(), Failure.LOST, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.QueryCanceledError(), Failure.UNAVAILABLE, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.NumericValueOutOfRangeError(), Failure.RANGE, Reason.INVALID_FIELD),
        (
            asyncpg.DataError("invalid input for query argument $3: 1 (value out of int64 range)"),
            Failure.RANGE,
            Reason.INVALID_FIELD,
        ),
        (asyncpg.DiskFullError(), Failure.UNAVAILABLE, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.InvalidPasswordError(), Failure.UNAVAILABLE, Reason.DATABASE_UNAVAILABLE),
        (asyncpg.SerializationError(), Failure.SERIALIZATION, Reason.CONFLICT),
        (asyncpg.DeadlockDetectedError(), Failure.SERIALIZATION, Reason.CONFLICT),
        (asyncpg.LockNotAvailableError(), Failure.CONFLICT, Reason.CONFLICT),
        (asyncpg.CharacterNotInRepertoireError(), Failure.TEXT, Reason.INVALID_FIELD),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_a_person_is_told(problem: Exception, failure: Failure, reason: Reason) -> None:
    assert failure_of(problem) is failure
    error = translate(problem)
    assert error is not None
    assert error.reason is reason
    assert (error.retry_after_seconds is not None) == (reason is not Reason.INVALID_FIELD)


@pytest.mark.parametrize(
    "problem",
    [asyncpg.UniqueViolationError(), asyncpg.UndefinedTableError(), asyncpg.InterfaceError("x"), ValueError()],
    ids=lambda value: type(value).__name__,
)
def test_what_stays_as_it_is(problem: Exception) -> None:
    assert translate(problem) is None
    with pytest.raises(type(problem)), translated():
        raise problem


def test_a_missing_socket_is_a_lost_server() -> None:
    with pytest.raises(SomaError) as caught, translated(), connecting():
        raise FileNotFoundError
    assert caught.value.reason is Reason.DATABASE_UNAVAILABLE


def test_an_error_of_the_work_itself_is_not_taken_for_the_database() -> None:
    with pytest.raises(FileNotFoundError), translated():
        raise FileNotFoundError


def test_a_database_that_takes_no_connections_is_away_and_no_mistake_of_ours() -> None:
    closed = asyncpg.ObjectNotInPrerequisiteStateError("database is not currently accepting connections")
    assert failure_of(closed) is Failure.FAULT
    with pytest.raises(SomaError) as caught, translated(), connecting():
        raise closed
    assert caught.value.reason is Reason.DATABASE_UNAVAILABLE
