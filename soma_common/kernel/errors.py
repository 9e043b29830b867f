"""The one tree of errors, and what every reason means to a person.

Nothing here knows gRPC: `soma_common/rpc/status.py` turns these values into a status.

    SomaError(reason, metadata)
      kind      what class of failure it is, one per reason        (REASONS)
      sentence  what happened and what to do next, for a person    (REASONS)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

from soma_common.kernel.reasons import REASONS, Kind, Reason


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One rule of input that was broken: the field's path and what it should have been."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class QuotaViolation:
    """One limit that is used up: whose it is and how much it allows."""

    subject: str
    description: str


class _Forgiving(Formatter):
    """Fills a template; a key that is missing reads as `?` instead of failing inside an error path."""

    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:
        return kwargs.get(str(key), "?")


_FORMATTER = _Forgiving()
_LONGEST_VALUE_BYTES: Final = 256


def shortened(text: str, most_bytes: int) -> str:
    """The text, or as much of its beginning as fits in so many bytes of UTF-8, with “…” behind it."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= most_bytes:
        return whole.decode("utf-8")
    return whole[: most_bytes - 3].decode("utf-8", "ignore") + "…"


class SomaError(Exception):
    """A failure with a reason of the contract.

    `metadata` holds short strings as documented for the reason in `soma.common.v1.ErrorReason`; never a secret, SQL,
    path or stack; longer ones are cut, as errors travel in headers. `retry_after_seconds` is set where waiting helps.
    """

    def __init__(
        self,
        reason: Reason,
        metadata: Mapping[str, str] | None = None,
        *,
        retry_after_seconds: float | None = None,
        violations: tuple[FieldViolation, ...] = (),
        quota: tuple[QuotaViolation, ...] = (),
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.metadata: Mapping[str, str] = {
            key: shortened(value, _LONGEST_VALUE_BYTES) for key, value in (metadata or {}).items()
        }
        self.retry_after_seconds = retry_after_seconds
        self.violations = violations
        self.quota = quota

    @property
    def kind(self) -> Kind:
        """The class of the failure; one per reason."""
        return REASONS[self.reason].kind

    @property
    def sentence(self) -> str:
        """What happened and what to do next, the same at every door."""
        return _FORMATTER.vformat(REASONS[self.reason].sentence, (), self.metadata)


def invalid_field(field: str, description: str) -> SomaError:
    """The error for one field whose value breaks a rule that the contract cannot state."""
    return SomaError(
        Reason.INVALID_FIELD,
        {"field": field, "rule": description},
        violations=(FieldViolation(field, description),),
    )


def not_found(resource: str, identifier: object) -> SomaError:
    """The error for a thing that does not exist or belongs to somebody else."""
    return SomaError(Reason.RESOURCE_NOT_FOUND, {"resource": resource, "id": str(identifier)})
