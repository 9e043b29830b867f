#!/usr/bin/env python3
"""Judge the contracts with buf: rules, form, and whether old readers can still read what new writers send.

What generated code looks like is `generate.py`'s matter. Nothing here needs a network.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUF = Path(sys.executable).parent / "buf"
RELEASED = "proto/released.binpb"


def checks() -> list[tuple[str, list[str]]]:
    """Each check as its title and the words for buf."""
    found = [
        ("rules (STANDARD and COMMENTS)", ["lint"]),
        ("form", ["format", "--diff", "--exit-code", "proto"]),
    ]
    if (ROOT / RELEASED).exists():
        found.append((f"compatible with {RELEASED} (WIRE_JSON)", ["breaking", "proto", "--against", RELEASED]))
    return found


def main() -> int:
    failed = False
    for title, words in checks():
        good = subprocess.run([BUF, *words], cwd=ROOT, check=False).returncode == 0
        print(f"{'ok  ' if good else 'FAIL'} contracts: {title}", flush=True)
        failed |= not good
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
