"""What a profile means when it is called: the installation's models as the settings say, and those of tenants.

Nothing here makes a client, reads a table or has a key.
"""

from typing import Final
from uuid import UUID

from config.known_models import providers
from config.values import ModelSettings
from servers.chat.domain.catalogue import OFFLINE, Catalogue, KnownModel, OwnProfile, merged
from servers.chat.domain.model import ModelProfile
from soma_common.kernel.money import Price

# The name under which the key of the settings' own model is known to this process; no secret of a store has it.
INSTALLATION_KEY: Final = "installation"

OFFLINE_PROFILE: Final = ModelProfile(
    profile_id=OFFLINE,
    provider=OFFLINE,
    model=OFFLINE,
    base_url=None,
    window_tokens=32_768,
    max_output_tokens=2_048,
    tools=False,
    tokenizer="o200k_base",
    protocol=OFFLINE,
)


def installation_of(settings: ModelSettings) -> Catalogue:
    """The models of the settings: the offline one, and before it the configured one if there is one."""
    profiles = [OFFLINE_PROFILE] if settings.offline else [configured_profile(settings), OFFLINE_PROFILE]
    models = {profile.profile_id: KnownModel(profile) for profile in profiles}
    return merged(Catalogue(0, models, profiles[0].profile_id, settings.patience_seconds), {}, 0, None, {})


def configured_profile(settings: ModelSettings) -> ModelProfile:
    """The profile of the configured model; its id is the model's own name."""
    prices = settings.prices
    return ModelProfile(
        profile_id=settings.model,
        provider=settings.provider,
        model=settings.model,
        base_url=settings.base_url,
        window_tokens=settings.window,
        max_output_tokens=settings.max_output_tokens,
        price=Price(prices.input_micros, prices.cached_input_micros, prices.output_micros, prices.reasoning_micros),
        tokenizer=settings.model,
        protocol=settings.protocol,
        key_name=INSTALLATION_KEY if settings.api_key is not None else "",
    )


def called(own: OwnProfile, tenant: UUID) -> ModelProfile:
    """How a tenant's profile is called: the installation's key is for the provider's own address only."""
    provider = providers().get(own.provider)
    key_name = ""
    if own.key_id is not None:
        key_name = key_name_of(tenant, own.profile_id, own.key_id)
    elif own.base_url is None and provider is not None and provider.key is not None:
        key_name = own.provider
    return ModelProfile(
        profile_id=own.profile_id,
        provider=own.provider,
        model=own.model,
        base_url=own.base_url or (provider.base_url if provider else None),
        window_tokens=own.window_tokens,
        max_output_tokens=own.max_output_tokens,
        price=own.price,
        tools=own.tools,
        tokenizer=own.tokenizer or own.model,
        protocol=provider.protocol if provider else "openai",
        key_name=key_name,
    )


def key_name_of(tenant: UUID, profile_id: str, key_id: UUID) -> str:
    """The name of a profile's own key in the store of secrets; every new key has a new one."""
    return f"{tenant}/{profile_id}/{key_id}"
