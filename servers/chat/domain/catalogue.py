"""A tenant's models as values: what is kept of each, and which one answers when none is named.

Nothing here knows a store, a setting or a key.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from servers.chat.domain.model import ModelProfile
from soma_common.kernel.money import Price

OFFLINE: Final = "offline"
PATIENCE_SECONDS: Final = 60.0
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_NOT_IN_IDS: Final = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """What is kept of a tenant's profile: `base_url` None means the provider's, `tokenizer` empty the model's own."""

    profile_id: str
    provider: str
    model: str
    base_url: str | None
    window_tokens: int
    max_output_tokens: int
    price: Price
    tools: bool
    tokenizer: str
    key_id: UUID | None = None
    version: int = 1

    @property
    def etag(self) -> str:
        """What changes with every change."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A profile as it is called, and what is kept of it where it is a tenant's own."""

    profile: ModelProfile
    own: OwnProfile | None = None
    create_time: datetime | None = None
    update_time: datetime | None = None

    @property
    def fallback_ids(self) -> tuple[str, ...]:
        """The models that answer in its place, in order."""
        return tuple(profile.profile_id for profile in self.profile.fallbacks)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models of a tenant at one version; 0 where it never changed anything.

    `patience_seconds` is how long any of them may be silent.
    """

    version: int
    models: Mapping[str, KnownModel]
    default_id: str
    patience_seconds: float = PATIENCE_SECONDS

    def find(self, profile_id: str) -> KnownModel | None:
        """The model of this id, or the default one for an empty id."""
        return self.models.get(profile_id or self.default_id)


def merged(
    installation: Catalogue,
    own: Mapping[str, KnownModel],
    version: int,
    default_profile_id: str | None,
    fallbacks: Mapping[str, Sequence[str]],
) -> Catalogue:
    """A tenant's catalogue: its own models before those of the settings, its default while that one exists.

    Each model gets its fallbacks as they are by themselves: theirs are not asked in their turn, so that two models may
    stand in for each other.
    """
    seconds = installation.patience_seconds
    alone = {name: _patient(known, seconds) for name, known in {**installation.models, **own}.items()}
    models = {name: _backed(known, fallbacks.get(name, ()), alone) for name, known in alone.items()}
    chosen = default_profile_id or ""
    return Catalogue(version, models, chosen if chosen in models else installation.default_id, seconds)


def _patient(known: KnownModel, seconds: float) -> KnownModel:
    profile = replace(known.profile, first_token_timeout_seconds=seconds, gap_timeout_seconds=seconds)
    return replace(known, profile=profile)


def _backed(known: KnownModel, fallback_ids: Sequence[str], alone: Mapping[str, KnownModel]) -> KnownModel:
    fallbacks = tuple(alone[name].profile for name in fallback_ids if name in alone)
    return replace(known, profile=replace(known.profile, fallbacks=fallbacks))


def fallback_problem(profile_id: str, wanted: Sequence[str], known: Catalogue) -> str | None:
    """Why these models cannot answer in another's place, or None."""
    if profile_id in wanted:
        return f"{profile_id} cannot answer in its own place"
    if OFFLINE in wanted:
        return "the offline model answers nothing, so it can answer in nobody's place"
    missing = [name for name in wanted if name not in known.models]
    return f"there is no model {missing[0]}" if missing else None


def is_profile_id(text: str) -> bool:
    """Whether a tenant may name a profile so: it stands in addresses and in the names of secrets."""
    return _ID.fullmatch(text) is not None


def profile_id_of(model: str) -> str:
    """An id made of a model's name; empty where nothing of it can stand in one."""
    return _NOT_IN_IDS.sub("-", model.lower()).strip("._-")[:100].rstrip("._-")
