"""The shape of one row of the method table.

Nothing here knows which methods exist: `methods.py` lists them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MethodRule:
    """Who may call one RPC.

    `scope` is what a user's token must carry (None: users may not call it directly), `callers` the services that may,
    `role` the lowest role a user needs. `finds_repeats`: the use case finds a repeat by a key of its own,
    inside its own transaction, so that nobody needs to look for an answer before it.
    """

    scope: str | None
    callers: frozenset[str]
    role: str = "viewer"
    finds_repeats: bool = False
