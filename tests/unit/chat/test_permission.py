"""Who must be asked before a tool runs: the agent's rules, then its autonomy."""

from typing import cast
from uuid import uuid4

import pytest

from servers.chat.domain.agent import SCOPE_AGENT, SCOPE_SHARED, SCOPE_USER, Agent
from servers.chat.domain.permission import Permission, ToolRule, permission_of, why_asked
from servers.chat.tools.builtin import BuiltinTools
from servers.chat.tools.rules import rules_in, rules_json, rules_messages, rules_of
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.testing.clock import SetClock

AUTO, APPROVAL, DENIED = Permission.AUTO, Permission.APPROVAL, Permission.DENIED


@pytest.mark.parametrize("autonomy", range(1, 11))
@pytest.mark.parametrize("dangerous", [True, False])
def test_the_autonomy_decides_where_no_rule_does(autonomy: int, dangerous: bool) -> None:
    asks = autonomy <= 3 or (autonomy <= 6 and dangerous)
    assert permission_of("a.b", (), autonomy, dangerous=dangerous) is (APPROVAL if asks else AUTO)


def test_the_first_rule_that_fits_counts() -> None:
    rules = (ToolRule("memory.recall", AUTO), ToolRule("memory.*", DENIED), ToolRule("*", APPROVAL))
    found = [permission_of(name, rules, 10, dangerous=False) for name in ("memory.recall", "memory.x", "time.now")]
    assert found == [AUTO, DENIED, APPROVAL]


def test_the_reason_is_a_sentence() -> None:
    rules = (ToolRule("memory.*", APPROVAL),)
    assert why_asked("memory.x", rules, 9) == "The agent's rule for memory.* says that a person is asked first."
    assert why_asked("time.now", (), 2) == "The agent's autonomy is 2, so a person is asked before any tool runs."
    assert why_asked("memory.x", (), 5) == (
        "The agent's autonomy is 5, so a person is asked before memory.x, which has effects for others."
    )


@pytest.mark.parametrize(
    ("scope", "dangerous"),
    [(SCOPE_USER, set()), (SCOPE_AGENT, {"memory.remember"}), (SCOPE_SHARED, {"memory.remember"})],
)
def test_what_others_feel_is_dangerous(scope: int, dangerous: set[str]) -> None:
    agent = Agent(uuid4(), memory_scope=scope)
    tools = BuiltinTools(cast("MemoryServiceStub", None), SetClock()).all()
    assert {tool.name for tool in tools if tool.dangerous_for(agent)} == dangerous


def test_rules_survive_their_forms() -> None:
    rules = (ToolRule("memory.*", DENIED), ToolRule("time.now", APPROVAL), ToolRule("*", AUTO))
    assert rules_of(rules_json(rules)) == rules
    assert rules_in(rules_messages(rules)) == rules
