"""The embedders, one suite on the built-in table and on a model behind HTTP; and what is no vector."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from servers.memory.embedders.builtin import BuiltInEmbedder
from servers.memory.embedders.http import EmbeddingModel, HttpEmbedder
from servers.memory.embedders.port import Embedder, EmbedderDownError, TextRefusedError, judged
from servers.memory.vectors.port import Space
from servers.memory.view.reading import Reader
from soma_common.embedding import StaticEmbedder
from soma_common.kernel.addresses import AddressRules
from soma_common.testing.upstream.embeddings import DIMENSIONS
from soma_common.testing.upstream.process import ScriptedUpstream

pytestmark = pytest.mark.contract

READER = Reader.of(StaticEmbedder())
ANYWHERE = AddressRules(private_allowed=True)
KEY = "a-key-of-the-upstream"
TEXTS = ["Ada lives in Trento", "Bob plays the violin", "Ada lives in Trento"]


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(api_key=KEY) as running:
        yield running


def model_of(upstream: ScriptedUpstream, dimensions: int = DIMENSIONS, key: str = KEY) -> EmbeddingModel:
    return EmbeddingModel(f"{upstream.address}/v1", "scripted", dimensions, key)


@pytest.fixture(params=["built-in", "http"])
async def embedder(request: pytest.FixtureRequest, upstream: ScriptedUpstream) -> AsyncIterator[Embedder]:
    """Each embedder in turn."""
    made: Embedder = BuiltInEmbedder(READER)
    if request.param == "http":
        made = HttpEmbedder(model_of(upstream), ANYWHERE)
    yield made
    await made.close()


@pytest.fixture
async def asked(upstream: ScriptedUpstream) -> AsyncIterator[HttpEmbedder]:
    made = HttpEmbedder(model_of(upstream), ANYWHERE)
    yield made
    await made.close()


@pytest.mark.parametrize("amount", [1, 3, 90])
async def test_each_text_gets_its_unit_vector_in_its_place(embedder: Embedder, amount: int) -> None:
    texts = (TEXTS * 30)[:amount]
    vectors = await embedder.embed(texts)
    assert len(vectors) == amount
    for text, vector in zip(texts, vectors, strict=True):
        assert vector is not None
        assert vector.dtype == np.float32
        assert vector.shape == (embedder.space.dimensions,)
        assert float(vector @ vector) == pytest.approx(1.0, abs=1e-5)
        assert vector == pytest.approx(vectors[texts.index(text)])
    if amount > 1:
        assert vectors[0] != pytest.approx(vectors[1])


async def test_a_text_that_says_nothing_to_the_table_has_no_vector() -> None:
    nothing, something = await BuiltInEmbedder(READER).embed(["🙂", "Ada"])
    assert nothing is None
    assert something is not None


@pytest.mark.parametrize("fault", ["nan", "zero", "short", "empty", "failing"])
async def test_what_is_no_vector_is_never_kept(asked: HttpEmbedder, fault: str) -> None:
    with pytest.raises(EmbedderDownError):
        await asked.embed(["Ada", f"fault:{fault} and more"])
    assert (await asked.embed(["Ada"]))[0] is not None


async def test_a_text_that_is_refused_is_told_from_a_model_that_is_down(asked: HttpEmbedder) -> None:
    with pytest.raises(TextRefusedError):
        await asked.embed(["fault:refused"])


async def test_a_model_that_is_silent_is_left(asked: HttpEmbedder) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asked.embed(["fault:silent"])
    assert (await asked.embed(["Ada"]))[0] is not None


@pytest.mark.parametrize(("dimensions", "key"), [(DIMENSIONS + 1, KEY), (DIMENSIONS, "another")])
async def test_another_length_or_key_gives_no_vector(upstream: ScriptedUpstream, dimensions: int, key: str) -> None:
    embedder = HttpEmbedder(model_of(upstream, dimensions, key), ANYWHERE)
    with pytest.raises(EmbedderDownError):
        await embedder.embed(["Ada"])
    await embedder.close()


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://localhost:9", "http://169.254.169.254"])
async def test_a_private_address_is_not_called_where_none_may_be(address: str) -> None:
    embedder = HttpEmbedder(EmbeddingModel(address, "scripted", DIMENSIONS), AddressRules(private_allowed=False))
    with pytest.raises(EmbedderDownError, match="may not be called: it leads to a"):
        await embedder.embed(["Ada"])
    await embedder.close()


def test_each_model_length_and_revision_is_a_space_of_its_own() -> None:
    models = [EmbeddingModel("http://x", model, length) for model, length in (("a", 8), ("a", 9), ("b", 8))]
    models.append(EmbeddingModel("http://x", "a", 8, revision="2"))
    assert len({model.space for model in models}) == 4
    assert models[0].space == Space("a/8.1", 8)
    assert KEY not in repr(EmbeddingModel("http://x", "a", 8, KEY))


@pytest.mark.parametrize(
    "numbers", [None, "abc", [], [1.0, "x"], [[1.0, 2.0]], [float("inf"), 1.0], [0.0, 0.0], [1.0] * 3]
)
def test_what_is_no_unit_vector_of_the_length_is_refused(numbers: object) -> None:
    with pytest.raises(ValueError, match="it "):
        judged(numbers, 2)
