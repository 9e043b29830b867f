"""The calls of the commands that deal with sagas: one function each, by the owner's session.

Nothing here prints or asks a person.
"""

from dataclasses import dataclass, field
from typing import Final

from cli.doors import Doors
from cli.exits import CommandError, Exit
from cli.operations.partial import checked_beginning, not_there
from soma.control.v1 import saga_service_pb2 as control_pb
from soma.control.v1 import saga_service_pb2_grpc as control_grpc
from soma.events.v1 import saga_pb2 as saga_pb

PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sagas are meant; empty means any."""

    name: str = ""
    house: str = ""
    status: "saga_pb.SagaStatus.ValueType" = saga_pb.SAGA_STATUS_UNSPECIFIED

    @property
    def is_any(self) -> bool:
        """Whether nothing was asked for in particular."""
        return self == Wanted()


@dataclass(slots=True)
class Found:
    """Sagas, the houses that did not answer, and whether there are more."""

    sagas: list[saga_pb.Saga] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    more: bool = False


async def listed(doors: Doors, wanted: Wanted, most: int | None) -> Found:
    """Sagas, the newest first; all of them where `most` is None. Raises SomaError."""
    found, token = Found(), ""
    while True:
        size = PAGE if most is None else min(PAGE, most - len(found.sagas))
        request = control_pb.ListSagasRequest(
            page_size=size, page_token=token, status=wanted.status, name=wanted.name, house=wanted.house
        )
        page = await _sagas(doors).ListSagas(request)
        found.sagas += page.sagas
        found.missing.update(page.unreachable_houses)
        token = page.next_page_token
        if not token or (most is not None and len(found.sagas) >= most):
            found.more = bool(token)
            return found


async def find(doors: Doors, text: str, house: str) -> saga_pb.Saga:
    """The saga whose id begins so, with its steps. Raises CommandError when it is none or several, SomaError."""
    begin = checked_beginning(text, "saga")
    every = await listed(doors, Wanted(house=house), None)
    fitting = [saga for saga in every.sagas if saga.saga_id.startswith(begin)]
    if not fitting:
        raise not_there("saga", begin, every.missing, "somastack saga list")
    if len(fitting) > 1:
        raise CommandError(f"{begin} is the beginning of {len(fitting)} ids. Give more digits.", Exit.WRONG_USE)
    return await whole(doors, fitting[0])


async def whole(doors: Doors, saga: saga_pb.Saga) -> saga_pb.Saga:
    """The saga with its steps and input. Raises SomaError."""
    request = control_pb.GetSagaRequest(house=saga.house, saga_id=saga.saga_id)
    return (await _sagas(doors).GetSaga(request)).saga


async def resume(doors: Doors, saga: saga_pb.Saga) -> saga_pb.Saga:
    """Have a stuck one go on. Raises SomaError."""
    request = control_pb.ResumeSagaRequest(house=saga.house, saga_id=saga.saga_id, request_id=doors.request_id())
    return (await _sagas(doors).ResumeSaga(request)).saga


async def compensate(doors: Doors, saga: saga_pb.Saga) -> saga_pb.Saga:
    """Have one undone. Raises SomaError."""
    request = control_pb.CompensateSagaRequest(house=saga.house, saga_id=saga.saga_id, request_id=doors.request_id())
    return (await _sagas(doors).CompensateSaga(request)).saga


def status_number(name: str) -> "saga_pb.SagaStatus.ValueType":
    """The number of a status by the word for it."""
    return saga_pb.SagaStatus.Value(f"SAGA_STATUS_{name.upper().replace('-', '_')}")


def _sagas(doors: Doors) -> control_grpc.SagaServiceStub:
    return doors.stub("control", control_grpc.SagaServiceStub)
