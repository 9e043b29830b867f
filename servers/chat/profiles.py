"""Which model profiles this process has, as the settings say.

The composition root calls `build_models`; nothing else here makes clients.
"""

from collections.abc import Callable, Mapping
from typing import Final

from config.values import ModelSettings
from servers.chat.adapters.offline import OfflineModel
from servers.chat.adapters.openai_compatible import OpenAICompatibleModel
from servers.chat.domain.model import ModelProfile
from servers.chat.models import ChatModel, Models
from soma_common.kernel.money import Price

OFFLINE_PROFILE: Final = ModelProfile(
    profile_id="offline",
    provider="offline",
    model="offline",
    base_url=None,
    window_tokens=32_768,
    max_output_tokens=2_048,
    tools=False,
    tokenizer="o200k_base",
)


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
    )


def build_models(settings: ModelSettings, trace_headers: Callable[[], Mapping[str, str]]) -> Models:
    """The offline model, and before it the configured one if there is one."""
    profiles = {OFFLINE_PROFILE.profile_id: OFFLINE_PROFILE}
    clients: dict[str, ChatModel] = {OFFLINE_PROFILE.provider: OfflineModel()}
    default = OFFLINE_PROFILE
    if not settings.offline:
        default = configured_profile(settings)
        profiles[default.profile_id] = default
        key = settings.api_key.get_secret_value() if settings.api_key else None
        clients[default.provider] = OpenAICompatibleModel(key, trace_headers)
    return Models(profiles, default.profile_id, clients)
