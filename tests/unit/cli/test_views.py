"""How answers of the services look to people and to programs."""

import json

import pytest

from cli.consent import ask
from cli.doors import checked_id
from cli.exits import CommandError, Exit
from cli.views import memory as memory_view
from cli.views import mind as mind_view
from cli.views import model as model_view
from cli.views import tenant as tenant_view
from cli.views.words import bar, gauge, moment, money, one_line, to_json
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.cognitive.v1 import neuromodulator_service_pb2 as mind_pb
from soma.common.v1 import modulation_pb2 as effects_pb
from soma.control.v1 import api_key_pb2 as key_pb
from soma.control.v1 import tenant_service_pb2 as tenant_pb
from soma.governor.v1 import budget_pb2 as budget_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb


@pytest.mark.parametrize(
    ("planned", "used", "cells"), [(0, 0, ""), (10, 0, "░░░░"), (10, 10, "████"), (1, 1, "█"), (0, 20, "████")]
)
def test_a_bar(planned: int, used: int, cells: str) -> None:
    assert bar(planned, used, 10, width=4) == cells


def test_a_gauge_stays_inside_its_range() -> None:
    assert gauge(0.5, 0.0, (0.0, 1.0), width=5) == "├┼─●──┤"
    assert gauge(9.0, 0.5, (0.0, 1.0), width=5) == "├──┼─●┤"
    assert gauge(0.0, 0.0, (0.0, 0.0), width=5) == "├●────┤"


@pytest.mark.parametrize(("micros", "text"), [(0, "0.000000"), (1, "0.000001"), (-2_500_000, "-2.500000")])
def test_money(micros: int, text: str) -> None:
    assert money(micros) == text


def test_what_is_absent_is_a_dash() -> None:
    assert moment(receipt_pb.Receipt(), "settle_time") == "–"


def test_a_long_text_is_cut_to_one_line() -> None:
    assert one_line("a\nb  c", 20) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_json_is_that_of_the_contract() -> None:
    told = json.loads(to_json(budget_pb.Budget(period=budget_pb.BUDGET_PERIOD_DAY, limit_tokens=5)))
    assert told["period"] == "BUDGET_PERIOD_DAY"
    assert told["limit_tokens"] == "5"
    assert told["hard"] is False


def test_a_hit_shows_the_parts_of_its_score() -> None:
    hit = memory_pb.MemoryHit(
        memory=memory_pb.Memory(memory_id="id", text="Tea."),
        score=0.75,
        parts=memory_pb.ScoreParts(lexical=0.5, recency=1),
    )
    assert memory_view.hit_row(hit) == ("0.750", "–", "0.500", "1.000", "0.000", "–", "Tea.", "id")


def test_forgetting_says_what_it_touches() -> None:
    memory = memory_pb.Memory(text="Tea.", namespace="user:ada", kind=memory_pb.MEMORY_KIND_SEMANTIC)
    assert "one semantic memory of user:ada" in memory_view.touched(memory)
    assert "“Tea.”" in memory_view.touched(memory)
    assert "and never recalled" in memory_view.touched(memory)


def test_an_earlier_version_says_what_it_said_otherwise() -> None:
    now = memory_pb.Memory(text="Tea.", importance=0.9, version=4, pinned=True)
    pinned = memory_pb.Memory(text="Tea.", importance=0.5, version=2, pinned=True)
    first = memory_pb.Memory(text="Tea.", importance=0.5, version=1, tags=["house"])
    told = memory_pb.Memory(text="Coffee.", importance=0.9, version=3, pinned=True)
    rows = memory_view.lineage_rows(upkeep_pb.GetLineageResponse(memory=now, versions=[now, told, pinned, first]))
    assert [row[:3] for row in rows] == [
        ("version 3", "–", "Coffee."),
        ("version 2", "–", "Tea. (importance 0.50)"),
        ("version 1", "–", "Tea. (tags house; pinned –)"),
    ]


@pytest.mark.parametrize(
    ("forgotten", "kept", "sentence"),
    [
        (0, 0, "Forgotten: 0 memories"),
        (1, 0, "Forgotten: 1 memory"),
        (2, 1, "Forgotten: 2 memories; 1 memory learned elsewhere too stayed"),
    ],
)
def test_forgetting_a_conversation_says_how_many(forgotten: int, kept: int, sentence: str) -> None:
    done = service_pb.DeleteBySourceResponse(forgotten_count=forgotten, kept_count=kept)
    assert memory_view.forgotten(done) == sentence


