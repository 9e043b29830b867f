"""Who calls and whether they may: the token or API key, then the row of the method in the table.

Nothing here knows a method; a method without a row is refused.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller
from soma_common.logging.context import set_log_context
from soma_common.rpc.call import CALL, RpcCall
from soma_common.rpc.interceptors.exchange import Access, Exchange, Proceed
from soma_common.rpc.key_exchange import KeyExchange
from soma_common.security.api_keys import is_api_key
from soma_common.security.roles import reaches
from soma_common.security.rules import MethodRule
from soma_common.security.tokens import TokenVerifier

# Services through which people come: what they ask for a person, the person must be allowed.
_DOORS: Final = frozenset(("edge", "cli"))
_OPERATORS_RULE: Final = MethodRule("control:read", frozenset({"cli"}), "operator")
_BEARER: Final = "bearer "


class Auth:
    """Verifies the token and makes the call known to the code inside."""

    name: ClassVar[str] = "auth"
    after: ClassVar[frozenset[str]] = frozenset({"telemetry", "errors", "deadline"})
    covers: ClassVar[frozenset[Access]] = frozenset({Access.HOUSE, Access.OPERATORS})

    def __init__(
        self, verifier: TokenVerifier, rules: Mapping[str, MethodRule], keys: KeyExchange | None = None
    ) -> None:
        self._verifier = verifier
        self._rules = rules
        self._keys = keys

    async def run(self, exchange: Exchange, proceed: Proceed) -> bytes | None:
        """Runs the call under its caller's identity; raises MISSING_CREDENTIALS … CALLER_NOT_ALLOWED."""
        caller = self._verifier.verify(await self._token(exchange))
        exchange.caller = caller
        set_log_context(tenant_id=str(caller.tenant_id))
        path = exchange.shape.path
        rule = self._rules.get(path) if exchange.shape.access is Access.HOUSE else _OPERATORS_RULE
        permit(rule, caller, path)
        CALL.set(RpcCall(caller, exchange.correlation_id, path, exchange.deadline))
        return await proceed(exchange)

    async def _token(self, exchange: Exchange) -> str:
        """The token that was sent, or the one that an API key is exchanged for."""
        sent = _credential(exchange)
        return await self._keys.token_for(sent) if self._keys is not None and is_api_key(sent) else sent


def _credential(exchange: Exchange) -> str:
    header = exchange.text("authorization") or ""
    if not header:
        raise SomaError(Reason.MISSING_CREDENTIALS)
    if not header.lower().startswith(_BEARER):
        raise SomaError(Reason.INVALID_TOKEN, {"problem": "it is not sent as a bearer token"})
    return header[len(_BEARER) :].strip()


def permit(rule: MethodRule | None, caller: Caller, method: str) -> None:
    """Refuses a caller whom the row of the method does not name; a method without a row refuses everybody."""
    if rule is None or (caller.service is None and rule.scope is None):
        raise _not_allowed(caller, method)
    if caller.service is not None:
        if caller.service not in rule.callers:
            raise _not_allowed(caller, method)
        if caller.service not in _DOORS or caller.sub.startswith("service:"):
            return
    scope_held = rule.scope is None or rule.scope in caller.scopes
    if not scope_held or not reaches(caller.roles, rule.role):
        raise SomaError(Reason.SCOPE_MISSING, {"scope": rule.scope or "none", "role": rule.role})


def _not_allowed(caller: Caller, method: str) -> SomaError:
    who = "A user" if caller.service is None else f"The service {caller.service}"
    return SomaError(Reason.CALLER_NOT_ALLOWED, {"caller": who, "method": method})
