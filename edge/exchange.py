"""One HTTP request as the layers of the edge see it: its correlation id, its route, its caller.

Nothing here answers or logs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import Scope

from edge.identity import Identity
from soma_common.kernel.tenancy import Caller
from soma_common.rpc.call import acting_as

_KEY: Final = "soma.exchange"
CORRELATION: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(slots=True)
class Exchange:
    """What is known of a request so far; the layer that learns something writes it down here."""

    correlation_id: str
    route: str = ""
    identity: Identity | None = None

    @property
    def caller(self) -> Caller:
        """The verified caller; only asked for after the identity was established."""
        if self.identity is None:
            raise AssertionError("nobody was identified yet")
        return self.identity.caller

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Calls inside the block are made for the caller."""
        with acting_as(self.caller, self.correlation_id):
            yield


def attach(scope: Scope, exchange: Exchange) -> None:
    """Hangs the exchange on an ASGI scope."""
    scope[_KEY] = exchange


def exchange_of(request: HTTPConnection) -> Exchange:
    """The exchange of a request."""
    found = request.scope[_KEY]
    if not isinstance(found, Exchange):
        raise AssertionError("the request came in without the outermost layer")
    return found
