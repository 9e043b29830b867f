"""How much memory this process holds, for tests of what an attack may cost.

Nothing here knows an attack.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def resident_bytes() -> int:
    """The resident set of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growing_less_than(most_bytes: int) -> Iterator[None]:
    """What happens inside may not cost more memory than that, also while it happens as far as the block ends in it."""
    gc.collect()
    before = resident_bytes()
    yield
    grown = resident_bytes() - before
    assert grown < most_bytes, f"{grown / 2**20:.1f} MiB more"
