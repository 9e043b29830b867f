"""Packs a published table of byte pairs into the package: `build_token_tables.py NAME FILE`.

The file is given by hand and checked by its SHA-256; nothing is fetched.
"""

import sys
from pathlib import Path

from soma_common.tokens.tables import SOURCES, pack

TABLES = Path(__file__).parent.parent / "soma_common" / "tokens" / "tables"


def main(arguments: list[str]) -> int:
    """Check, pack, write. Returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in SOURCES:
        sys.stderr.write(f"Usage: build_token_tables.py {'|'.join(SOURCES)} FILE.tiktoken\n")
        return 2
    name, source = arguments
    packed = pack(name, Path(source).read_bytes())
    target = TABLES / f"{name}.xz"
    target.write_bytes(packed)
    sys.stdout.write(f"{target.name}: {len(packed)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
