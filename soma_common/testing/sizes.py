"""How much a generated test does: little by itself, as much as somebody says for a full run."""

import os


def size(name: str, usual: int) -> int:
    """The number in the variable of this name, or the usual one."""
    return int(os.environ.get(name, usual))
