"""A receipt as tables: lanes as bars, level and AIQ with their reasons, what was kept and dropped, phases, model calls.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.views.level import dependency_row, level_word, reason_lines
from cli.views.words import NONE, bar, count, enum_word, moment, money
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

LANES: Final = ("system_policy", "history", "memory", "tools", "tool_results", "buffer")
_USER: Final = "user_message"
_WATERFALL_CELLS: Final = 24
_ITEMS: Final = ("LANE", "ITEM", "TOKENS", "KEPT", "REASON")
_GROUPS: Final = ("LANE", "ITEMS", "TOKENS", "KEPT", "REASON")
_LEGS: Final = ("CALL", "MODEL", "IN", "CACHED", "OUT", "REASONING", "COST", "ENDED")


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its title; without rows it is not shown."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def summary(receipt: receipt_pb.Receipt) -> Iterator[str]:
    """The lines above the tables."""
    yield f"Receipt {receipt.receipt_id}"
    settled = moment(receipt, "settle_time")
    ended = f"settled {settled}" if settled != NONE else "not settled yet"
    yield f"Turn {receipt.turn_id} · planned {moment(receipt, 'plan_time')} · {ended}"
    if receipt.conversation_id or receipt.agent_id:
        yield f"Conversation {receipt.conversation_id or NONE} · agent {receipt.agent_id or NONE}"
    used = receipt.usage
    about = "about " if used.estimated else ""
    path = enum_word(plan_pb.PlanPath.DESCRIPTOR, receipt.path, "PLAN_PATH_").lower()
    yield (
        f"{receipt.model} · {path} path · rules {receipt.plan_version} · {about}{count(used.input_tokens)} tokens in, "
        f"{count(used.output_tokens)} out · cost {money(receipt.cost_micros)}"
    )
    yield from _outcome(receipt)
    yield f"Level {level_word(receipt.level)}"
    yield from reason_lines(receipt.level_reasons)
    if receipt.features_off:
        yield f"Switched off: {', '.join(receipt.features_off)}"


def sections(receipt: receipt_pb.Receipt, *, each_item: bool = False) -> Iterator[Section]:
    """The tables in the order in which they are read; what was kept and dropped one by one, or counted by reason."""
    yield Section("Lanes (░ planned, █ used)", ("LANE", "TOKENS", "PLANNED", "USED"), _lanes(receipt))
    yield Section("AIQ", ("AIQ", "OF 100", "MADE OF"), _aiq(receipt))
    if each_item:
        yield Section("Kept and dropped", _ITEMS, [*map(_item, receipt.items)])
        for leg in receipt.legs:
            yield Section(f"Kept and dropped for call {leg.leg} alone", _ITEMS, [*map(_item, leg.items)])
    else:
        yield Section("Kept and dropped", _GROUPS, _groups(receipt.items))
    yield Section("Tools", ("TOOL", "RELEVANCE", "SUCCESS", "OFFERED", "CALLS", "REASON"), _tools(receipt))
    yield Section("Phases", ("PHASE", "WHEN", "START ms", "TOOK ms"), _phases(receipt.phases))
    yield Section("Model calls", _LEGS, [*map(_leg, receipt.legs)])
    yield Section("Lanes of each call", ("CALL", *LANES, "all"), _leg_lanes(receipt.legs))
    yield Section("Dependencies", ("NAME", "STATE", "DETAIL"), _dependencies(receipt.dependencies))
    moved = [each for each in receipt.modulation.effects if each.before != each.after and each.sentence]
    yield Section("Mind", ("EFFECT", "WHY"), [(each.name, each.sentence) for each in moved])


def _outcome(receipt: receipt_pb.Receipt) -> Iterator[str]:
    if receipt.HasField("outcome"):
        outcome = receipt.outcome
        why = f" ({outcome.error_reason})" if outcome.error_reason else ""
        sure = f" · confidence {outcome.confidence:.2f}" if outcome.HasField("confidence") else ""
        yield f"Ended with {outcome.finish_reason}{why}{sure}"
    if receipt.HasField("feedback"):
        yield f"Rated {'good' if receipt.feedback else 'bad'}"


def _lanes(receipt: receipt_pb.Receipt) -> list[tuple[str, ...]]:
    """The lanes, the message that is answered, which needs none, and their sum."""
    settled = receipt.HasField("lanes_used")
    amounts = [(lane, getattr(receipt.lanes_planned, lane), getattr(receipt.lanes_used, lane)) for lane in LANES]
    most = max(max(planned, used) for _, planned, used in amounts)
    rows = [(lane, bar(planned, used, most), planned, used) for lane, planned, used in amounts]
    said = sum(item.tokens for item in receipt.items if item.lane == _USER and item.kept)
    shown: list[tuple[str, ...]] = [
        (lane, drawn, count(planned), count(used) if settled else NONE) for lane, drawn, planned, used in rows
    ]
    planned, used = sum(it[1] for it in amounts), sum(it[2] for it in amounts)
    shown.append((_USER, "", NONE, count(said) if settled else NONE))
    shown.append(("all", "", count(planned), count(used + said) if settled else NONE))
    return shown


def _aiq(receipt: receipt_pb.Receipt) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    if receipt.HasField("aiq_predicted"):
        aiq = receipt.aiq_predicted
        tools = f"{aiq.tool_relevance:.1f}" if aiq.HasField("tool_relevance") else "not counted, no tool applies"
        parts = f"context quality {aiq.context_quality:.1f}, tool relevance {tools}"
        rows.append(("predicted", f"{aiq.value:.1f}", f"{parts}, budget efficiency {aiq.budget_efficiency:.1f}"))
    if receipt.HasField("aiq_observed"):
        seen = receipt.aiq_observed
        parts = f"response quality {seen.response_quality:.1f}, tool success {seen.tool_success:.1f}"
        rows.append(("observed", f"{seen.value:.1f}", f"{parts}, token efficiency {seen.token_efficiency:.1f}"))
    return rows


def _dependencies(seen: Sequence[level_pb.ObservedDependency]) -> list[tuple[str, ...]]:
    """Those that did not simply work, and how many did."""
    amiss = [dependency_row(each) for each in seen if each.state != level_pb.DEPENDENCY_STATE_UP]
    well = len(seen) - len(amiss)
    return [*amiss, (f"{'the other' if amiss else 'all'} {well}", "UP", "")] if well else amiss


def _item(item: receipt_pb.ManifestItem) -> tuple[str, ...]:
    cut = f" (cut by {count(item.truncated_tokens)})" if item.truncated_tokens else ""
    version = f" v{item.version}" if item.version else ""
    kept = "kept" if item.kept else "dropped"
    return item.lane, f"{item.item_id}{version}", f"{count(item.tokens)}{cut}", kept, item.reason


def _groups(items: Sequence[receipt_pb.ManifestItem]) -> list[tuple[str, ...]]:
    """What was kept and dropped, counted by lane and reason, in the order of the prompt."""
    found: dict[tuple[str, bool, str], list[receipt_pb.ManifestItem]] = {}
    for item in items:
        found.setdefault((item.lane, item.kept, item.reason), []).append(item)
    return [
        (lane, count(len(group)), count(sum(it.tokens for it in group)), "kept" if kept else "dropped", reason)
        for (lane, kept, reason), group in found.items()
    ]


def _tools(receipt: receipt_pb.Receipt) -> list[tuple[str, ...]]:
    called = {it.name: f"{it.successes} of {it.attempts} went well" for it in receipt.outcome.tools}
    return [
        (
            tool.name,
            f"{tool.relevance:.2f}",
            f"{tool.success_rate:.2f}",
            "yes" if tool.chosen else "no",
            called.get(tool.name, NONE),
            tool.reason,
        )
        for tool in receipt.tools
    ]


def _phases(phases: Sequence[receipt_pb.PhaseLatency]) -> list[tuple[str, ...]]:
    end = max((phase.start_milliseconds + phase.duration_milliseconds for phase in phases), default=0.0)
    return [
        (
            phase.phase,
            _stretch(phase.start_milliseconds, phase.duration_milliseconds, end),
            f"{phase.start_milliseconds:.1f}",
            f"{phase.duration_milliseconds:.1f}",
        )
        for phase in phases
    ]


def _stretch(start: float, duration: float, end: float) -> str:
    """Where a phase lies in the whole turn."""
    if end <= 0:
        return ""
    first = min(int(start / end * _WATERFALL_CELLS), _WATERFALL_CELLS - 1)
    length = max(1, min(round(duration / end * _WATERFALL_CELLS), _WATERFALL_CELLS - first))
    return "·" * first + "█" * length + "·" * (_WATERFALL_CELLS - first - length)


def _leg(leg: receipt_pb.ModelLeg) -> tuple[str, ...]:
    used = leg.usage
    about = "about " if used.estimated else ""
    return (
        str(leg.leg),
        leg.model,
        f"{about}{count(used.input_tokens)}",
        count(used.cached_input_tokens),
        f"{about}{count(used.output_tokens)}",
        count(used.reasoning_tokens),
        money(leg.cost_micros),
        leg.finish_reason,
    )


def _leg_lanes(legs: Sequence[receipt_pb.ModelLeg]) -> list[tuple[str, ...]]:
    """What each of several calls used of the lanes."""
    if len(legs) < 2:
        return []
    rows: list[tuple[str, ...]] = []
    for leg in legs:
        amounts = [int(getattr(leg.lanes_used, lane)) for lane in LANES]
        shown = [count(it) for it in (*amounts, sum(amounts))] if leg.HasField("lanes_used") else [NONE] * 7
        rows.append((str(leg.leg), *shown))
    return rows
