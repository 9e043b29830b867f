"""Makes the spaces, the follower and the rebuild of a process out of its settings.

Which objects there are is decided here; what they do is theirs.
"""

from dataclasses import dataclass, field
from typing import Final, Self

from servers.memory.embedders.builtin import BuiltInEmbedder
from servers.memory.embedders.http import EmbeddingModel, HttpEmbedder
from servers.memory.embedders.port import Embedder
from servers.memory.vectors.erasing import IndexEraser
from servers.memory.vectors.following import IndexFollower
from servers.memory.vectors.metrics import IndexMetrics
from servers.memory.vectors.milvus import MilvusIndexes
from servers.memory.vectors.pgvector import PgvectorIndexes
from servers.memory.vectors.port import VectorIndexes
from servers.memory.vectors.queue import IndexQueue
from servers.memory.vectors.rebuilding import IndexRebuilder
from servers.memory.vectors.spaces import Held, Spaces
from servers.memory.view.reading import Reader
from soma_common.kernel.addresses import AddressRules
from soma_common.postgres.pool import Database

PGVECTOR: Final = "pgvector"
# With batches of 128 a remote embedder is asked for at most about 1,200 texts a second.
_REMOTE_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class VectorSettings:
    """Where vectors are searched, in PostgreSQL where there is no Milvus; and a model, if one was chosen."""

    milvus_uri: str | None = None
    model: EmbeddingModel | None = None
    addresses: AddressRules = field(default_factory=lambda: AddressRules(private_allowed=False))


@dataclass(frozen=True, slots=True)
class Vectors:
    """The parts of a process that keep its index of vectors."""

    name: str
    spaces: Spaces
    queue: IndexQueue
    follower: IndexFollower
    rebuilder: IndexRebuilder

    def erasers(self) -> tuple[IndexEraser, ...]:
        """Of an index outside PostgreSQL; what is inside goes with the memories, in their transaction."""
        return (IndexEraser(self.queue, self.spaces),) if self.name != PGVECTOR else ()

    @classmethod
    def of(cls, database: Database, reader: Reader, settings: VectorSettings, metrics: IndexMetrics) -> Self:
        """Nothing is reached before the follower runs."""
        indexes: VectorIndexes = PgvectorIndexes(database)
        if settings.milvus_uri is not None:
            indexes = MilvusIndexes(settings.milvus_uri)
        embedders: list[Embedder] = [BuiltInEmbedder(reader)]
        if settings.model is not None:
            embedders.append(HttpEmbedder(settings.model, settings.addresses))
        spaces = Spaces(indexes, [Held(embedder, remote=place > 0) for place, embedder in enumerate(embedders)])
        queue = IndexQueue(database)
        follower = IndexFollower(queue, spaces, metrics, _REMOTE_PAUSE_SECONDS)
        name = PGVECTOR if settings.milvus_uri is None else "milvus"
        return cls(name, spaces, queue, follower, IndexRebuilder(queue, spaces, follower))
