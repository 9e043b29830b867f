"""The tenants' models through their door: added, changed, chosen, deleted, guarded, nobody else's; texts paid for."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from prometheus_client import CollectorRegistry

from servers.chat.adapters.offline import OfflineModel
from servers.chat.adapters.openai_compatible import OpenAICompatibleModel
from servers.chat.domain.catalogue import Catalogue, KnownModel
from servers.chat.models.catalogues import Catalogues
from servers.chat.models.drafts import Drafts
from servers.chat.models.editing import ModelEditing
from servers.chat.models.generating import Generating
from servers.chat.models.keys import Keys
from servers.chat.models.port import Models
from servers.chat.models.profiles import OFFLINE_PROFILE
from servers.chat.models.single_call import SingleCalls
from servers.chat.rpc.models import ModelServicer
from servers.governor.__main__ import SERVICE, build
from servers.governor.domain.ledger import Amount
from servers.governor.settings import GovernorSettings
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.common.v1 import usage_pb2
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.events.store import EventStore
from soma_common.kernel.addresses import AddressRules
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import TenantId
from soma_common.postgres.pool import Database
from soma_common.rpc.call import acting_as
from soma_common.rpc.idempotency import IdempotencyStore
from soma_common.security.secrets import FileSecrets
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from soma_common.testing.postgres import HouseDatabases, OpenDatabase
from soma_common.testing.rpc import Added, RpcHarness, Served
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream

OFFLINE = Catalogue(0, {"offline": KnownModel(OFFLINE_PROFILE)}, "offline")
KEY = "sk-very-secret-1"


@dataclass
class House:
    """Stubs as the edge and as another service have them, and what stands behind."""

    models: model_grpc.ModelServiceStub
    service: model_grpc.ModelServiceStub
    database: Database
    catalogues: Catalogues
    secrets: Path
    budget: governor_grpc.GovernorServiceStub
    keys: Keys = field(repr=False)

    async def add(self, provider: str = "custom", **fields: Any) -> model_pb.ModelProfile:
        extra = {name: fields.pop(name) for name in ("api_key", "make_default", "request_id") if name in fields}
        if provider == "custom":
            fields = {"model": "tiny", "base_url": "http://127.0.0.1:9/v1", **fields}
        request = model_pb.CreateModelRequest(
            model=model_pb.ModelProfile(provider=provider, **fields), **{"request_id": str(uuid4()), **extra}
        )
        return (await self.models.CreateModel(request)).model

    async def all(self) -> dict[str, model_pb.ModelProfile]:
        found = (await self.models.ListModels(model_pb.ListModelsRequest())).models
        return {model.model_profile_id: model for model in found}

    async def default(self) -> str:
        return next(name for name, model in (await self.all()).items() if model.tenant_default)

    async def spent(self) -> tuple[int, int]:
        """Tokens that are used and tokens that are held."""
        [budget] = (await self.budget.GetBudget(governor_pb.GetBudgetRequest())).budgets
        return budget.used_tokens, budget.held_tokens

    def kept_keys(self) -> list[str]:
        return [path.read_text() for path in sorted(self.secrets.rglob("*.key"))]


async def serve_governor(rpc: RpcHarness, database: Database) -> Served:
    """The real one; a tenant may use 2,000 tokens a day."""
    settings = GovernorSettings(Amount(2_000, 0))
    servicer = build(database, EventStore("governor"), CollectorRegistry(), Clock(), Ids(), settings)
    added = Added(governor_grpc.add_GovernorServiceServicer_to_server, servicer, SERVICE)
    return await rpc.serve("governor", added, idempotency=IdempotencyStore(database))


@pytest.fixture
async def house(
    rpc: RpcHarness, house_database: HouseDatabases, open_database: OpenDatabase, tmp_path: Path
) -> AsyncIterator[House]:
    database = await open_database(house_database("chat", "servers.chat"))
    clock, ids, folder = Clock(), Ids(), tmp_path / "soma"
    secrets = FileSecrets(folder, {"groq": "gsk-installation"})
    keys = Keys(secrets, {}, clock)
    rules = AddressRules(private_allowed=True)
    catalogues = Catalogues(database, OFFLINE, clock)
    client = OpenAICompatibleModel(keys.of, rules, dict)
    models = Models(catalogues, {"offline": OfflineModel(), "openai": client})
    governor = await serve_governor(rpc, await open_database(house_database("governor", "servers.governor")))
    calls = SingleCalls(
        models, rpc.channel(governor, service="chat").stub(governor_grpc.GovernorServiceStub), clock, ids
    )
    editing = ModelEditing(database, EventStore("chat"), catalogues, Drafts(rules, keys, OFFLINE), secrets, clock, ids)
    servicer = ModelServicer(editing, calls, Generating(database, models, calls))
    added = Added(model_grpc.add_ModelServiceServicer_to_server, servicer, "soma.chat.v1.ModelService")
    served = await rpc.serve("chat", added, idempotency=IdempotencyStore(database))
    edge, memory = rpc.channel(served, service="edge"), rpc.channel(served, service="memory")
    yield House(
        edge.stub(model_grpc.ModelServiceStub),
        memory.stub(model_grpc.ModelServiceStub),
        database,
        catalogues,
        folder,
        rpc.channel(governor, service="edge").stub(governor_grpc.GovernorServiceStub),
        keys,
    )
    await models.close()


@pytest.fixture(autouse=True)
def as_operator() -> Iterator[None]:
    with acting_as(user("ada", roles=("operator",)), "test"):
        yield


async def refusal(call: Any) -> SomaError:
    with pytest.raises(SomaError) as refused:
        await call
    return refused.value


def updating(model: model_pb.ModelProfile, *paths: str, **fields: Any) -> model_pb.UpdateModelRequest:
    return model_pb.UpdateModelRequest(
        model=model, update_mask=FieldMask(paths=paths), request_id=str(uuid4()), **fields
    )


def deleting(name: str, etag: str = "") -> model_pb.DeleteModelRequest:
    return model_pb.DeleteModelRequest(model_profile_id=name, etag=etag, request_id=str(uuid4()))


async def test_a_model_is_filled_from_what_is_known_and_is_the_default_when_it_is_the_first(house: House) -> None:
    assert await house.default() == "offline"
    made = await house.add("openai", api_key=KEY)
    assert (made.model_profile_id, made.model, made.window_tokens) == ("gpt-4.1-mini", "gpt-4.1-mini", 1_047_576)
    assert made.price.output_micros_per_million == 1_600_000
    assert (made.own_key, made.read_only, made.tools, made.tenant_default) == (True, False, True, True)
    second = await house.add("ollama", model="llama3.2:3b")
    assert (second.model_profile_id, second.own_key, second.tenant_default) == ("llama3.2-3b", False, False)
    third = await house.add("ollama", model="qwen", make_default=True, tools=False, window_tokens=4096)
    assert (third.tenant_default, third.tools, third.max_output_tokens) == (True, False, 2048)
    assert set(await house.all()) == {"offline", "gpt-4.1-mini", "llama3.2-3b", "qwen"}
    assert [model.tenant_default for model in (await house.all()).values()].count(True) == 1


async def test_a_key_is_kept_and_never_told(house: House) -> None:
    made = await house.add("openai", api_key=f" {KEY}\n")
    assert house.kept_keys() == [KEY]
    changed = (await house.models.UpdateModel(updating(made, api_key="sk-second"))).model
    assert house.kept_keys() == ["sk-second"]
    told = f"{made}{changed}{await house.all()}"
    async with house.database.transaction(TENANT) as connection:
        tables = ("model_profiles", "model_catalogues", "events", "idempotency")
        rows = str([await connection.fetch(f"select t::text from {table} t") for table in tables])
    assert "model.created" in rows
    assert "model.updated" in rows
    for secret in (KEY, "sk-second"):
        assert secret not in told
        assert secret not in rows


async def test_the_installations_key_is_for_the_providers_own_address_only(house: House) -> None:
    assert (await refusal(house.add("openai"))).metadata["field"] == "api_key"
    made = await house.add("groq", base_url="https://api.groq.com/openai/v1/")
    assert (made.base_url, made.own_key) == ("", False)
    mine = await house.add("groq", model_profile_id="mine", base_url="http://127.0.0.1:9/v1")
    catalogue = house.catalogues
    async with house.database.transaction(TENANT) as connection:
        models = (await catalogue.read(connection, TENANT)).models
    assert await house.keys.of(models[made.model_profile_id].profile) == "gsk-installation"
    assert await house.keys.of(models[mine.model_profile_id].profile) is None


@pytest.mark.parametrize(
    ("fields", "field", "word"),
    [
        ({"provider": "acme", "model": "m"}, "model.provider", "anthropic"),
        ({"provider": "ollama"}, "model.model", "name it"),
        ({"base_url": ""}, "model.base_url", "needs one"),
        ({"base_url": "http://169.254.169.254/v1"}, "model.base_url", "link-local"),
        ({"base_url": "http://me:pw@models/v1"}, "model.base_url", "login"),
        ({"base_url": "ftp://models/v1"}, "model.base_url", "http"),
        ({"model_profile_id": "Upper"}, "model.model_profile_id", "lower-case"),
        ({"model_profile_id": "a/b"}, "model.model_profile_id", "lower-case"),
        ({"model_profile_id": "../x"}, "model.model_profile_id", "lower-case"),
        ({"model_profile_id": "offline"}, "model.model_profile_id", "settings"),
        ({"window_tokens": 2048, "max_output_tokens": 2000}, "model.max_output_tokens", "half"),
        ({"window_tokens": 5}, "model.window_tokens", "1024"),
        ({"tokenizer": "mine"}, "model.tokenizer", "o200k_base"),
        ({"api_key": "two words"}, "api_key", "printable"),
        ({"api_key": "line\r\nX-Evil: 1"}, "api_key", "printable"),
    ],
)
async def test_a_model_that_cannot_be_is_refused_and_leaves_no_key(
    house: House, fields: dict[str, Any], field: str, word: str
) -> None:
    error = await refusal(house.add(fields.pop("provider", "custom"), **{"api_key": KEY, **fields}))
    assert error.reason is Reason.INVALID_FIELD
    assert error.violations[0].field == field
    assert word in error.violations[0].description
    assert set(await house.all()) == {"offline"}
    assert house.kept_keys() == []


async def test_an_id_is_taken_once_and_the_first_key_stays(house: House) -> None:
    await house.add(model_profile_id="mine", api_key=KEY)
    assert (await refusal(house.add(model_profile_id="mine", api_key="sk-2"))).reason is Reason.INVALID_FIELD
    assert house.kept_keys() == [KEY]


async def test_a_repeat_is_answered_the_same_and_another_body_is_refused(house: House) -> None:
    request_id = str(uuid4())
    made = await house.add(request_id=request_id, api_key=KEY)
    assert await house.add(request_id=request_id, api_key=KEY) == made
    assert len(house.kept_keys()) == 1
    error = await refusal(house.add(request_id=request_id, api_key="sk-2"))
    assert error.reason is Reason.REQUEST_ID_REUSED


async def test_only_named_fields_change_and_the_etag_guards_them(house: House) -> None:
    made = await house.add(price=usage_pb2.Price(input_micros_per_million=5))
    wanted = model_pb.ModelProfile(model_profile_id="tiny", model="huge", window_tokens=9000, etag=made.etag)
    changed = (await house.models.UpdateModel(updating(wanted, "window_tokens"))).model
    assert (changed.model, changed.window_tokens, changed.price.input_micros_per_million) == ("tiny", 9000, 5)
    assert changed.etag != made.etag
    assert (await refusal(house.models.UpdateModel(updating(wanted, "window_tokens")))).reason is Reason.ETAG_MISMATCH
    assert (await refusal(house.models.DeleteModel(deleting("tiny", made.etag)))).reason is Reason.ETAG_MISMATCH
    for path in ("provider", "etag", "no_such_field", "own_key"):
        wrong = updating(model_pb.ModelProfile(model_profile_id="tiny"), path)
        assert (await refusal(house.models.UpdateModel(wrong))).metadata["field"] == "update_mask"
    nobody = updating(model_pb.ModelProfile(model_profile_id="nobody"), "model")
    assert (await refusal(house.models.UpdateModel(nobody))).reason is Reason.RESOURCE_NOT_FOUND
    settings = updating(model_pb.ModelProfile(model_profile_id="offline", model="x"), "model")
    assert "settings" in (await refusal(house.models.UpdateModel(settings))).sentence


async def test_a_model_has_others_that_answer_in_its_place(house: House) -> None:
    for name in ("spare", "other"):
        await house.add(model_profile_id=name)
    made = await house.add(model_profile_id="mine", fallback_profile_ids=["spare", "other"])
    assert list(made.fallback_profile_ids) == ["spare", "other"]
    assert list((await house.all())["mine"].fallback_profile_ids) == ["spare", "other"]
    made.fallback_profile_ids[:] = ["other"]
    changed = (await house.models.UpdateModel(updating(made, "fallback_profile_ids"))).model
    assert (list(changed.fallback_profile_ids), changed.etag != made.etag) == (["other"], True)
    stale = updating(made, "fallback_profile_ids")
    assert (await refusal(house.models.UpdateModel(stale))).reason is Reason.ETAG_MISMATCH
    # Two may stand in for each other; a model of the settings has its own list in each tenant.
    for name, others in (("other", ["mine"]), ("offline", ["mine", "spare"])):
        wanted = model_pb.ModelProfile(model_profile_id=name, fallback_profile_ids=others)
        found = (await house.models.UpdateModel(updating(wanted, "fallback_profile_ids"))).model
        assert list(found.fallback_profile_ids) == others
    with acting_as(user("eve", OTHER_TENANT, roles=("admin",)), "test"):
        assert not (await house.all())["offline"].fallback_profile_ids
    await house.all()
    known = house.catalogues.known(TENANT)
    assert known is not None
    assert [it.profile_id for it in known.models["mine"].profile.fallbacks] == ["other"]
    # Who is gone stands in for nobody, also when one of the same name comes again.
    await house.models.DeleteModel(deleting("mine"))
    await house.add(model_profile_id="mine")
    lists = {name: list(model.fallback_profile_ids) for name, model in (await house.all()).items()}
    assert lists == {"mine": [], "other": [], "spare": [], "offline": ["spare"]}


@pytest.mark.parametrize("wrong", [["mine"], ["nobody"], ["offline"]])
async def test_a_fallback_that_cannot_be_is_refused(house: House, wrong: list[str]) -> None:
    error = await refusal(house.add(model_profile_id="mine", fallback_profile_ids=wrong))
    assert error.metadata["field"] == "model.fallback_profile_ids"
    assert "mine" not in await house.all()
    await house.add(model_profile_id="mine")
    wanted = updating(
        model_pb.ModelProfile(model_profile_id="mine", fallback_profile_ids=wrong), "fallback_profile_ids"
    )
    assert (await refusal(house.models.UpdateModel(wanted))).metadata["field"] == "model.fallback_profile_ids"
    for many in (["spare"] * 2, [f"m{number}" for number in range(9)]):
        wanted.model.fallback_profile_ids[:] = many
        assert (await refusal(house.models.UpdateModel(wanted))).reason is Reason.INVALID_FIELD


async def test_a_key_does_not_follow_to_a_new_address(house: House) -> None:
    made = await house.add(api_key=KEY)
    made.base_url = "http://127.0.0.1:10/v1"
    assert (await refusal(house.models.UpdateModel(updating(made, "base_url")))).metadata["field"] == "api_key"
    moved = (await house.models.UpdateModel(updating(made, "base_url", api_key="sk-2"))).model
    assert moved.base_url == "http://127.0.0.1:10/v1"
    assert house.kept_keys() == ["sk-2"]


async def test_deleting_the_default_gives_it_back_to_the_settings_and_forgets_the_key(house: House) -> None:
    await house.add(api_key=KEY)
    assert (await house.models.DeleteModel(deleting("tiny"))).default_model_profile_id == "offline"
    assert (await house.default(), house.kept_keys()) == ("offline", [])
    assert (await refusal(house.models.DeleteModel(deleting("tiny")))).reason is Reason.RESOURCE_NOT_FOUND
    assert "settings" in (await refusal(house.models.DeleteModel(deleting("offline")))).sentence
    await house.add()
    assert await house.default() == "tiny"


async def test_the_default_is_chosen(house: House) -> None:
    await house.add()
    request = model_pb.SetDefaultModelRequest(model_profile_id="offline", request_id=str(uuid4()))
    assert (await house.models.SetDefaultModel(request)).model.tenant_default
    assert await house.default() == "offline"
    request = model_pb.SetDefaultModelRequest(model_profile_id="nobody", request_id=str(uuid4()))
    assert (await refusal(house.models.SetDefaultModel(request))).reason is Reason.RESOURCE_NOT_FOUND


async def test_another_tenant_sees_and_touches_nothing(house: House) -> None:
    made = await house.add(api_key=KEY)
    with acting_as(user("eve", OTHER_TENANT, roles=("admin",)), "test"):
        assert set(await house.all()) == {"offline"}
        for call in (
            house.models.GetModel(model_pb.GetModelRequest(model_profile_id="tiny")),
            house.models.UpdateModel(updating(made, "model")),
            house.models.DeleteModel(deleting("tiny")),
            house.models.ProbeModel(model_pb.ProbeModelRequest(model_profile_id="tiny", request_id=str(uuid4()))),
        ):
            assert (await refusal(call)).reason is Reason.RESOURCE_NOT_FOUND
        await house.add()
    assert (await house.all())["tiny"] == made


@pytest.mark.parametrize("role", ["viewer", "member"])
async def test_only_operators_and_admins_change_models(house: House, role: str) -> None:
    made = await house.add()
    with acting_as(user("bob", roles=(role,)), "test"):
        assert "tiny" in await house.all()
        for call in (
            house.add(model_profile_id="other"),
            house.models.UpdateModel(updating(made, "model")),
            house.models.DeleteModel(deleting("tiny")),
            house.models.SetDefaultModel(
                model_pb.SetDefaultModelRequest(model_profile_id="tiny", request_id=str(uuid4()))
            ),
        ):
            assert (await refusal(call)).reason is Reason.SCOPE_MISSING


async def test_a_copy_is_given_up_when_another_process_changes_the_models(house: House) -> None:
    other = Catalogues(house.database, OFFLINE, Clock())

    async def known(tenant: TenantId = TENANT) -> set[str]:
        async with house.database.transaction(tenant) as connection:
            return set((await other.of(connection, tenant)).models)

    assert await known() == {"offline"}
    await house.add()
    assert await known() == {"offline"}, "no query where a copy is known"
    await other.refresh()
    assert await known() == {"offline", "tiny"}
    await house.models.DeleteModel(deleting("tiny"))
    await other.refresh()
    assert await known() == {"offline"}
    assert await known(OTHER_TENANT) == {"offline"}


async def test_a_text_is_written_held_settled_and_answered_once(house: House, upstream: ScriptedUpstream) -> None:
    await house.add(base_url=upstream.base_url, price=usage_pb2.Price(output_micros_per_million=1_000_000))
    upstream.set_default(Script(text="Herons eat fish.", chunks=3))
    request = model_pb.GenerateTextRequest(
        system_prompt="Be brief.", prompt="What do herons eat?", request_id=str(uuid4())
    )
    written = await house.service.GenerateText(request)
    assert (written.text, written.finish_reason, written.model_profile_id) == ("Herons eat fish.", "stop", "tiny")
    assert written.cost_micros == written.usage.output_tokens > 0
    assert await house.spent() == (written.usage.input_tokens + written.usage.output_tokens, 0)
    assert await house.service.GenerateText(request) == written
    assert len(upstream.requests()) == 1
    error = await refusal(house.models.GenerateText(request))
    assert error.reason is Reason.CALLER_NOT_ALLOWED


async def test_a_text_that_may_not_or_cannot_be_written_is_refused_and_settled(
    house: House, upstream: ScriptedUpstream
) -> None:
    await house.add(base_url=upstream.base_url, window_tokens=1024, max_output_tokens=512)

    def asking(prompt: str = "Go on.") -> model_pb.GenerateTextRequest:
        return model_pb.GenerateTextRequest(prompt=prompt, request_id=str(uuid4()), timeout_seconds=1)

    upstream.enqueue(Script(fault=Fault(FaultKind.UNAUTHORIZED)))
    assert (await refusal(house.service.GenerateText(asking()))).reason is Reason.MODEL_REFUSED_KEY
    upstream.enqueue(Script(fault=Fault(FaultKind.STALL)))
    assert (await refusal(house.service.GenerateText(asking()))).reason is Reason.MODEL_TIMEOUT
    assert await house.spent() == (0, 0), "what did not answer holds and costs nothing"
    assert (await refusal(house.service.GenerateText(asking("long " * 2000)))).reason is Reason.CONTEXT_OVERFLOW
    wide = updating(model_pb.ModelProfile(model_profile_id="tiny", window_tokens=100_000), "window_tokens")
    await house.models.UpdateModel(wide)
    assert (await refusal(house.service.GenerateText(asking("long " * 2000)))).reason is Reason.BUDGET_EXHAUSTED
    assert len(upstream.requests()) == 2


@pytest.mark.parametrize(("fault", "least"), [(Fault(FaultKind.STALL, 1), 10), (Fault(FaultKind.STALL, 9), 18)])
async def test_a_call_that_breaks_off_in_thought_is_paid_for_as_one_of_a_turn(
    house: House, upstream: ScriptedUpstream, fault: Fault, least: int
) -> None:
    await house.add(base_url=upstream.base_url)
    upstream.enqueue(Script(reasoning_chunks=16, fault=fault))
    # Ten words are ten tokens, and each thought is one at least.
    prompt = "one two three four five six seven eight nine ten"
    request = model_pb.GenerateTextRequest(prompt=prompt, request_id=str(uuid4()), timeout_seconds=1)
    assert (await refusal(house.service.GenerateText(request))).reason is Reason.MODEL_TIMEOUT
    used, held = await house.spent()
    assert used >= least
    assert held == 0
