"""The rules of the contract: a request that breaks one never reaches a use case.

Nothing here states a rule; they stand in the proto files.
"""

from typing import ClassVar

from google.protobuf.message import Message
from protovalidate import Validator, Violation

from soma_common.kernel.errors import FieldViolation, SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed
from soma_common.rpc.interceptors.pipeline import parsed


class Rules:
    """The rules of the contract for messages, wherever one comes from."""

    def __init__(self) -> None:
        self._validator = Validator()

    def holds(self, message: Message) -> bool:
        """Whether a message breaks no rule."""
        return not self._validator.collect_violations(message)

    def check(self, message: Message) -> None:
        """Raises INVALID_FIELD for one that breaks a rule."""
        broken = self._validator.collect_violations(message)
        if broken:
            raise _violation_error(broken)


class Validate:
    """Reads the request and checks it; of a stream of requests each, when it comes."""

    name: ClassVar[str] = "validate"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors", "deadline", "auth", "limits"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE})

    def __init__(self) -> None:
        self._rules = Rules()

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call with a valid request; raises MALFORMED_MESSAGE or INVALID_FIELD."""
        if exchange.shape.streams_requests:
            exchange.checks.append(self._rules.check)
        else:
            self._rules.check(parsed(exchange))
        return await proceed(exchange)


def _violation_error(broken: list[Violation]) -> SomaError:
    """One error that lists every broken rule; its sentence names the first."""
    found = tuple(_field_violation(violation) for violation in broken)
    first = found[0]
    return SomaError(Reason.INVALID_FIELD, {"field": first.field, "rule": first.description}, violations=found)


def _field_violation(violation: Violation) -> FieldViolation:
    proto = violation.proto
    rule = str(proto.message or proto.rule_id or "it breaks a rule of the contract")
    return FieldViolation(_path_of(violation), rule)


def _path_of(violation: Violation) -> str:
    path = violation.proto.field
    if path is None:
        return "request"
    parts: list[str] = []
    for element in path.elements:
        name = str(element.field_name)
        parts.append(name if element.subscript is None else f"{name}[{element.subscript.value}]")
    return ".".join(parts) or "request"
