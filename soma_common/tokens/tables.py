"""The shipped tables of byte pairs: their packed form, and which text they came from.

A packed table is the tokens in the order of their ranks, each after one byte of length, compressed by LZMA. Nothing
here splits a text.
"""

import hashlib
import lzma
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

# SHA-256 of the tables as OpenAI publishes them (`<name>.tiktoken`).
SOURCES: Final[Mapping[str, str]] = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


def pack(name: str, text: bytes) -> bytes:
    """The packed form of a published table. Raises ValueError when the text is not that very table."""
    if hashlib.sha256(text).hexdigest() != SOURCES[name]:
        raise ValueError(f"this is not the published table {name}: its SHA-256 differs")
    body = bytearray()
    for rank, line in enumerate(text.splitlines()):
        word, number = line.split()
        token = b64decode(word)
        if int(number) != rank or len(token) > 255:
            raise ValueError(f"{name}: the rank {rank} is missing, or its token is too long")
        body.append(len(token))
        body += token
    return lzma.compress(bytes(body), preset=9 | lzma.PRESET_EXTREME)


def unpack(packed: bytes) -> Iterator[bytes]:
    """The tokens of a packed table in the order of their ranks."""
    body = lzma.decompress(packed)
    position = 0
    while position < len(body):
        end = position + 1 + body[position]
        yield body[position + 1 : end]
        position = end


def published(tokens: Iterator[bytes]) -> bytes:
    """The text of the published table again, for checking it against `SOURCES`."""
    return b"".join(b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


def shipped(name: str) -> bytes:
    """The packed table in the package. Raises FileNotFoundError."""
    return files("soma_common.tokens").joinpath("tables", f"{name}.xz").read_bytes()
