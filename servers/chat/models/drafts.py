"""What a profile must be before it is kept: a known provider, an address that may be called, a key where one is needed.

What is not said is filled from what is known of the provider and the model. Nothing here writes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from config.known_models import LITELLM, Provider, known_model, providers
from config.values import ModelPrices
from servers.chat.domain.catalogue import Catalogue, OwnProfile, is_profile_id, profile_id_of
from servers.chat.models.keys import Keys
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.money import Price
from soma_common.tokens.models import encoding_of

_ID_RULE: Final = (
    "it must be 1 to 100 lower-case letters, digits, points, dashes and underscores, a letter or digit first"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile as somebody wants it; what is empty, zero or None is not said."""

    provider: str
    profile_id: str = ""
    model: str = ""
    base_url: str = ""
    window_tokens: int = 0
    max_output_tokens: int = 0
    price: Price | None = None
    tools: bool | None = None
    tokenizer: str = ""
    fallback_ids: tuple[str, ...] = ()
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """What shall change of a profile: its fields, its fallbacks where some are given, its key where there is one."""

    fields: Callable[[OwnProfile], OwnProfile] | None
    fallback_ids: tuple[str, ...] | None = None
    api_key: str = field(default="", repr=False)

    @property
    def of_fallbacks_alone(self) -> bool:
        """Whether nothing else changes, so that a profile that is only read will do."""
        return self.fields is None and not self.api_key

    def profile(self, before: OwnProfile) -> OwnProfile:
        """The profile with the new fields."""
        return before if self.fields is None else self.fields(before)


class Drafts:
    """Judges and fills drafts."""

    def __init__(self, rules: AddressRules, keys: Keys, installation: Catalogue) -> None:
        self._rules = rules
        self._keys = keys
        self._installation = installation

    async def made(self, draft: Draft) -> OwnProfile:
        """The profile that the draft means. Raises INVALID_FIELD, SECRETS_UNAVAILABLE."""
        provider = _provider(draft.provider)
        model = draft.model.strip() or provider.model
        if model is None:
            raise invalid_field("model.model", f"the provider {provider.name} has no usual one, so name it")
        base_url = self._base_url(provider, draft.base_url)
        if draft.api_key:
            check_key(draft.api_key)
        elif provider.key is not None and base_url is None and not await self._keys.exists(provider.name):
            raise invalid_field("api_key", f"the provider {provider.name} needs a key")
        known = known_model(model)
        window = draft.window_tokens or known.window
        own = OwnProfile(
            profile_id=self._id(draft.profile_id, model),
            provider=provider.name,
            model=model,
            base_url=base_url,
            window_tokens=window,
            max_output_tokens=draft.max_output_tokens or min(known.max_output_tokens, window // 2),
            price=draft.price or _price(known.prices),
            tools=True if draft.tools is None else draft.tools,
            tokenizer=_tokenizer(draft.tokenizer),
        )
        return _fitting(own)

    def changed(self, before: OwnProfile, after: OwnProfile, *, new_key: bool) -> OwnProfile:
        """The profile after a change. Raises INVALID_FIELD."""
        provider = _provider(before.provider)
        model = after.model.strip()
        if not model:
            raise invalid_field("model.model", "it must name a model")
        base_url = self._base_url(provider, after.base_url or "")
        if base_url != before.base_url and before.key_id is not None and not new_key:
            raise invalid_field(
                "api_key", "the key was given for the address until now, so a new address needs it again"
            )
        own = replace(after, model=model, base_url=base_url, tokenizer=_tokenizer(after.tokenizer))
        return _fitting(own)

    def _id(self, wanted: str, model: str) -> str:
        profile_id = wanted or profile_id_of(model)
        if not is_profile_id(profile_id):
            raise invalid_field("model.model_profile_id", _ID_RULE)
        if profile_id in self._installation.models:
            raise invalid_field("model.model_profile_id", f"{profile_id} is taken by a model of the settings")
        return profile_id

    def _base_url(self, provider: Provider, wanted: str) -> str | None:
        """The address, None for the provider's own. Raises INVALID_FIELD."""
        base_url = wanted.strip().rstrip("/") or None
        if base_url is None or base_url == provider.base_url:
            if provider.base_url is None and provider.protocol != LITELLM:
                raise invalid_field("model.base_url", f"the provider {provider.name} needs one")
            base_url = None
        address = base_url or provider.base_url
        problem = None if address is None else self._rules.url_problem(address)
        if problem is not None:
            raise invalid_field("model.base_url", problem)
        return base_url


def check_key(api_key: str) -> None:
    """Raises INVALID_FIELD for a text that cannot travel as a key."""
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise invalid_field("api_key", "it must be printable characters without spaces")


def _provider(name: str) -> Provider:
    provider = providers().get(name.strip().lower())
    if provider is None:
        raise invalid_field("model.provider", f"it may be {', '.join(providers())}")
    return provider


def _tokenizer(wanted: str) -> str:
    """The name of an encoding, empty for the model's own."""
    name = wanted.strip()
    if name and encoding_of(name) is None:
        raise invalid_field("model.tokenizer", "it may be o200k_base, cl100k_base or o200k_harmony")
    return name


def _price(known: ModelPrices) -> Price:
    return Price(known.input_micros, known.cached_input_micros, known.output_micros, known.reasoning_micros)


def _fitting(own: OwnProfile) -> OwnProfile:
    if own.max_output_tokens > own.window_tokens // 2:
        raise invalid_field("model.max_output_tokens", "it must be at most half of the window")
    return own
