"""A receipt in words, part by part, so that two of them can be compared; ids of turns and moments are left out.

Which parts there are, and how two are compared, stands in `domain/differences.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from servers.governor.domain.differences import Wording
from soma.common.v1 import level_pb2 as level_pb
from soma.governor.v1 import plan_pb2 as plan_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb

_LANES: Final = ("system_policy", "history", "memory", "tools", "tool_results", "buffer")
# What a budget was when the plan was made; when its period began is a moment.
_NAMED_BY: Final = ("scope", "scope_id", "period")
_BUDGET: Final = ("limit", "used", "held", "debt", "hard")


def wording(receipt: receipt_pb.Receipt) -> Wording:
    """What the receipt says."""
    snapshot = MessageToDict(receipt.snapshot)
    return {
        "level": dict(_level(receipt)),
        "model": {"model": receipt.model} if receipt.model else {},
        "lanes": dict(_lanes(receipt)),
        "items": dict(_items(receipt.items, "")),
        "tools": dict(_tools(receipt)),
        "legs": dict(_legs(receipt)),
        "modulation": dict(_leaves(receipt.modulation)),
        "aiq": dict(_aiq(receipt)),
        "usage": {name: _count(value, "tokens") for name, value in _numbers(receipt.usage)},
        "cost": {"cost": _money(receipt.cost_micros)} if receipt.HasField("settle_time") else {},
        "phases": {each.phase: f"{each.duration_milliseconds:,.0f} ms long" for each in receipt.phases},
        "features": dict.fromkeys(receipt.features_off, "switched off"),
        "dependencies": dict(_dependencies(receipt)),
        "budgets": dict(_budgets(snapshot)),
        "rules": dict(_flat(snapshot.get("rules", {}))),
        "outcome": dict(_outcome(receipt)),
    }


def _level(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    if receipt.level:
        yield "level", _level_name(receipt.level)
    for reason in receipt.level_reasons:
        yield f"demand of {reason.source}", f"{_level_name(reason.level)} ({reason.sentence.rstrip('.')})"
    if receipt.path:
        yield "path", plan_pb.PlanPath.Name(receipt.path).removeprefix("PLAN_PATH_")


def _lanes(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    for name in _LANES:
        yield f"{name} lane", _count(getattr(receipt.lanes_planned, name), "tokens")
    if receipt.HasField("lanes_used"):
        for name in _LANES:
            yield f"use of the {name} lane", _count(getattr(receipt.lanes_used, name), "tokens")
    yield "longest answer", _count(receipt.max_output_tokens, "tokens")


def _items(items: Iterable[receipt_pb.ManifestItem], where: str) -> Iterator[tuple[str, str]]:
    for item in items:
        state = "kept" if item.kept else "dropped"
        cut = f", cut by {_count(item.truncated_tokens, 'tokens')}" if item.truncated_tokens else ""
        version = f", version {item.version}" if item.version else ""
        size = _count(item.tokens, "tokens")
        yield f"{where}{item.lane}/{item.item_id}", f"{state} with {size}{cut}{version} ({item.reason})"


def _tools(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    yield "limit", _count(receipt.tool_k, "tools")
    for rank, tool in enumerate(receipt.tools, 1):
        state = "offered" if tool.chosen else "left out"
        yield tool.name, f"number {rank}, {state}, with relevance {tool.relevance:.2f} ({tool.reason})"
    for called in receipt.outcome.tools:
        yield f"{called.name}, as called", f"called {called.attempts} times, {called.successes} times with success"


def _legs(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    for leg in receipt.legs:
        used = f"{_count(leg.usage.input_tokens, 'tokens')} in and {_count(leg.usage.output_tokens, 'tokens')} out"
        name = f"model call {leg.leg}"
        yield name, f"by {leg.model} with {used}, for {_money(leg.cost_micros)}, ended by {leg.finish_reason}"
        for parameter, value in sorted(MessageToDict(leg.parameters).items()):
            yield f"{parameter} of {name}", f"{value:g}" if isinstance(value, float) else str(value)
        yield from _items(leg.items, f"item of {name}, ")


def _aiq(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    for when, message in (("predicted", receipt.aiq_predicted), ("observed", receipt.aiq_observed)):
        for name, value in _numbers(message):
            yield f"{when} {name}", f"{value:.1f}"


def _dependencies(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    for seen in receipt.dependencies:
        state = level_pb.DependencyState.Name(seen.state).removeprefix("DEPENDENCY_STATE_").lower()
        yield seen.name, f"{state} ({seen.detail})" if seen.detail else state


def _budgets(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    budgets = (*snapshot.get("budgets", ()), *snapshot.get("scoped_budgets", ()))
    for number, budget in enumerate(budgets, 1):
        name = " ".join(str(budget[part]) for part in _NAMED_BY if budget.get(part)) or str(number)
        for part in _BUDGET:
            if part in budget:
                yield f"{name} {part}", _value(budget[part])


def _outcome(receipt: receipt_pb.Receipt) -> Iterator[tuple[str, str]]:
    if not receipt.HasField("outcome"):
        return
    yield "finish reason", receipt.outcome.finish_reason
    if receipt.outcome.error_reason:
        yield "error", receipt.outcome.error_reason
    if receipt.outcome.HasField("confidence"):
        yield "confidence", f"{receipt.outcome.confidence:.3f}"
    if receipt.HasField("feedback"):
        yield "feedback", "good" if receipt.feedback else "bad"


def _numbers(message: Message) -> Iterator[tuple[str, Any]]:
    """The numbers of a message that are set, under names for people."""
    for field, value in message.ListFields():
        if not isinstance(value, bool):
            yield field.name.removesuffix("_tokens").replace("_", " "), value


def _leaves(message: Message) -> Iterator[tuple[str, str]]:
    yield from _flat(MessageToDict(message, preserving_proto_field_name=True))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of nested values, each under its path; a list is a leaf."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from _flat(value[name], f"{path}.{name}" if path else name)
    elif path:
        yield path, _value(value)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}"


def _money(micros: int) -> str:
    return f"{micros / 1_000_000:,.6f} USD"


def _level_name(level: level_pb.DegradationLevel.ValueType) -> str:
    return level_pb.DegradationLevel.Name(level).removeprefix("DEGRADATION_LEVEL_")
