"""The embedded server as a program for tests: it never waits for a disk.

A killed server still comes back with all it acknowledged; only a loss of power would take something away.
"""

import sys
from pathlib import Path
from typing import Final

from soma_common.postgres.embedded import EmbeddedPostgres

HASTY: Final = {"fsync": "off", "full_page_writes": "off", "wal_compression": "off", "max_wal_size": "256MB"}

if __name__ == "__main__":
    EmbeddedPostgres(Path(sys.argv[1]), HASTY).launch()
