"""Every property that the backbone promises has a test by its number, and no test carries a number that nothing has."""

import re

from tests.arch.source import functions, need, sources

# The number of a property, and what it says.
PROPERTIES = {
    "8.2.3": "an event has all of its fields",
    "8.3.2": "a change and its events are there together, or none of them is",
    "8.3.3": "the order of a key is kept",
    "8.4.3": "compensations run in reverse order",
    "8.4.4": "a saga goes on after a restart",
    "8.7.3": "a line of the log has its form",
    "8.8.2": "a replay has each effect once",
    "8.9.2": "a dead letter has all of its event",
    "9.3.1": "ports lie in their ranges",
    "9.3.2": "shared servers are found by the environment",
}
NAME = re.compile(r"test_prop_(\d+)_(\d+)_(\d+)_[a-z]")


def by_number() -> dict[str, list[str]]:
    """The tests of each number, in files that Hypothesis drives."""
    found: dict[str, list[str]] = {}
    for source in sources("tests"):
        for function in functions(source):
            match = NAME.match(function.name)
            if match:
                assert "hypothesis" in source.text, source.at(function, "is no property")
                found.setdefault(".".join(match.groups()), []).append(function.name)
    return found


def test_every_property_has_a_test_by_its_number() -> None:
    found = by_number()
    need(
        [f"{number}: {says}" for number, says in PROPERTIES.items() if number not in found], "properties without a test"
    )
    need(sorted(found.keys() - PROPERTIES.keys()), "numbers of no property")
