"""Every failpoint stands in the code at which it is named, and nothing but a test makes one do anything."""

import ast

from soma_common.events.failpoints import Failpoint
from soma_common.sagas.failpoints import SagaFailpoint
from tests.arch.source import dotted, need, product

POINTS = {f"{kind.__name__}.{point.name}" for kind in (Failpoint, SagaFailpoint) for point in kind}


def passed() -> set[str]:
    """The failpoints that what is shipped passes: `self._reached(Failpoint.NAME)`."""
    found = set()
    for source in product():
        for node in source.nodes:
            if isinstance(node, ast.Call) and dotted(node.func).endswith("_reached"):
                [argument] = node.args
                found.add(dotted(argument))
    return found


def test_every_failpoint_is_passed_somewhere() -> None:
    assert passed() == POINTS


def test_what_is_served_hands_in_no_failpoint() -> None:
    served = [
        source.at(node, "reached=")
        for source in product()
        for node in source.nodes
        if isinstance(node, ast.keyword) and node.arg == "reached"
    ]
    need(served, "failpoints that something shipped makes active")
