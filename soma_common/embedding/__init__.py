"""The built-in embedder: a table of word pieces that ships in the package, no model runs and nothing is fetched."""

from soma_common.embedding.static import StaticEmbedder

__all__ = ["StaticEmbedder"]
