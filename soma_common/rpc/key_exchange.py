"""API keys at a door: exchanged at control for a short token, which is kept in memory as long as it may be used.

Nothing here verifies a token or keeps the text of a key.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from soma.control.v1 import api_key_service_pb2 as keys_pb
from soma.control.v1 import api_key_service_pb2_grpc as keys_grpc
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Kind, Reason
from soma_common.kernel.tenancy import service_caller
from soma_common.rpc.call import acting_as
from soma_common.rpc.dial import CallSigner, dial

_KEPT: Final = 10_000
_EXCHANGE_SECONDS: Final = 5.0
# A text that was refused cannot become that of a key, unless somebody guesses right.
_REFUSED_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Kept:
    """What control answered, usable until `until` on the monotonic clock."""

    answer: str | SomaError
    until: float


class KeyExchange:
    """The tokens of the keys that came by this process. Control is dialled when the first key comes."""

    def __init__(self, service: str, control: Sequence[str], signer: CallSigner, clock: Clock) -> None:
        self._caller = service_caller(service)
        self._channel = dial(control, signer, timeout_seconds=_EXCHANGE_SECONDS, name="control")
        self._stub = self._channel.stub(keys_grpc.ApiKeyServiceStub)
        self._clock = clock
        self._ids = Ids()
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[str]] = {}

    async def token_for(self, key: str) -> str:
        """A token with what the key may do. Raises INVALID_TOKEN, RATE_LIMITED, DEPENDENCY_DOWN (control)."""
        digest = sha256(key.encode("utf-8", "replace")).digest()
        kept = self._kept.get(digest)
        if kept is not None and self._clock.monotonic() < kept.until:
            if isinstance(kept.answer, SomaError):
                raise kept.answer
            return kept.answer
        # Whoever asks while control is asked waits for the same answer, also when the first one leaves.
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.create_task(self._ask(key, digest), name="exchange an API key")
            task.add_done_callback(lambda done: self._asked(digest, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Ends the connection."""
        await self._channel.close()

    async def _ask(self, key: str, digest: bytes) -> str:
        began = self._clock.monotonic()
        with acting_as(self._caller, str(self._ids.uuid7()), _EXCHANGE_SECONDS):
            try:
                answer = await self._stub.ExchangeApiKey(keys_pb.ExchangeApiKeyRequest(key=key))
            except SomaError as error:
                if error.kind is Kind.UNAUTHENTICATED:
                    self._keep(digest, _Kept(error, began + _REFUSED_SECONDS))
                if error.reason is Reason.DEADLINE_EXCEEDED:
                    # It is ours, not the caller's.
                    raise SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "control"}) from error
                raise
        self._keep(digest, _Kept(answer.token, began + answer.lifetime.ToTimedelta().total_seconds()))
        return answer.token

    def _keep(self, digest: bytes, kept: _Kept) -> None:
        self._kept[digest] = kept
        self._kept.move_to_end(digest)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _asked(self, digest: bytes, done: "asyncio.Task[str]") -> None:
        self._asking.pop(digest, None)
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may have
