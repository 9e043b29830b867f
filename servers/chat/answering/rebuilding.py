"""Making the body of a model call again: from its receipt and what is stored, in the way in which it was made first.

No prompt is stored. Where something is gone, it is said what, and the rest is made without it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from servers.chat.answering.material import Account, Material, Materials
from servers.chat.aside import aside
from servers.chat.domain.composing import after_rounds, call_by, first_call
from servers.chat.domain.model import ModelRequest
from servers.chat.models.bodies import body_of
from servers.chat.turns.store import TurnRow, TurnStore
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.kernel.errors import SomaError, not_found
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.tokens import tokenizer_for

RECEIPT_SECONDS: Final = 1.5
_DELETED: Final = "The conversation of the turn was deleted, and its messages with it."
_NO_RECEIPT: Final = "The turn has no receipt: it was refused before its plan, or it is older than receipts are kept."
_NO_CALL: Final = "No model was called in the turn."
_UNSENT: Final = "The call was not sent, or it was made before receipts said what was sent."
_DOES_NOT_FIT: Final = "What is stored does not fit the model's window any more."
_CHANGED: Final = "Something that the call was made from has changed since, and nothing says what."
_TRANSLATED: Final = "Its provider has a language of its own: this is what was handed to the translation into it."


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A body, empty where it cannot be made; `exact` where it is what was sent, byte for byte; else what is missing."""

    body: bytes = b""
    exact: bool = False
    missing: tuple[str, ...] = ()
    model: str = ""


class Rebuilding:
    """Makes bodies again."""

    def __init__(self, store: TurnStore, materials: Materials, governor: GovernorServiceStub) -> None:
        self._store = store
        self._materials = materials
        self._governor = governor

    async def rebuild(self, caller: Caller, turn_id: UUID, number: int) -> Rebuilt:
        """The body of a call of a turn that the caller may see.

        Raises RESOURCE_NOT_FOUND for a turn or a call that is not known, DEPENDENCY_DOWN without the governor.
        """
        row = await self._store.find_turn(caller.tenant_id, turn_id, caller.owner_filter)
        receipt = await self._receipt(turn_id)
        if row is None:
            if receipt is None:
                raise not_found("turn", turn_id)
            return Rebuilt(missing=(_DELETED,), model=receipt.model)
        if receipt is None:
            return Rebuilt(missing=(_NO_RECEIPT,), model=row.model)
        return await self._rebuild(row, await self._materials.account(row, receipt), number)

    async def _rebuild(self, row: TurnRow, account: Account, number: int) -> Rebuilt:
        record = next((leg for leg in account.legs if leg.leg == number), None)
        if record is None:
            if account.legs:
                raise not_found("model call", number)
            return Rebuilt(missing=(_NO_CALL,), model=row.model)
        if not record.request_sha256:
            return Rebuilt(missing=(_UNSENT,), model=record.model)
        material, missing = await self._materials.gather(row, account, record)
        if material is None:
            return Rebuilt(missing=tuple(missing), model=record.model)
        call = await aside(material.size, compose, material)
        if call is None:
            return Rebuilt(missing=(*missing, _DOES_NOT_FIT), model=record.model)
        return _judged(call, record, missing)

    async def _receipt(self, turn_id: UUID) -> receipt_pb.Receipt | None:
        request = governor_pb.GetReceiptRequest(receipt_id=str(turn_id))
        try:
            found: governor_pb.GetReceiptResponse = await self._governor.GetReceipt(request, timeout=RECEIPT_SECONDS)
        except SomaError as error:
            if error.reason is not Reason.RESOURCE_NOT_FOUND:
                raise
            return None
        return found.receipt


def compose(material: Material) -> ModelRequest | None:
    """The call, made as it was made first; None where it does not fit its model."""
    basis = material.basis
    tokenizer = tokenizer_for(basis.profile.tokenizer)
    _, call = first_call(material.sources(tokenizer), material.offer, material.terms, tokenizer)
    if material.rounds:
        call, _ = after_rounds(call, material.rounds, basis.bounds, tokenizer)
    profile = basis.profile.named(material.model)
    return call_by(call, profile, material.so_far, tokenizer_for(profile.tokenizer))


def _judged(call: ModelRequest, record: receipt_pb.ModelLeg, missing: Sequence[str]) -> Rebuilt:
    body = body_of(call)
    same = hashlib.sha256(body).digest() == record.request_sha256
    translated = call.profile.protocol == "litellm"
    said = [*missing, *([_TRANSLATED] if translated else [])]
    if not same and not missing:
        said.append(_CHANGED)
    return Rebuilt(body, same and not translated, tuple(said), record.model)
