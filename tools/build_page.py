#!/usr/bin/env python3
"""Build the page: `web/` is typed by tsc, bundled by Vite, and lands in `edge/static`, which is committed.

    build_page.py            bring edge/static up to date; files that stay the same are not touched
    build_page.py --check    say what differs and end with 1 if edge/static is not what web/ says

Needs Node.js with npm; without them the check is skipped and says so.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
STATIC = ROOT / "edge" / "static"
STAMP = WEB / "node_modules" / ".lock-digest"
LEAST_NODE = (20, 19)


def why_not() -> str:
    """Why the page cannot be built on this machine; empty when it can."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "Node.js with npm is not installed"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < LEAST_NODE:
        return f"Node.js {'.'.join(map(str, version))} is older than {'.'.join(map(str, LEAST_NODE))}"
    return ""


def run(*words: str) -> None:
    """One command in `web/`; its complaints are on the terminal already when it ends the program."""
    if subprocess.run(words, cwd=WEB, check=False).returncode != 0:
        sys.exit(f"`{' '.join(words)}` failed in web/: mend what it names and run it again.")


def install() -> None:
    """The packages of the lock, unless they are there."""
    digest = sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if not STAMP.exists() or STAMP.read_text() != digest:
        run("npm", "ci", "--no-progress", "--loglevel=error")
        STAMP.write_text(digest)


def build(into: Path) -> dict[str, bytes]:
    """The files of the page, by name."""
    install()
    run("npx", "--no-install", "tsc", "--noEmit")
    run("npx", "--no-install", "vite", "build", "--logLevel=error", "--emptyOutDir", f"--outDir={into}")
    return contents(into)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_changes(changed: list[str], new: dict[str, bytes]) -> None:
    """Bring edge/static up to date, touching only what differs."""
    STATIC.mkdir(exist_ok=True)
    for name in changed:
        if name in new:
            (STATIC / name).write_bytes(new[name])
        else:
            (STATIC / name).unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 if edge/static is stale")
    options = parser.parse_args()
    if problem := why_not():
        needed = f"{problem}: install Node.js {'.'.join(map(str, LEAST_NODE))} or newer."
        print(
            f"SKIPPED: edge/static was not compared with web/. {needed}" if options.check else needed, file=sys.stderr
        )
        return 0 if options.check else 1
    with tempfile.TemporaryDirectory(prefix="soma-page-") as folder:
        new = build(Path(folder))
    old = contents(STATIC)
    changed = sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))
    if options.check:
        for name in changed:
            print(f"edge/static/{name} is not what web/ says")
        print("edge/static is fresh" if not changed else "Run `.venv/bin/poe page` and commit what it makes.")
        return int(bool(changed))
    write_changes(changed, new)
    print(f"edge/static is up to date: {len(new)} files, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
