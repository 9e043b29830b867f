"""Where memories live and who may read and write there. Pure.

    user:<sub>     the person; operators and admins of the tenant too
    agent:<uuid>   everybody of the tenant (an agent's own knowledge)
    shared         everybody of the tenant

Deleted is a memory only by whoever stored it, and by operators and admins.

The tenant itself is not decided here: it comes from the token and is forced by the database.
"""

from typing import Final

from soma_common.kernel.tenancy import Caller

SHARED: Final = "shared"
_USER: Final = "user:"


def own_namespace(caller: Caller) -> str:
    """The caller's own namespace."""
    return f"{_USER}{caller.sub}"


def may_use(caller: Caller, namespace: str) -> bool:
    """Whether the caller may read and write there."""
    return not namespace.startswith(_USER) or caller.sees_all or namespace == own_namespace(caller)


def may_delete(caller: Caller, owner_sub: str) -> bool:
    """Whether the caller may delete a memory that this person stored."""
    return caller.sees_all or owner_sub == caller.sub


def readable(caller: Caller, wanted: tuple[str, ...], agent_id: str) -> tuple[str, ...]:
    """The namespaces to search: those that are wanted and allowed, or the caller's, the agent's and the shared one."""
    usual = (own_namespace(caller), *((f"agent:{agent_id}",) if agent_id else ()), SHARED)
    return tuple(dict.fromkeys(name for name in wanted or usual if may_use(caller, name)))


def sees_hidden(caller: Caller) -> bool:
    """Whether the caller may look at what a quarantine hides."""
    return not caller.roles.isdisjoint(("operator", "admin"))
