"""How receipts look: their lanes, items, phases, calls; in a list; and in what two of them differ."""

import pytest

from cli.exits import CommandError, Exit
from cli.governing.receipts import Which, meant
from cli.views.receipt import sections, summary
from cli.views.receipt_lists import EVERYBODYS_HEADINGS, HEADINGS, difference_rows, everybodys_row, verdict
from cli.views.receipt_lists import row as list_row
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.common.v1 import level_pb2 as level_pb
from soma.common.v1 import modulation_pb2 as modulation_pb
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

ID = "0197a0c2-1111-7000-8000-000000000001"
RECEIPT = receipt_pb.Receipt(
    receipt_id="r",
    turn_id="t",
    model="m",
    lanes_planned=plan_pb.LaneTokens(system_policy=100, history=400),
    lanes_used=plan_pb.LaneTokens(system_policy=50, history=400),
    items=[
        receipt_pb.ManifestItem(lane="history", item_id="a", tokens=7, kept=True, reason="fits"),
        receipt_pb.ManifestItem(lane="history", item_id="b", tokens=9, reason="the history lane was full"),
        receipt_pb.ManifestItem(lane="user_message", item_id="c", tokens=12, kept=True, reason="always sent"),
    ],
    level=level_pb.DEGRADATION_LEVEL_L1,
    level_reasons=[
        level_pb.LevelReason(source="health", level=level_pb.DEGRADATION_LEVEL_L1, sentence="Memory does not answer.")
    ],
    path=plan_pb.PLAN_PATH_FAST,
    legs=[receipt_pb.ModelLeg(leg=1, model="m", usage=usage_pb.TokenUsage(input_tokens=1200), cost_micros=1_500_000)],
    phases=[
        receipt_pb.PhaseLatency(phase="plan", start_milliseconds=0, duration_milliseconds=50),
        receipt_pb.PhaseLatency(phase="stream", start_milliseconds=50, duration_milliseconds=50),
    ],
    cost_micros=1_500_000,
    aiq_predicted=plan_pb.AiqPrediction(value=81.25, context_quality=70, budget_efficiency=100),
    aiq_observed=plan_pb.AiqObservation(value=96, response_quality=100, tool_success=100, token_efficiency=86.7),
    dependencies=[level_pb.ObservedDependency(name="memory", state=level_pb.DEPENDENCY_STATE_DOWN, detail="no answer")],
    outcome=receipt_pb.TurnOutcome(
        finish_reason="stop", confidence=0.5, tools=[receipt_pb.ToolOutcome(name="clock", attempts=3, successes=2)]
    ),
    tools=[plan_pb.RankedTool(name="clock", relevance=0.5, success_rate=0.8, chosen=True)],
    features_off=["voice"],
    feedback=False,
)


def table(title: str, receipt: receipt_pb.Receipt = RECEIPT, *, each_item: bool = False) -> list[tuple[str, ...]]:
    """The rows of the section whose title begins so."""
    found = sections(receipt, each_item=each_item)
    return list(next(section.rows for section in found if section.title.startswith(title)))


def test_a_receipt_says_its_level_and_why() -> None:
    lines = list(summary(RECEIPT))
    assert "Level L1" in lines
    assert "  L1 by health: Memory does not answer." in lines
    assert any("cost 1.500000" in line for line in lines)


def test_lanes_are_bars_of_one_scale() -> None:
    rows = {row[0]: row for row in table("Lanes")}
    assert rows["history"][1] == "█" * 24
    assert rows["system_policy"][1] == "███░░░"
    assert rows["memory"][1:] == ("", "0", "0")
    assert rows["user_message"][1:] == ("", "–", "12")
    assert rows["all"][1:] == ("", "500", "462"), "they add up"


def test_a_receipt_that_is_not_settled_has_used_nothing_yet() -> None:
    open_one = receipt_pb.Receipt(lanes_planned=plan_pb.LaneTokens(history=4))
    assert {row[3] for row in table("Lanes", open_one)} == {"–"}
    assert not table("AIQ", open_one)
    assert any("not settled yet" in line for line in summary(open_one))


def test_a_receipt_names_what_was_kept_and_dropped() -> None:
    told = [("kept", "fits"), ("dropped", "the history lane was full"), ("kept", "always sent")]
    assert [row[3:] for row in table("Kept", each_item=True)] == told
    assert [row[3:] for row in table("Kept")] == told


def test_phases_are_a_waterfall() -> None:
    assert [row[1] for row in table("Phases")] == ["█" * 12 + "·" * 12, "·" * 12 + "█" * 12]


def test_an_empty_receipt_can_be_shown() -> None:
    empty = receipt_pb.Receipt()
    assert list(summary(empty))
    assert not table("Phases", empty)


def test_what_has_the_same_reason_is_counted() -> None:
    full = [receipt_pb.ManifestItem(lane="history", item_id=str(n), tokens=100, reason="full") for n in range(30)]
    cut = receipt_pb.ManifestItem(lane="memory", item_id="m", tokens=9, kept=True, truncated_tokens=1200, version=2)
    many = receipt_pb.Receipt(items=[*full, cut])
    assert table("Kept", many)[0] == ("history", "30", "3,000", "dropped", "full")
    assert len(table("Kept", many, each_item=True)) == 31
    assert table("Kept", many, each_item=True)[-1][1:3] == ("m v2", "9 (cut by 1,200)")


