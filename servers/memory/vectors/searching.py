"""Searches for recalls: by the built-in vectors, and by those of a chosen model while it serves.

What is done with what is found, and how long it is waited for, is not known here.
"""

from collections.abc import Collection, Sequence

from servers.memory.embedders.port import EmbedderDownError, TextRefusedError
from servers.memory.vectors.port import Near, Vector
from servers.memory.vectors.spaces import Spaces
from soma_common.kernel.tenancy import TenantId


class ServingVectors:
    """The indexes of a process as recalls ask them."""

    def __init__(self, spaces: Spaces) -> None:
        self._spaces = spaces

    @property
    def chosen(self) -> bool:
        """Whether a chosen model answers, and not the built-in one."""
        return self._spaces.serving() is not self._spaces.built_in

    async def search(
        self, tenant_id: TenantId, namespaces: Collection[str], vector: Vector, limit: int
    ) -> Sequence[Near]:
        """The nearest to a built-in vector. Raises VectorsDownError."""
        return await self._spaces.built_in.reached().search(tenant_id, namespaces, vector, limit)

    async def search_text(
        self, tenant_id: TenantId, namespaces: Collection[str], text: str, limit: int
    ) -> Sequence[Near]:
        """The nearest by the model that serves. Raises VectorsDownError, EmbedderDownError."""
        held = self._spaces.serving()
        try:
            (vector,) = await held.embedder.embed([text])
        except TextRefusedError as problem:
            raise EmbedderDownError("the embedder refused the query") from problem
        return [] if vector is None else await held.reached().search(tenant_id, namespaces, vector, limit)
