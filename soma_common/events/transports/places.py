"""How far a reader is in each shard, as one word for those who have to give it back.

Nothing here knows a transport; the word holds positions only, no secret.
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from soma_common.events.topics import TOPICS
from soma_common.events.transports.history import UnknownPositionError
from soma_common.events.transports.port import Shard

_PARTITIONS: Final = {topic.name: topic.partitions for topic in TOPICS}
_MOST_BYTES: Final = 8192
_BEYOND_ANY_NUMBER: Final = 2**63


def to_word(places: Mapping[Shard, int]) -> str:
    """The places as a word."""
    topics: dict[str, dict[str, int]] = {}
    for shard, position in sorted(places.items()):
        topics.setdefault(shard.topic, {})[str(shard.number)] = position
    packed = zlib.compress(json.dumps(topics, separators=(",", ":")).encode(), 9)
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def of_word(word: str) -> dict[Shard, int]:
    """The places in a word. Raises UnknownPositionError for one that is not ours."""
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(urlsafe_b64decode(word + "=" * (-len(word) % 4)), _MOST_BYTES)
        topics = json.loads(text) if unpacking.eof else None
    except (ValueError, RecursionError, zlib.error):
        topics = None
    if not isinstance(topics, dict) or not all(_is_topic(name, shards) for name, shards in topics.items()):
        raise UnknownPositionError("the position is none of this history")
    return {Shard(name, int(number)): place for name, shards in topics.items() for number, place in shards.items()}


def _is_topic(name: object, shards: object) -> bool:
    if not isinstance(shards, dict) or name not in _PARTITIONS:
        return False
    return all(
        isinstance(number, str)
        and number.isascii()
        and number.isdecimal()
        and len(number) < 6
        and type(place) is int
        and 0 <= place < _BEYOND_ANY_NUMBER
        for number, place in shards.items()
    )
