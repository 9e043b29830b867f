"""Starts and stops the mesh, with everything on and only the limits of a single user out of the way."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.arms.arm import Arm
from bench.load.job import Door
from bench.processes import parent_of
from soma_common.testing.folders import disk_folder
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream

USERS: Final = 16
# A bench is one tenant with few users who do in minutes what others do in weeks.
RAISED: Final[Mapping[str, str]] = {
    "SOMA_MESSAGES_PER_MINUTE": "1000000",
    "SOMA_CONNECTIONS_PER_USER": "20000",
    "SOMA_CONNECTIONS_PER_TENANT": "20000",
    "SOMA_MEMORY_DAILY_WRITES": "0",
    "SOMA_BUDGET_DAY_TOKENS": "1000000000000",
    "SOMA_BUDGET_DAY_MICROS": "1000000000000",
    "SOMA_MODEL_WINDOW": "200000",
    "SOMA_MODEL_MAX_OUTPUT_TOKENS": "4096",
    # No peer names conversations, and a call of a model for each would measure the model: first words name them.
    "SOMA_FEATURE_TITLES": "false",
}


@dataclass(frozen=True, slots=True)
class MeshArm:
    """The running mesh, as an arm and as its fixture."""

    arm: Arm
    mesh: Mesh
    first_start_seconds: float


@contextmanager
def running_mesh(base_url: str, settings: Mapping[str, str] | None = None) -> Iterator[MeshArm]:
    """The mesh in front of an upstream."""
    model = {"SOMA_MODEL_BASE_URL": base_url, "SOMA_MODEL": "scripted"}
    begun = time.monotonic()
    folder = disk_folder("soma-bench-")
    with Mesh(ScriptedUpstream(), {**RAISED, **model, **(settings or {})}, folder=folder) as mesh:
        seconds = time.monotonic() - begun
        tokens = tuple(mesh.token_for(f"bench-{number}", ttl_seconds=6 * 3600) for number in range(USERS))
        edge = mesh.status()["edge"].pid
        assert edge is not None, "the edge has no process"
        doors = {Door.SOCKET: mesh.socket_url, Door.OPENAI: mesh.openai_url}
        yield MeshArm(Arm("mesh", "mesh", doors, tokens, (parent_of(edge),)), mesh, seconds)