def test_the_items_of_one_call_alone_are_told_with_it() -> None:
    item = receipt_pb.ManifestItem(lane="tool_results", item_id="c", tokens=4, kept=True, reason="its round")
    rounds = receipt_pb.Receipt(legs=[receipt_pb.ModelLeg(leg=1), receipt_pb.ModelLeg(leg=2, items=[item])])
    assert table("Kept and dropped for call 2", rounds, each_item=True) == [
        ("tool_results", "c", "4", "kept", "its round")
    ]


def test_aiq_is_told_with_what_it_is_made_of() -> None:
    predicted, observed = table("AIQ")
    assert predicted[:2] == ("predicted", "81.2")
    assert "tool relevance not counted" in predicted[2]
    assert observed[:2] == ("observed", "96.0")
    assert "token efficiency 86.7" in observed[2]


def test_a_receipt_tells_the_end_the_rating_and_what_was_off() -> None:
    lines = list(summary(RECEIPT))
    assert "Ended with stop · confidence 0.50" in lines
    assert "Rated bad" in lines
    assert "Switched off: voice" in lines
    up = [level_pb.ObservedDependency(name=name, state=level_pb.DEPENDENCY_STATE_UP) for name in ("model", "events")]
    assert table("Dependencies", receipt_pb.Receipt(dependencies=up)) == [("all 2", "UP", "")]
    assert table("Dependencies", receipt_pb.Receipt(dependencies=[*up, *RECEIPT.dependencies])) == [
        ("memory", "DOWN", "no answer"),
        ("the other 2", "UP", ""),
    ]
    assert table("Tools")[0][2:5] == ("0.80", "yes", "2 of 3 went well")


def test_each_of_several_calls_has_its_lanes() -> None:
    used = plan_pb.LaneTokens(system_policy=10, history=20)
    legs = [receipt_pb.ModelLeg(leg=1, lanes_used=used), receipt_pb.ModelLeg(leg=2)]
    assert table("Lanes of each", receipt_pb.Receipt(legs=legs)) == [
        ("1", "10", "20", "0", "0", "0", "0", "30"),
        ("2", *["–"] * 7),
    ]
    assert not table("Lanes of each"), "a single call used the lanes of the turn"


def test_the_mind_tells_only_what_it_changed() -> None:
    effects = [
        modulation_pb.ModulationEffect(name="temperature", before=0.7, after=0.8, sentence="It is raised."),
        modulation_pb.ModulationEffect(name="top_p", before=1, after=1, sentence="It stays."),
    ]
    moved = receipt_pb.Receipt(modulation=modulation_pb.Modulation(effects=effects))
    assert table("Mind", moved) == [("temperature", "It is raised.")]


def test_a_receipt_in_a_list() -> None:
    open_one = receipt_pb.ReceiptSummary(receipt_id=ID, level=level_pb.DEGRADATION_LEVEL_L1, aiq_predicted=81.4)
    shown = dict(zip(HEADINGS, list_row(open_one), strict=True))
    assert (shown["LEVEL"], shown["AIQ"], shown["OBSERVED"], shown["ENDED"]) == ("L1", "81", "–", "not settled")
    assert shown["RECEIPT"] == ID


def test_a_receipt_among_everybodys_says_whose_it_is() -> None:
    ada = receipt_pb.ReceiptSummary(receipt_id=ID, owner_sub="ada")
    shown = dict(zip(EVERYBODYS_HEADINGS, everybodys_row(ada), strict=True))
    assert (shown["WHOSE"], shown["RECEIPT"]) == ("ada", ID)


def test_a_part_of_a_difference_is_named_once() -> None:
    told = [
        receipt_pb.ReceiptDifference(part="lanes", sentence="A."),
        receipt_pb.ReceiptDifference(part="lanes", sentence="B."),
        receipt_pb.ReceiptDifference(part="cost", sentence="C."),
    ]
    assert difference_rows(told) == [("lanes", "A."), ("", "B."), ("cost", "C.")]


def test_a_prompt_says_if_it_is_exact_or_what_it_lacks() -> None:
    assert verdict(turn_pb.RebuildPromptResponse(body=b"{}", exact=True, model="m"))[0].startswith("Exact")
    lacking = turn_pb.RebuildPromptResponse(body=b"{}", missing=["Memory x was forgotten."])
    assert verdict(lacking) == ["It is not byte for byte what was sent:", "  Memory x was forgotten."]
    assert verdict(turn_pb.RebuildPromptResponse())[0].startswith("It cannot be made again")


@pytest.mark.parametrize(
    ("word", "which"),
    [("last", Which()), ("last~2", Which(back=2)), (f" {ID.upper()} ", Which(ID))],
)
def test_a_receipt_is_meant_by_its_id_or_its_place(word: str, which: Which) -> None:
    assert meant(word) == which


@pytest.mark.parametrize("word", ["first", "last~", "last~x", "last~-1", "1", ""])
def test_what_means_no_receipt_is_wrong_use(word: str) -> None:
    with pytest.raises(CommandError) as caught:
        meant(word)
    assert caught.value.code is Exit.WRONG_USE
