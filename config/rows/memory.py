"""The settings of memories: where vectors are kept, which model makes them, how much there may be,
and how memories fade.

Nothing here reads a value.
"""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from config.setting import Count, DayLimit, Share, setting
from config.values import VectorIndexName

Dimensions = Annotated[int, Field(ge=8, le=16_000)]


class MemorySearch(BaseModel):
    """The index of vectors and the embedder; without an embedder the built-in one is used."""

    vector_index: VectorIndexName | None = setting(
        "SOMA_VECTOR_INDEX",
        "Where vectors of memories are searched: pgvector, or milvus at MILVUS_HOST.",
        "milvus",
    )
    embedder_url: str | None = setting(
        "SOMA_EMBEDDER_URL",
        "An OpenAI-compatible server of embeddings, in the place of the built-in embedder.",
        "http://models:11434/v1",
    )
    embedder_model: str | None = setting(
        "SOMA_EMBEDDER_MODEL", "The name of the embedding model there.", "nomic-embed-text"
    )
    embedder_dimensions: Dimensions | None = setting(
        "SOMA_EMBEDDER_DIMENSIONS", "How many numbers its vectors have, 8 to 16000.", "768"
    )
    embedder_key: SecretStr | None = setting("SOMA_EMBEDDER_KEY", "The key for SOMA_EMBEDDER_URL.", "sk-...")


class MemoryLimits(BaseModel):
    """How much a tenant may store, and how much of it a process holds at hand."""

    memory_namespaces: Count | None = setting(
        "SOMA_MEMORY_NAMESPACES", "How many namespaces of memories a tenant may have.", "10000"
    )
    memory_daily_writes: DayLimit | None = setting(
        "SOMA_MEMORY_DAILY_WRITES", "How many memories a tenant may store a day (UTC), 0 for no limit.", "100000"
    )
    memory_shelf_megabytes: Count | None = setting(
        "SOMA_MEMORY_SHELF_MEGABYTES",
        "How much a process of memory may hold of what it recalls from; what was not asked for longest is dropped and "
        "read anew. A hundred thousand memories of a sentence or two take 140 to 270.",
        "512",
    )


class MemoryFading(BaseModel):
    """When memories that faded are taken out of recall."""

    memory_sweep: bool | None = setting(
        "SOMA_MEMORY_SWEEP", "Whether memories that faded are swept by themselves, once a day.", "true"
    )
    memory_min_retention: Share | None = setting(
        "SOMA_MEMORY_MIN_RETENTION", "How much of a memory must be left so that no sweep takes it, 0 to 1.", "0.05"
    )
