"""The index of vectors and the embedder in the settings: what is there without them, and what does not go together."""

import pytest

from config import load_settings
from config.values import VectorIndexName
from tests.unit.config.test_providers import problems_of

EMBEDDER = {
    "SOMA_EMBEDDER_URL": "http://127.0.0.1:11434/v1",
    "SOMA_EMBEDDER_MODEL": "nomic-embed-text",
    "SOMA_EMBEDDER_DIMENSIONS": "768",
}


def test_without_them_vectors_are_made_and_searched_here() -> None:
    settings = load_settings({})
    assert settings.vector_index is VectorIndexName.PGVECTOR
    assert settings.embedder is None


def test_an_embedder_and_a_milvus_of_ones_own() -> None:
    milvus = {"SOMA_VECTOR_INDEX": "milvus", "MILVUS_HOST": "milvus", "MILVUS_PORT": "19530"}
    settings = load_settings({**EMBEDDER, **milvus, "SOMA_EMBEDDER_KEY": "sk-hidden"})
    assert settings.infrastructure.milvus_address == "milvus:19530"
    assert settings.embedder is not None
    assert (settings.embedder.model, settings.embedder.dimensions) == ("nomic-embed-text", 768)
    assert "sk-hidden" not in repr(settings.embedder)


@pytest.mark.parametrize("absent", sorted(EMBEDDER))
def test_half_an_embedder_is_none(absent: str) -> None:
    assert absent in problems_of(**{name: value for name, value in EMBEDDER.items() if name != absent})


@pytest.mark.parametrize("address", ["ftp://models", "http://169.254.169.254/v1", "http://user:word@models/v1"])
def test_an_embedder_where_nobody_may_call_is_refused(address: str) -> None:
    assert "SOMA_EMBEDDER_URL" in problems_of(**{**EMBEDDER, "SOMA_EMBEDDER_URL": address})


def test_prod_calls_no_private_embedder_that_is_not_named() -> None:
    private = {**EMBEDDER, "SOMA_EMBEDDER_URL": "http://10.0.0.7/v1", "SOMA_ENV": "prod"}
    assert "SOMA_EMBEDDER_URL" in problems_of(**private)
    assert "SOMA_EMBEDDER_URL" not in problems_of(**private, SOMA_MODEL_PRIVATE_HOSTS="10.0.0.7", SOMA_BIND="0.0.0.0")


def test_milvus_needs_its_address() -> None:
    assert "MILVUS_HOST" in problems_of(SOMA_VECTOR_INDEX="milvus")
    assert "SOMA_VECTOR_INDEX" in problems_of(SOMA_VECTOR_INDEX="faiss")
