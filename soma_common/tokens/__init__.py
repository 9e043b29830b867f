"""Tokenizers with their tables in the package: nothing is ever fetched."""

from soma_common.tokens.tokenizer import Tokenizer, tokenizer_for

__all__ = ["Tokenizer", "tokenizer_for"]
