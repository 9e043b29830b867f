"""Every failpoint stands in the code at which it is named, and nothing but a test makes one do anything."""

import ast

from soma_common.events.failpoints import Failpoint
from tests.arch.source import dotted, need, product


def passed() -> dict[str, int]:
    """How often each failpoint is passed in what is shipped: `self._reached(Failpoint.NAME)`."""
    found: dict[str, int] = {}
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and dotted(node.func).endswith("_reached"):
                [argument] = node.args
                name = dotted(argument).removeprefix("Failpoint.")
                found[name] = found.get(name, 0) + 1
    return found


def test_every_failpoint_is_passed_somewhere() -> None:
    assert set(passed()) == {point.name for point in Failpoint}


def test_what_is_served_hands_in_no_failpoint() -> None:
    served = [
        source.at(node, "reached=")
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword) and node.arg == "reached"
    ]
    need(served, "failpoints that something shipped makes active")
