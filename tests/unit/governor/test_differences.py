"""In what two receipts differ: pure comparisons of what each says."""

from hypothesis import given
from hypothesis import strategies as st

from servers.governor.domain.differences import PARTS, Wording, differences
from servers.governor.receipts.wording import wording
from soma.common.v1 import level_pb2 as level_pb
from soma.common.v1 import usage_pb2 as usage_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

WORDINGS = st.dictionaries(
    st.sampled_from(list(PARTS)),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1 token", "2 tokens", "kept"])),
)


@given(WORDINGS, WORDINGS)
def test_what_differs_is_told_once_in_order_and_the_other_way_round(first: Wording, second: Wording) -> None:
    found = list(differences(first, second))
    keys = [(each.part, each.name) for each in found]
    assert len(set(keys)) == len(keys)
    assert [list(PARTS).index(part) for part, _ in keys] == sorted(list(PARTS).index(part) for part, _ in keys)
    for each in found:
        assert each.before != each.after
        assert each.before == first.get(each.part, {}).get(each.name, "")
        assert each.after == second.get(each.part, {}).get(each.name, "")
        assert each.sentence.endswith(".")
        assert all(value in each.sentence for value in (each.before, each.after))
    back = {(each.part, each.name): (each.after, each.before) for each in differences(second, first)}
    assert back == {(each.part, each.name): (each.before, each.after) for each in found}
    assert list(differences(first, first)) == []


def receipt(memory: int, model: str = "m", turn_id: str = "one") -> receipt_pb.Receipt:
    made = receipt_pb.Receipt(
        receipt_id=f"receipt of {turn_id}",
        turn_id=turn_id,
        model=model,
        level=level_pb.DEGRADATION_LEVEL_L0,
        lanes_planned=plan_pb.LaneTokens(memory=memory),
        items=[receipt_pb.ManifestItem(lane="memory", item_id="x", tokens=7, kept=bool(memory), reason="fits")],
        legs=[receipt_pb.ModelLeg(leg=1, model=model, usage=usage_pb.TokenUsage(input_tokens=5), finish_reason="stop")],
        plan_time=None,
    )
    made.settle_time.seconds = len(turn_id)
    made.snapshot.update({"rules": {"weights": [0.4, 0.3, 0.3]}, "budgets": [{"period": "day", "used": ["0", "0"]}]})
    return made


def test_ids_and_moments_are_no_differences() -> None:
    assert list(differences(wording(receipt(1)), wording(receipt(1, turn_id="another")))) == []


def test_a_difference_is_a_sentence() -> None:
    used = "with 5 tokens in and 0 tokens out, for 0.000000 USD, ended by stop"
    sentences = [each.sentence for each in differences(wording(receipt(1200)), wording(receipt(0, "n")))]
    assert sentences == [
        "The model was m and then n.",
        "The memory lane was 1,200 tokens and then 0 tokens.",
        "The item memory/x was kept with 7 tokens (fits) and then dropped with 7 tokens (fits).",
        f"The model call 1 was by m {used} and then by n {used}.",
    ]
