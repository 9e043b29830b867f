"""What is locked and what is shipped."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests.arch.source import PRODUCT, ROOT

HOST = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|\b[\w-]+\.(?:org|com|io|dev|net)/")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_names_no_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert not [line for line in lines if HOST.search(line)]


def test_every_locked_package_has_hashes() -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text())
    assert not [block.splitlines()[0] for block in blocks if PIN.match(block) and "--hash=sha256:" not in block]


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    asked = {normal(match.group()) for group in groups for row in group if (match := re.match(r"[A-Za-z0-9._-]+", row))}
    locked = {normal(name) for name in PIN.findall((ROOT / "requirements.lock").read_text())}
    assert asked - {"somastack"} <= locked


def test_the_wheel_carries_code_contracts_and_data(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    shipped = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert shipped == {*PRODUCT, "soma", "buf"}
    for path in (path for room in PRODUCT for path in (ROOT / room).rglob("*.sql")):
        assert path.relative_to(ROOT).as_posix() in names
    assert {"soma/py.typed", "soma_common/py.typed", "soma/descriptors.binpb", "soma/openapi.json"} <= set(names)
