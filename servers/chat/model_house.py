"""The models of every tenant as this process reaches them: catalogues, keys, and a client for each way to call one.

A part of the composition root; what is done with models stands in `models/`.
"""

from collections.abc import Mapping

from config.values import SecretsSettings, SecretsStore
from servers.chat.adapters.litellm_model import LiteLLMModel
from servers.chat.adapters.offline import OfflineModel
from servers.chat.adapters.openai_compatible import OpenAICompatibleModel
from servers.chat.models.catalogues import Catalogues
from servers.chat.models.drafts import Drafts
from servers.chat.models.editing import ModelEditing
from servers.chat.models.generating import Generating
from servers.chat.models.keys import Keys
from servers.chat.models.port import ChatModel, Models
from servers.chat.models.profiles import INSTALLATION_KEY, installation_of
from servers.chat.models.single_call import SingleCalls
from servers.chat.rpc.models import ModelServicer
from servers.chat.settings import ChatSettings
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma_common.rpc.process import Process
from soma_common.security.secrets import FileSecrets, Secrets, VaultSecrets
from soma_common.tracing import TraceContext


class ModelHouse:
    """The models of every tenant, their keys, and the ways to call them."""

    def __init__(self, settings: ChatSettings, process: Process) -> None:
        own_key = settings.model.api_key
        given = {INSTALLATION_KEY: own_key.get_secret_value()} if own_key is not None else {}
        self.secrets = _secrets_of(settings.secrets)
        self.keys = Keys(self.secrets, given, process.clock)
        self.rules = settings.model_addresses
        self.catalogues = Catalogues(process.database, installation_of(settings.model), process.clock)
        clients: dict[str, ChatModel] = {
            "offline": OfflineModel(),
            "openai": OpenAICompatibleModel(self.keys.of, self.rules, _trace_headers),
            "litellm": LiteLLMModel(self.keys.of, self.rules, _trace_headers),
        }
        self.models = Models(self.catalogues, clients)

    def servicer(self, process: Process, governor: GovernorServiceStub) -> ModelServicer:
        """The service over them."""
        drafts = Drafts(self.rules, self.keys, self.catalogues.installation)
        shared = (process.database, process.events, self.catalogues, drafts, self.secrets, process.clock, process.ids)
        calls = SingleCalls(self.models, governor, process.clock, process.ids)
        return ModelServicer(ModelEditing(*shared), calls, Generating(process.database, self.models, calls))

    async def close(self) -> None:
        """Ends all connections."""
        await self.models.close()
        await self.secrets.close()


def _secrets_of(settings: SecretsSettings) -> Secrets:
    if settings.store is SecretsStore.VAULT:
        return VaultSecrets(settings.vault_address, settings.vault_login)
    return FileSecrets(settings.folder, {name: key.get_secret_value() for name, key in settings.given.items()})


def _trace_headers() -> Mapping[str, str]:
    return {"traceparent": TraceContext.current().traceparent}
