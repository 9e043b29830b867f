"""An agent's rules about tools in their JSON form, as its versions keep them, and as the contract has them.

What a rule means stands in `domain/permission.py`.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from servers.chat.domain.permission import Permission, ToolRule
from soma.chat.v1 import agent_service_pb2 as agent_pb

_PERMISSIONS: Final = {
    Permission.AUTO: agent_pb.TOOL_PERMISSION_AUTO,
    Permission.APPROVAL: agent_pb.TOOL_PERMISSION_APPROVAL,
    Permission.DENIED: agent_pb.TOOL_PERMISSION_DENIED,
}
_NAMES: Final = {number: name for name, number in _PERMISSIONS.items()}


def rules_json(rules: Iterable[ToolRule]) -> str:
    """Rules in their JSON form."""
    return orjson.dumps([{"tool": rule.tool, "permission": rule.permission.value} for rule in rules]).decode()


def rules_of(text: str) -> tuple[ToolRule, ...]:
    """Rules out of their JSON form."""
    if text == "[]":
        return ()
    return tuple(ToolRule(each["tool"], Permission(each["permission"])) for each in orjson.loads(text))


def rules_messages(rules: Iterable[ToolRule]) -> list[agent_pb.ToolRule]:
    """Rules as messages."""
    return [agent_pb.ToolRule(tool=rule.tool, permission=_PERMISSIONS[rule.permission]) for rule in rules]


def rules_in(messages: Iterable[agent_pb.ToolRule]) -> tuple[ToolRule, ...]:
    """Rules out of messages that were checked."""
    return tuple(ToolRule(message.tool, _NAMES[message.permission]) for message in messages)
