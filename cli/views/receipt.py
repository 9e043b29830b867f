"""A receipt as tables: lanes as bars, level with its reasons, what was kept and dropped, phases, model calls, cost.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.views.words import NONE, bar, count, enum_word, moment, money
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

_LANES: Final = ("system_policy", "history", "memory", "tools", "tool_results", "buffer")
_WATERFALL_CELLS: Final = 24


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
    used = receipt.usage
    about = "about " if used.estimated else ""
    path = enum_word(plan_pb.PlanPath.DESCRIPTOR, receipt.path, "PLAN_PATH_").lower()
    yield (
        f"{receipt.model} · {path} path · {about}{count(used.input_tokens)} tokens in, "
        f"{count(used.output_tokens)} out · cost {money(receipt.cost_micros)}"
    )
    if receipt.HasField("outcome"):
        why = f" ({receipt.outcome.error_reason})" if receipt.outcome.error_reason else ""
        yield f"Ended with {receipt.outcome.finish_reason}{why}"
    yield f"Level {_level(receipt.level)}"
    for reason in receipt.level_reasons:
        if reason.sentence:
            yield f"  {_level(reason.level)} by {reason.source}: {reason.sentence}"


def sections(receipt: receipt_pb.Receipt) -> Iterator[Section]:
    """The tables in the order in which they are read."""
    yield Section("Lanes (░ planned, █ used)", ("LANE", "TOKENS", "PLANNED", "USED"), _lanes(receipt))
    yield Section("Kept and dropped", ("LANE", "ITEM", "TOKENS", "KEPT", "REASON"), [*map(_item, receipt.items)])
    yield Section("Tools", ("TOOL", "RELEVANCE", "OFFERED", "REASON"), [*map(_tool, receipt.tools)])
    yield Section("Phases", ("PHASE", "WHEN", "START ms", "TOOK ms"), _phases(receipt.phases))
    yield Section("Model calls", ("CALL", "MODEL", "IN", "OUT", "COST", "ENDED"), [*map(_leg, receipt.legs)])


def _level(level: int) -> str:
    return enum_word(level_pb.DegradationLevel.DESCRIPTOR, level, "DEGRADATION_LEVEL_")


def _lanes(receipt: receipt_pb.Receipt) -> list[tuple[str, ...]]:
    settled = receipt.HasField("lanes_used")
    amounts = [(lane, getattr(receipt.lanes_planned, lane), getattr(receipt.lanes_used, lane)) for lane in _LANES]
    most = max(max(planned, used) for _, planned, used in amounts)
    return [
        (lane, bar(planned, used, most), count(planned), count(used) if settled else NONE)
        for lane, planned, used in amounts
    ]


def _item(item: receipt_pb.ManifestItem) -> tuple[str, ...]:
    cut = f" (cut by {count(item.truncated_tokens)})" if item.truncated_tokens else ""
    return item.lane, item.item_id, f"{count(item.tokens)}{cut}", "kept" if item.kept else "dropped", item.reason


def _tool(tool: plan_pb.RankedTool) -> tuple[str, ...]:
    return tool.name, f"{tool.relevance:.2f}", "yes" if tool.chosen else "no", tool.reason


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
    tokens = f"{about}{count(used.input_tokens)}", f"{about}{count(used.output_tokens)}"
    return str(leg.leg), leg.model, *tokens, money(leg.cost_micros), leg.finish_reason
