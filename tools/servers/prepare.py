#!/usr/bin/env python3
"""Bring real servers for tests: `prepare.py [NAME …]`, all that have a recipe beside this file when none is named.

A recipe is a TOML file: what to install, by which hashes, and which file of it is the program. A server is kept in
`$XDG_CACHE_HOME/somastack/servers/<name>/`, where the fixtures find its `program`. Safe to repeat.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

RECIPES = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "somastack" / "servers"
UV = Path(sys.executable).parent / "uv"
STAMP = "prepared"


def main(names: list[str]) -> int:
    """Prepare each; ends with 1 when one has no recipe or could not be had."""
    known = sorted(path.stem for path in RECIPES.glob("*.toml"))
    unknown = [name for name in names if name not in known]
    if unknown:
        say(f"There is no recipe for {', '.join(unknown)}. There are recipes for: {', '.join(known)}.")
        return 1
    return max([prepare(name) for name in names or known], default=0)


def prepare(name: str) -> int:
    """Bring one server, unless what its recipe says is there already."""
    recipe_file = RECIPES / f"{name}.toml"
    wanted = hashlib.sha256(recipe_file.read_bytes()).hexdigest()
    folder = CACHE / name
    if (folder / STAMP).is_file() and (folder / STAMP).read_text() == wanted:
        say(f"{name} is there: {folder}")
        return 0
    recipe = tomllib.loads(recipe_file.read_text("utf-8"))
    say(f"{name}: installing {recipe['requirement']} …")
    begun = time.monotonic()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f".{name}-") as temporary:
        made = Path(temporary) / "server"
        if (code := install(recipe, made, Path(temporary) / "requirements.txt")) != 0:
            say(f"{name} could not be installed; the message is above.")
            return code
        (made / "program").symlink_to(recipe["program"])
        (made / STAMP).write_text(wanted)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    say(f"{name} is there after {time.monotonic() - begun:.0f} s: {folder}")
    return 0


def install(recipe: dict[str, object], target: Path, requirements: Path) -> int:
    """Install what the recipe names into a folder of its own, by hash; gives the exit code."""
    hashes = recipe["hashes"]
    assert isinstance(hashes, list)
    requirements.write_text(" ".join((str(recipe["requirement"]), *(f"--hash={digest}" for digest in hashes))))
    where = ("--target", str(target), "-r", str(requirements))
    command = [str(UV), "pip", "install", "--quiet", "--require-hashes", "--no-deps", *where]
    return subprocess.run(command, check=False).returncode


def say(sentence: str) -> None:
    """Progress for a person."""
    sys.stderr.write(f"servers: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
