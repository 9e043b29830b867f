"""The net under every handler: failures become statuses, the text of an unknown one stays in the log.

Nothing here knows what a failure is about; `status.py` makes the status.
"""

import asyncio
import time
from typing import ClassVar, Final

import grpc

from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.logging import get_logger
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed
from soma_common.rpc.status import RpcStatus

_LOG: Final = get_logger("soma.rpc")


class Errors:
    """Ends a failed call with a status that names its reason and never its cause."""

    name: ClassVar[str] = "errors"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry"})
    covers: ClassVar[frozenset[Access]] = frozenset(Access)

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call and translates what it raises."""
        try:
            return await proceed(exchange)
        except SomaError as error:
            failure = error
        except asyncio.CancelledError:
            exchange.code = _code_of_cancellation(exchange)
            raise
        except grpc.aio.AbortError:
            exchange.code = _aborted_code(exchange)
            raise
        except Exception as error:  # noqa: BLE001 - the outermost net of this task: no text may get through
            failure = self._unknown(error, exchange)
        exchange.code = failure.kind.value
        exchange.failure = failure
        return await exchange.context.abort_with_status(RpcStatus(failure))

    def _unknown(self, error: Exception, exchange: Exchange) -> SomaError:
        error_id = str(self._ids.uuid7())
        _LOG.error("unexpected error in a handler", error_id=error_id, method=exchange.shape.path, exc_info=error)
        return SomaError(Reason.INTERNAL, {"error_id": error_id})


def _code_of_cancellation(exchange: Exchange) -> str:
    expired = exchange.deadline is not None and exchange.deadline <= time.monotonic()
    return grpc.StatusCode.DEADLINE_EXCEEDED.name if expired else grpc.StatusCode.CANCELLED.name


def _aborted_code(exchange: Exchange) -> str:
    code: object = exchange.context.code()
    if isinstance(code, grpc.StatusCode):
        return code.name
    return next((known.name for known in grpc.StatusCode if known.value[0] == code), "UNKNOWN")
