"""Which configuration holds for a tenant, from memory.

A plan says which version its own transaction saw, so that it never uses an older one; whoever has no such transaction
asks the table when the memory is a moment old.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from servers.governor.configuration.versions import VersionStore
from servers.governor.domain.configuration import BUILT_IN, Configuration
from servers.governor.domain.rates import RateRules
from soma_common.kernel.clock import Clock
from soma_common.kernel.tenancy import TenantId

FRESH_SECONDS: Final = 2.0
_MOST_TENANTS: Final = 4096

Read = Callable[[bytes, int], Configuration]


@dataclass(slots=True)
class _Known:
    """A configuration, and when it was last seen to hold."""

    configuration: Configuration
    seen_at: float


class Configurations:
    """The configurations of this process. `read` makes a value of what is kept and its version."""

    def __init__(self, store: VersionStore, read: Read, clock: Clock) -> None:
        self._store = store
        self._read = read
        self._clock = clock
        self._known: OrderedDict[TenantId, _Known] = OrderedDict()

    async def at_least(self, tenant: TenantId, version: int) -> Configuration:
        """The configuration that holds, where a transaction just saw that this version does.

        It costs a statement only where the version is new here. Raises DATABASE_UNAVAILABLE.
        """
        known = self._known.get(tenant)
        if version == 0 and known is None:
            return BUILT_IN
        if known is not None and known.configuration.rules.version >= version:
            known.seen_at = self._clock.monotonic()
            return known.configuration
        return await self._load(tenant)

    async def of(self, tenant: TenantId) -> Configuration:
        """The configuration that holds or did so two seconds ago. Raises DATABASE_UNAVAILABLE."""
        known = self._known.get(tenant)
        if known is not None and self._clock.monotonic() - known.seen_at < FRESH_SECONDS:
            return known.configuration
        return await self._load(tenant)

    async def rates(self, tenant: TenantId) -> RateRules:
        """How much the tenant may use in a minute, as `of` knows it. Raises DATABASE_UNAVAILABLE."""
        return (await self.of(tenant)).rates

    async def _load(self, tenant: TenantId) -> Configuration:
        asked_at = self._clock.monotonic()
        version, config = await self._store.newest(tenant)
        found = BUILT_IN if config is None else self._read(config, version.number)
        known = self._known.get(tenant)
        if known is None or known.configuration.rules.version <= version.number:
            self._known[tenant] = _Known(found, asked_at)
            self._known.move_to_end(tenant)
            if len(self._known) > _MOST_TENANTS:
                self._known.popitem(last=False)
            return found
        return known.configuration
