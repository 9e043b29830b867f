"""Environments of peers, each in its own folder of the cache.

Knows nothing of what a peer does.
"""

from pathlib import Path

from bench.arms.arm import ArmMissingError
from soma_common.testing.environments import EnvironmentMissingError
from soma_common.testing.environments import environment as made


def environment(name: str, *requirements: str) -> Path:
    """The folder of a peer's own environment. Raises ArmMissingError when the requirements cannot be had."""
    try:
        return made(f"bench/{name}", *requirements)
    except EnvironmentMissingError as error:
        raise ArmMissingError(str(error)) from error
