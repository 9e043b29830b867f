"""Which encoding a model uses, as a table over model names.

Plain values: nothing here loads a table.
"""

from collections.abc import Mapping
from typing import Final

FALLBACK: Final = "o200k_base"

_BY_NAME: Final[Mapping[str, str]] = {
    "o1": "o200k_base",
    "o3": "o200k_base",
    "o4-mini": "o200k_base",
    "gpt-4o": "o200k_base",
    "gpt-4.1": "o200k_base",
    "gpt-4": "cl100k_base",
    "gpt-3.5": "cl100k_base",
    "gpt-3.5-turbo": "cl100k_base",
    "gpt-35-turbo": "cl100k_base",
    "davinci-002": "cl100k_base",
    "babbage-002": "cl100k_base",
    "text-embedding-ada-002": "cl100k_base",
    "text-embedding-3-small": "cl100k_base",
    "text-embedding-3-large": "cl100k_base",
    # the encodings themselves
    "cl100k_base": "cl100k_base",
    "o200k_base": "o200k_base",
    "o200k_harmony": "o200k_harmony",
}
# The longest prefix that fits decides.
_BY_PREFIX: Final[Mapping[str, str]] = {
    "o1-": "o200k_base",
    "o3-": "o200k_base",
    "o4-mini-": "o200k_base",
    "chatgpt-4o-": "o200k_base",
    "gpt-5": "o200k_base",
    "gpt-4.5-": "o200k_base",
    "gpt-4.1-": "o200k_base",
    "gpt-4o-": "o200k_base",
    "gpt-4-": "cl100k_base",
    "gpt-3.5-turbo-": "cl100k_base",
    "gpt-35-turbo-": "cl100k_base",
    "gpt-oss": "o200k_harmony",
    "ft:gpt-4o": "o200k_base",
    "ft:gpt-4": "cl100k_base",
    "ft:gpt-3.5-turbo": "cl100k_base",
    "ft:davinci-002": "cl100k_base",
    "ft:babbage-002": "cl100k_base",
}


def encoding_of(model: str) -> str | None:
    """The name of the model's encoding, or None for a model whose tokenizer is not shipped.

    A provider before the name (`openai/gpt-4o`, `openrouter/openai/gpt-4o`) and a variant after it (`gpt-oss:20b`) do
    not matter.
    """
    name = model.strip().lower().rpartition("/")[2]
    if name in _BY_NAME:
        return _BY_NAME[name]
    fitting = [prefix for prefix in _BY_PREFIX if name.startswith(prefix)]
    return _BY_PREFIX[max(fitting, key=len)] if fitting else None