def test_a_mind_is_gauges_and_sentences() -> None:
    state = mind_pb.NeuromodulatorState(name="dopamine", value=0.4, baseline=0.4, minimum=0, maximum=0.8)
    assert mind_view.gauge_row(state)[3:] == ("0.400", "0–0.8")
    effects = [
        effects_pb.ModulationEffect(name="temperature", sentence="It is raised."),
        effects_pb.ModulationEffect(name="top_p", before=1, after=0.5, switched_off=True),
    ]
    assert list(mind_view.effects(effects)) == ["It is raised.", "top_p 1 → 0.5 (switched off)"]


def test_a_model_that_does_not_answer_says_why() -> None:
    probe = model_pb.ProbeModelResponse(reachable=False, error_sentence="The provider refused the key.")
    assert model_view.verdict("m", probe) == "m does not answer: The provider refused the key."


def test_what_removing_a_model_touches_is_said() -> None:
    model = model_pb.ModelProfile(model_profile_id="m", provider="custom", model="x", own_key=True, tenant_default=True)
    touched = model_view.touched(model, ["support", "sales"])
    for words in ("model m (custom, x)", "its key for good", "It is the default", "support, sales"):
        assert words in touched
    assert "key" not in model_view.touched(model_pb.ModelProfile(model_profile_id="m"), [])
    assert "answers from now on" in model_view.added(model)
    assert model_view.backed(model) == "Nobody answers in the place of m."
    model.fallback_profile_ids.extend(("spare", "other"))
    assert model_view.backed(model) == "When m cannot answer: spare, then other."
    assert dict(zip(model_view.HEADINGS, model_view.row(model), strict=True))["FALLBACKS"] == "spare, other"


def test_an_id_is_checked_before_anybody_is_asked() -> None:
    assert checked_id(" 0197A0C2111170008000000000000001 ", "memory") == "0197a0c2-1111-7000-8000-000000000001"
    with pytest.raises(CommandError) as caught:
        checked_id("1", "memory")
    assert caught.value.code is Exit.WRONG_USE


def test_without_a_terminal_nothing_is_destroyed_unasked() -> None:
    ask("This deletes it.", "Delete?", yes=True, terminal=False)
    with pytest.raises(CommandError) as caught:
        ask("This deletes it.", "Delete?", yes=False, terminal=False)
    assert caught.value.code is Exit.WRONG_USE


def test_a_key_is_told_once_with_how_to_use_it_and_without_its_secret() -> None:
    told = "\n".join(tenant_view.shown_once(key_pb.ApiKey(key_id="k3v9", role="member"), "http://edge:1"))
    for word in ("k3v9", "member", "this once", "OPENAI_BASE_URL=http://edge:1/v1", "curl", "Authorization: Bearer"):
        assert word in told, word


def test_a_key_shows_its_state_and_what_never_happened_as_a_dash() -> None:
    key = key_pb.ApiKey(key_id="k3v9", name="ci", sub="ada", role="viewer")
    key.create_time.FromSeconds(0)
    made = "1970-01-01 00:00:00 UTC"
    assert tenant_view.key_row(key) == ("k3v9", "ci", "ada", "viewer", "in force", made, "–", "–")
    assert "never used" in tenant_view.touched(key)
    key.revoke_time.FromSeconds(60)
    key.last_used_time.FromSeconds(0)
    assert tenant_view.key_row(key)[4:] == ("revoked", made, made, "–")
    assert made in tenant_view.touched(key)


def test_the_tenant_that_runs_the_installation_says_so() -> None:
    tenant = tenant_pb.Tenant(name="installation", display_name="Home", tenant_id="t", runs_installation=True)
    assert tenant_view.tenant_row(tenant)[:4] == ("installation", "Home (runs this installation)", "t", "–")
    assert ("Role", "runs this installation") in list(tenant_view.about_tenant(tenant))
    assert "runs" not in tenant_view.tenant_row(tenant_pb.Tenant(name="web-team", display_name="Web"))[1]
