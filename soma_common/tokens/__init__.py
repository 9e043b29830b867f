"""Tokenizers with their tables in the package: nothing is ever fetched."""
