"""The settings of how memories are found by meaning: where vectors are kept, and which model makes them.

Nothing here reads a value.
"""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from config.setting import setting
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
