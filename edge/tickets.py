"""One-use tickets for WebSockets: made for a caller, good for half a minute, sealed so that they tell nothing.

Nothing here knows sockets or requests. Inside is the caller's own token or key, so that a socket ends when that does.
The key of the seal is the edge's, so that every edge of the installation can open a ticket.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.security.sealing import BrokenSealError, Seal

TICKET_SECONDS: Final = 30.0
PURPOSE: Final = "tickets of sockets"
_LONGEST: Final = 8_192


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket holds."""

    ticket_id: str
    credential: str
    proof: str
    expire_time: datetime


class Tickets:
    """Seals and opens tickets. Whether one was used before is asked elsewhere."""

    def __init__(self, secret: bytes, clock: Clock, ids: Ids) -> None:
        self._seal = Seal(secret, PURPOSE)
        self._clock = clock
        self._ids = ids

    def make(self, credential: str, proof: str) -> tuple[str, datetime]:
        """The text of a new ticket, and until when it opens a socket."""
        until = self._clock.now() + timedelta(seconds=TICKET_SECONDS)
        inside = orjson.dumps([str(self._ids.uuid4()), credential, proof, until.timestamp()])
        return self._seal.close(inside), until

    def open(self, text: str) -> Ticket:
        """What is inside. Raises INVALID_TOKEN, EXPIRED_TOKEN."""
        refused = SomaError(Reason.INVALID_TOKEN, {"problem": "it is not a ticket of this installation"})
        if len(text) > _LONGEST:
            raise refused
        try:
            inside = self._seal.open(text)
        except BrokenSealError:
            raise refused from None
        ticket_id, credential, proof, until = orjson.loads(inside)
        if self._clock.now().timestamp() > until:
            raise SomaError(Reason.EXPIRED_TOKEN)
        return Ticket(ticket_id, credential, proof, datetime.fromtimestamp(until, UTC))
