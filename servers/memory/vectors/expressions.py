"""What Milvus is asked, as text that is built of typed parts alone; the clause of the tenant is always the outermost.

Nothing here knows a connection.
"""

from collections.abc import Collection
from uuid import UUID

from soma_common.kernel.tenancy import TenantId


def partition_of(tenant_id: TenantId) -> str:
    """The partition key: 32 hex digits."""
    return f"{tenant_id.int:032x}"


def key_of(tenant_id: TenantId, memory_id: UUID) -> str:
    """The primary key: tenant and memory, since two tenants may know a memory by the same id."""
    return f"{partition_of(tenant_id)}{memory_id.int:032x}"


def memory_of(key: str) -> UUID:
    """The memory of a primary key."""
    return UUID(key[32:])


def of_tenant(tenant_id: TenantId, rest: str = "") -> str:
    """What is the tenant's; `rest` is a clause of this module."""
    clause = f'tenant == "{partition_of(tenant_id)}"'
    return f"{clause} and ({rest})" if rest else clause


def of_memories(tenant_id: TenantId, memory_ids: Collection[UUID]) -> str:
    """These memories of the tenant."""
    keys = ", ".join(f'"{key_of(tenant_id, memory_id)}"' for memory_id in memory_ids)
    return of_tenant(tenant_id, f"key in [{keys}]")


def at_places(tenant_id: TenantId, namespaces: Collection[str]) -> str:
    """What the tenant has in these namespaces."""
    return of_tenant(tenant_id, f"namespace in [{', '.join(quoted(name) for name in namespaces)}]")


def behind(tenant_id: TenantId, after: UUID | None) -> str:
    """What follows a memory of the tenant in the order of the keys."""
    return of_tenant(tenant_id, f'key > "{key_of(tenant_id, after)}"' if after is not None else "")


def quoted(text: str) -> str:
    """Text as a literal, in which nothing ends it early."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in ('"', "\\"):
        return "\\" + character
    return character if character.isprintable() else f"\\u{min(ord(character), 0xFFFD):04x}"
