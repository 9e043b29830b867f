"""The keys of models, as adapters ask for them: read from the store of secrets once, then known to this process.

A new key of a profile has a new name, so what is known stays right; a provider's own is read again after a minute.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from servers.chat.domain.model import ModelProfile
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.security.secrets import Secrets, secrets_unavailable

MOST_KEYS: Final = 1_000
FRESH_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Known:
    key: str
    read_at: float


class Keys:
    """Keys by profile. `given` ones are the process's own and stand in no store."""

    def __init__(self, secrets: Secrets, given: Mapping[str, str], clock: Clock) -> None:
        self._secrets = secrets
        self._given = dict(given)
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def of(self, profile: ModelProfile) -> str | None:
        """The key with which a profile is called, None where it needs none. Raises SECRETS_UNAVAILABLE."""
        name = profile.key_name
        if not name:
            return None
        if name in self._given:
            return self._given[name]
        known = self._known.get(name)
        if known is not None and (_is_final(name) or self._clock.monotonic() - known.read_at < FRESH_SECONDS):
            return known.key
        try:
            return await self._read(name)
        except SomaError:
            if known is None:
                raise
            return known.key

    async def exists(self, name: str) -> bool:
        """Whether there is a key of this name. Raises SECRETS_UNAVAILABLE."""
        return name in self._given or await self._secrets.read(name) is not None

    async def _read(self, name: str) -> str:
        key = await self._secrets.read(name)
        if key is None:
            raise secrets_unavailable("keys", "it has no key for this model, so give it one anew")
        self._known[name] = _Known(key, self._clock.monotonic())
        if len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return key


def _is_final(name: str) -> bool:
    """Whether what stands under a name never changes: a name of one word is a provider's."""
    return "/" in name
