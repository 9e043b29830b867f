"""Ports of the shapes: nobody binds another's, and the platforms keep to their own numbers."""

import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config.ports import PortTable, read_ports

PROFILES = Path(config.__file__).parent / "profiles"
PLATFORMS = {
    "edge": "agent",
    "chat": "agent",
    "governor": "agent",
    "control": "agent",
    "cognitive": "brain",
    "memory": "memory",
    "voice": "voice",
}
shapes = pytest.mark.parametrize(
    ("name", "aaas"), [("standalone", False), ("standalone", True), ("somastack", False), ("k8s", False)]
)
HIGHEST_PORT = 65535


def table(name: str, aaas: bool) -> PortTable:
    return read_ports(tomllib.loads((PROFILES / f"{name}.toml").read_text()), aaas=aaas)


def workers_of(name: str, aaas: bool, asked: dict[str, int]) -> dict[str, int]:
    """Several workers share a host in the standalone shape only; elsewhere each has an address of its own."""
    return {**asked, "edge": 1} if name == "standalone" and not aaas else {}


@shapes
@given(workers=st.dictionaries(st.sampled_from(sorted(PLATFORMS)), st.integers(1, 3)), shift=st.integers(0, 500))
def test_prop_9_3_1_port_ranges(name: str, aaas: bool, workers: dict[str, int], shift: int) -> None:
    ports = table(name, aaas)
    known = workers_of(name, aaas, workers)
    bound = list(ports.bound(known, shift))
    numbers = [port for _, port in bound]
    assert len(numbers) == len(set(numbers)), "two components bind the same port"
    for service, port in bound:
        allowed = ports.ranges["aaas" if aaas else PLATFORMS[service]]
        assert any(low <= port - shift <= high for low, high in allowed), (
            f"{service} binds {port}, outside its platform"
        )
        assert 0 < port <= HIGHEST_PORT


@pytest.mark.parametrize("name", ["standalone", "somastack", "k8s"])
def test_prop_9_3_1_platform_ranges_are_disjoint(name: str) -> None:
    ranges = table(name, aaas=False).ranges
    for (one, ours), (other, theirs) in combinations(ranges.items(), 2):
        clashes = [(mine, its) for mine in ours for its in theirs if mine[0] <= its[1] and its[0] <= mine[1]]
        assert not clashes, f"{one} and {other} share {clashes}"


@shapes
def test_every_service_of_a_shape_has_a_platform(name: str, aaas: bool) -> None:
    assert set(table(name, aaas).services) <= set(PLATFORMS)
