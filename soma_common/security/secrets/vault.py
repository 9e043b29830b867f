"""Secrets in Vault (or OpenBao, which speaks the same): KV version 2, below one prefix of one mount.

The only module that imports hvac, when the first secret is asked for; every call runs in a thread.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from soma_common.kernel.errors import SomaError
from soma_common.security.secrets.port import checked, secrets_unavailable

Answer = TypeVar("Answer")

MOUNT: Final = "secret"
PREFIX: Final = "soma"
FIELD: Final = "value"
_STORE: Final = "vault"
_TIMEOUT_SECONDS: Final = 5
# The name of a class of hvac, what it says to a person. Classes that stand above others are found last.
PROBLEMS: Final = {
    "Forbidden": "it refuses the login or its rights",
    "Unauthorized": "it refuses the login",
    "InvalidRequest": "it does not accept the request; an AppRole that is not known is refused so",
    "InvalidPath": "it has no KV version 2 store at the mount that is used",
    "RateLimitExceeded": "it limits requests",
    "VaultNotInitialized": "it is not initialised",
    "VaultDown": "it is sealed or in maintenance",
    "InternalServerError": "it failed inside",
    "BadGateway": "it failed inside",
    "VaultError": "it answered in a way that is not understood",
}
_UNREACHABLE: Final = "it does not answer at its address"


@dataclass(frozen=True, slots=True)
class VaultLogin:
    """How to log in: a token, or the ids of an AppRole."""

    token: str | None = field(default=None, repr=False)
    role_id: str | None = field(default=None, repr=False)
    secret_id: str | None = field(default=None, repr=False)


class VaultSecrets:
    """Secrets at `secret/soma/<name>`, each the field `value` of its entry."""

    def __init__(self, address: str, login: VaultLogin) -> None:
        self._address = address
        self._login = login
        self._client: Any = None

    async def read(self, name: str) -> str | None:
        """As the port."""
        entry = await self.read_entry(name)
        value = None if entry is None else entry.get(FIELD)
        return None if value is None else str(value)

    async def read_entry(self, name: str) -> dict[str, Any] | None:
        """All fields of an entry, or None when there is none. Raises as the port."""
        path = _path(name)

        def look(store: Any) -> dict[str, Any] | None:
            import hvac.exceptions

            try:
                answer = store.read_secret_version(path, mount_point=MOUNT, raise_on_deleted_version=True)
            except hvac.exceptions.InvalidPath:
                return None
            entry: dict[str, Any] = answer["data"]["data"] or {}
            return entry

        return await asyncio.to_thread(self._do, look)

    async def write(self, name: str, value: str) -> None:
        """As the port."""
        path = _path(name)
        await asyncio.to_thread(
            self._do, lambda store: store.create_or_update_secret(path, {FIELD: value}, mount_point=MOUNT)
        )

    async def delete(self, name: str) -> None:
        """As the port."""
        path = _path(name)
        await asyncio.to_thread(self._do, lambda store: store.delete_metadata_and_all_versions(path, mount_point=MOUNT))

    async def close(self) -> None:
        """As the port."""
        client, self._client = self._client, None
        if client is not None:
            client.adapter.close()

    def _do(self, work: Callable[[Any], Answer]) -> Answer:
        """Do it logged in; a login that has run out is renewed once. Raises SomaError(SECRETS_UNAVAILABLE)."""
        import hvac.exceptions

        try:
            try:
                return work(self._logged_in().secrets.kv.v2)
            except hvac.exceptions.Forbidden:
                if self._login.role_id is None:
                    raise
                self._client = None
                return work(self._logged_in().secrets.kv.v2)
        except hvac.exceptions.VaultError as problem:
            raise _refused(problem) from None
        except (OSError, ValueError, KeyError, TypeError):
            # requests' own failures are OSErrors; the rest is an answer that is not Vault's.
            raise secrets_unavailable(_STORE, _UNREACHABLE) from None

    def _logged_in(self) -> Any:
        import hvac

        if self._client is None:
            client = hvac.Client(url=self._address, token=self._login.token or "", timeout=_TIMEOUT_SECONDS)
            if self._login.role_id is not None:
                client.auth.approle.login(self._login.role_id, self._login.secret_id)
            self._client = client
        return self._client


def _path(name: str) -> str:
    return f"{PREFIX}/{checked(name)}"


def _refused(problem: Exception) -> SomaError:
    """The error for one of hvac's, by its class; the text of hvac's own has the address in it."""
    names = (kind.__name__ for kind in type(problem).__mro__)
    return secrets_unavailable(_STORE, next((PROBLEMS[name] for name in names if name in PROBLEMS), _UNREACHABLE))
